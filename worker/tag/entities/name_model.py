"""Load the trained models that find names, from the package; each only once.

For English there are two: one is fast, the other slower and more accurate. Each other language of
MODEL_LANGUAGES has one.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.crf import Recogniser

ModelPath = Literal["fast", "thorough"]
ENGLISH = "en"
MODEL_LANGUAGES = (ENGLISH, "de", "fr", "es", "pt", "it")


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


def shipped(path: ModelPath = "fast", language: str = ENGLISH) -> EntityModel:
    """Load the model of names in this package for a language, once in each process.

    English has two: "thorough" is more accurate than "fast", but takes some milliseconds longer for
    an article. A language that has no model of its own gets the English one.
    """
    if language in MODEL_LANGUAGES and language != ENGLISH:
        return _loaded(f"entities-{language}.npz")
    return _loaded("entities.npz" if path == "fast" else "entities-thorough.npz")


@cache
def _loaded(name: str) -> EntityModel:
    with (files("worker.tag") / "data" / name).open("rb") as file:
        return EntityModel(dict(np.load(file)))
