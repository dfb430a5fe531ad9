"""Look up strings by their CRC-32, so that model files need not contain the strings."""

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

ModelArrays = Mapping[str, NDArray[Any]]
RowIndexes = NDArray[np.int64]
HashedKeys = Sequence[int] | NDArray[np.uint32]

_MAX_SUFFIX_BYTES = 100  # no word of a model is longer


def crc(word: str) -> int:
    """The CRC-32 of a string in UTF-8; lone surrogates are allowed."""
    return crc32(word.encode("utf-8", "surrogatepass"))


class KeyTable:
    """Finds the row of a key (a CRC-32) in a table of a model, whose rows are sorted by key.

    The table has one more row at its end, for keys that it lacks.
    """

    def __init__(self, keys: NDArray[np.uint32]) -> None:
        self._keys = np.append(keys, np.uint32(2**32 - 1))

    def row(self, key: int) -> int:
        """The row of one key; -1 (the last row) if the table lacks it."""
        row = int(self._keys.searchsorted(np.uint32(key)))
        return row if self._keys[row] == key else -1

    def rows(self, keys: HashedKeys) -> RowIndexes:
        """The rows of these keys; -1 (the last row) for keys that the table lacks."""
        keys = np.array(keys, np.uint32)
        rows = self._keys.searchsorted(keys)
        rows[self._keys.take(rows) != keys] = -1
        return rows


class FeatureSuffixes:
    """The ends of feature names (words or parts of words), as CRC-32 and length in bytes.

    FeaturePrefixes computes from them the keys of whole feature names.
    """

    def __init__(self, suffixes: Sequence[str]) -> None:
        encoded = "\n".join(suffixes).encode().split(b"\n")
        self.keys = np.array([*map(crc32, encoded)], np.uint32)
        self.lengths = np.array([*map(len, encoded)])


class FeaturePrefixes:
    """Computes the keys of feature names that combine one of a few prefixes with any suffix.

    A CRC is linear: a prefix changes the CRC of a suffix by a number that depends only on the
    length of the suffix. So the key of a name is one table look-up away from the key of its suffix.
    """

    def __init__(self, prefixes: Sequence[str]) -> None:
        zeros = [bytes(length) for length in range(_MAX_SUFFIX_BYTES + 1)]
        changes = [[crc32(z, crc32(p.encode())) ^ crc32(z) for z in zeros] for p in prefixes]
        self._changes = np.array(changes, np.uint32)

    def keys(self, suffixes: FeatureSuffixes) -> NDArray[np.uint32]:
        """The keys (CRC-32) of all combinations of a prefix and a suffix: prefixes x suffixes."""
        changes = self._changes.take(suffixes.lengths, 1, mode="clip")
        keys: NDArray[np.uint32] = changes ^ suffixes.keys
        return keys
