"""Load the two trained models that find names, from the package; each only once.

One is fast, the other slower and more accurate.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.crf import Recogniser

ModelPath = Literal["fast", "thorough"]


class EntityModel:
    """One trained model that finds the names of people, organisations and places in texts, as
    loaded from its file.

    `recogniser` does the search. `place_aliases` maps other names of a place to the usual one (Kiev
    to Kyiv). `common` lists the commonest words; warm() scores them before the worker forks, so
    that its processes share these scores.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.version = str(arrays["version"])
        self.recogniser = Recogniser(arrays)
        aliases, names = unpack_strings(arrays["aliases"]), unpack_strings(arrays["places"])
        self.place_aliases = dict(zip(aliases, names, strict=True))
        self.common = unpack_strings(arrays["common"])

    def warm(self) -> None:
        """Compute the scores that the commonest words have for each label (person, no name …), and
        keep them.

        It is called before a worker forks, so that all its processes share the memory of the
        scores.
        """
        self.recogniser.precompute(self.common)


def pack_strings(strings: Iterable[str]) -> NDArray[np.uint8]:
    """Pack strings into one array of bytes for a model file; none of them may have a line break.

    numpy's own format for strings would pad each to the length of the longest.
    """
    return np.frombuffer("\n".join(strings).encode(), np.uint8)


def unpack_strings(array: NDArray[np.uint8]) -> list[str]:
    """Return the strings that pack_strings() packed into this array of a model file."""
    return array.tobytes().decode().split("\n")


@cache
def shipped(path: ModelPath = "fast") -> EntityModel:
    """Load one of the two models of names in this package, once in each process.

    "thorough" is more accurate than "fast", but takes some milliseconds longer for an article.
    """
    name = "entities.npz" if path == "fast" else "entities-thorough.npz"
    with (files("worker.tag") / "data" / name).open("rb") as file:
        return EntityModel(dict(np.load(file)))
