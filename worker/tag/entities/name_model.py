"""Load the trained models of names that the package contains, each once."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.crf import Recogniser

ModelPath = Literal["fast", "thorough"]


class EntityModel:
    """One trained model of names: the recogniser and the gazetteer's aliases of places."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.version = str(arrays["version"])
        self.recogniser = Recogniser(arrays)
        aliases, names = unpack_strings(arrays["aliases"]), unpack_strings(arrays["places"])
        self.place_aliases = dict(zip(aliases, names, strict=True))
        self.common = unpack_strings(arrays["common"])

    def warm(self) -> None:
        """Compute the label scores of the commonest words now.

        Processes that are forked from this one then share the memory of the scores.
        """
        self.recogniser.precompute(self.common)


def pack_strings(strings: Iterable[str]) -> NDArray[np.uint8]:
    """Pack strings without line breaks into one array of bytes for a model file.

    numpy's own format for strings would pad each to the length of the longest.
    """
    return np.frombuffer("\n".join(strings).encode(), np.uint8)


def unpack_strings(array: NDArray[np.uint8]) -> list[str]:
    """Return the strings that pack_strings() packed into this array of a model file."""
    return array.tobytes().decode().split("\n")


@cache
def shipped(path: ModelPath = "fast") -> EntityModel:
    """The model of names in the package: the fast one or the thorough one. It is loaded once."""
    name = "entities.npz" if path == "fast" else "entities-thorough.npz"
    with (files("worker.tag") / "data" / name).open("rb") as file:
        return EntityModel(dict(np.load(file)))
