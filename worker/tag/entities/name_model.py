"""The model of names that ships in the package, loaded once."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.crf import Recogniser

ModelPath = Literal["fast", "thorough"]


class EntityModel:
    """The recogniser and the aliases of places, as one file has them."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.version = str(arrays["version"])
        self.recogniser = Recogniser(arrays)
        aliases, places = unpacked(arrays["aliases"]), unpacked(arrays["places"])
        self.places = dict(zip(aliases, places, strict=True))
        self.common = unpacked(arrays["common"])

    def warm(self) -> None:
        """Look at the commonest words once, so that processes forked from this one share them."""
        self.recogniser.learn(self.common)


def packed(strings: Iterable[str]) -> NDArray[np.uint8]:
    """Strings as a model file has them: numpy's own would each take the room of the longest."""
    return np.frombuffer("\n".join(strings).encode(), np.uint8)


def unpacked(array: NDArray[np.uint8]) -> list[str]:
    return array.tobytes().decode().split("\n")


@cache
def shipped(path: ModelPath = "fast") -> EntityModel:
    """The model in the package for this path."""
    name = "entities.npz" if path == "fast" else "entities-thorough.npz"
    with (files("worker.tag") / "data" / name).open("rb") as file:
        return EntityModel(dict(np.load(file)))
