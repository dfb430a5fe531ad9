"""The lexicon: words come in, what is known of them goes out. No strings are kept: a word is found
by the CRC of its spelling."""

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.features import Entry

Arrays = Mapping[str, NDArray[Any]]
Rows = NDArray[np.int64]


def crc(word: str) -> int:
    """Of any string, even one that no encoding has."""
    return crc32(word.encode("utf-8", "surrogatepass"))


class Keys:
    """Ascending keys, by which rows of a table are found; the last row is of what is unknown."""

    def __init__(self, keys: NDArray[np.uint32]) -> None:
        self._keys = np.append(keys, np.uint32(2**32 - 1))

    def row(self, wanted: int) -> int:
        """Of one alone."""
        at = int(self._keys.searchsorted(np.uint32(wanted)))
        return at if self._keys[at] == wanted else -1

    def rows(self, wanted: Sequence[int]) -> Rows:
        """-1 for those that are unknown."""
        sought = np.array(wanted, np.uint32)
        at = self._keys.searchsorted(sought)
        at[self._keys.take(at) != sought] = -1
        return at


class Lexicon:
    """What is known of words, each fact as a number from 0 on; what is unknown comes last."""

    def __init__(self, arrays: Arrays) -> None:
        self._words = Keys(arrays["words"])
        self._forms = Keys(arrays["known"])
        self.groups = [*(tuple(str(s).split()) for s in arrays["group_sets"]), ()]
        self.known = [*(str(s) for s in arrays["known_names"]), ""]
        facts = [arrays[name].astype(np.int64) for name in ("clusters", "groups", "lower")]
        self._facts = np.pad(np.array(facts), ((0, 0), (0, 1)), constant_values=-1)
        self._known_as = np.append(arrays["known_as"].astype(np.int64), -1)
        self.clusters = int(facts[0].max()) + 1

    def about(self, words: Sequence[str]) -> tuple[Rows, Rows, Rows, Rows]:
        """Cluster, set of groups, share of small letters, what a form mostly was; -1: unknown."""
        at = self._words.rows([crc(word.lower()) for word in words])
        clusters, groups, lower = self._facts.take(at, 1, mode="wrap")
        return clusters, groups, lower, self._known_as[self._forms.rows([crc(w) for w in words])]

    def lower(self, word: str) -> int:
        """How often a word is written small, in quarters; -1 when unknown."""
        return int(self._facts[2, self._words.row(crc(word.lower()))])

    def entry(self, word: str) -> Entry:
        cluster, groups, lower, known = (int(fact[0]) for fact in self.about([word]))
        return Entry(cluster, self.groups[groups], lower, self.known[known])
