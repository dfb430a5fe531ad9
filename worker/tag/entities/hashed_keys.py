"""Keys: strings are known by the CRC of their letters, and what is known of them by those."""

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
Rows = NDArray[np.int64]
Wanted = Sequence[int] | NDArray[np.uint32]

_LONGEST = 100  # bytes: no model has a word this long


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

    def rows(self, wanted: Wanted) -> Rows:
        """-1 for those that are unknown."""
        sought = np.array(wanted, np.uint32)
        at = self._keys.searchsorted(sought)
        at[self._keys.take(at) != sought] = -1
        return at


class Ends:
    """What names of features end with, words or parts of them, each as its own CRC and length."""

    def __init__(self, ends: Sequence[str]) -> None:
        letters = "\n".join(ends).encode().split(b"\n")
        self.keys = np.array([*map(crc32, letters)], np.uint32)
        self.lengths = np.array([*map(len, letters)])


class Begun:
    """Names of features that begin in a few ways, with any ends.

    A CRC is linear: what goes before changes it by a number that depends only on how many bytes
    follow. So the key of each name is one table look-up away from that of its end.
    """

    def __init__(self, beginnings: Sequence[str]) -> None:
        ends = [bytes(length) for length in range(_LONGEST + 1)]
        changes = [[crc32(e, crc32(b.encode())) ^ crc32(e) for e in ends] for b in beginnings]
        self._changes = np.array(changes, np.uint32)

    def keys(self, ends: Ends) -> NDArray[np.uint32]:
        """By beginning and end."""
        keys: NDArray[np.uint32] = self._changes.take(ends.lengths, 1, mode="clip") ^ ends.keys
        return keys
