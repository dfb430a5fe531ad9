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


def find(keys: NDArray[Any], wanted: Sequence[int]) -> Rows:
    """Where each of these is among ascending keys; -1 for those that are not."""
    sought = np.array(wanted, np.uint32)
    at = np.minimum(keys.searchsorted(sought), len(keys) - 1)
    at[keys[at] != sought] = -1
    return at


class Lexicon:
    """What is known of words, each fact as a number from 0 on; what is unknown comes last."""

    def __init__(self, arrays: Arrays) -> None:
        self._words = arrays["words"]
        self._forms = arrays["known"]
        self.groups = [*(tuple(str(s).split()) for s in arrays["group_sets"]), ()]
        self.known = [*(str(s) for s in arrays["known_names"]), ""]
        self._cluster_of = np.append(arrays["clusters"].astype(np.int64), -1)
        self._group_of = np.append(arrays["groups"].astype(np.int64), -1)
        self._lower_of = np.append(arrays["lower"].astype(np.int64), -1)
        self._known_of = np.append(arrays["known_as"].astype(np.int64), -1)
        self.clusters = int(self._cluster_of.max()) + 1

    def about(self, words: Sequence[str]) -> tuple[Rows, Rows, Rows, Rows]:
        """Cluster, set of groups, share of small letters, what a form mostly was; -1: unknown."""
        at = find(self._words, [crc(word.lower()) for word in words])
        known = self._known_of[find(self._forms, [crc(word) for word in words])]
        return self._cluster_of[at], self._group_of[at], self._lower_of[at], known

    def entry(self, word: str) -> Entry:
        cluster, groups, lower, known = (int(fact[0]) for fact in self.about([word]))
        return Entry(cluster, self.groups[groups], lower, self.known[known])
