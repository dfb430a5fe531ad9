"""Look up strings in the tables of a trained model by a hash, the CRC-32 of each string.

The tables have these numbers in place of the strings, so a model file need not contain the
strings.
"""

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
    """Return the CRC-32 of a string in UTF-8, by which the tables of a model are searched. Lone
    surrogates are allowed."""
    return crc32(word.encode("utf-8", "surrogatepass"))


class KeyTable:
    """Finds the row of a table that belongs to a string, by the string's CRC-32, which is called
    its key.

    `keys` are the keys of the table's rows, ascending. The row of an unknown string is -1, which as
    an index means the last row. So each table must have one row more, for unknown strings.
    """

    def __init__(self, keys: NDArray[np.uint32]) -> None:
        self._keys = np.append(keys, np.uint32(2**32 - 1))

    def row(self, key: int) -> int:
        """Return in which row of the table a string stands; `key` is the CRC-32 of the string.

        The result is -1 for a string that the table lacks. As an index, -1 means the last row,
        which has the values for such strings.
        """
        row = int(self._keys.searchsorted(np.uint32(key)))
        return row if self._keys[row] == key else -1

    def rows(self, keys: HashedKeys) -> RowIndexes:
        """Return in which row of the table each string stands; `keys` are the CRC-32 of the
        strings.

        The result is -1 for a string that the table lacks. As an index, -1 means the last row,
        which has the values for such strings.
        """
        keys = np.array(keys, np.uint32)
        rows = self._keys.searchsorted(keys)
        rows[self._keys.take(rows) != keys] = -1
        return rows


class FeatureSuffixes:
    """The endings of many feature names, prepared to compute the hashes (CRC-32) of the names
    quickly.

    A feature is a fact about a word, by which a model finds names; "3=iev" says that the last three
    letters are "iev", and "iev" is its ending. `keys` has the CRC-32 of each ending, and `lengths`
    its number of bytes.
    """

    def __init__(self, suffixes: Sequence[str]) -> None:
        encoded = "\n".join(suffixes).encode().split(b"\n")
        self.keys = np.array([*map(crc32, encoded)], np.uint32)
        self.lengths = np.array([*map(len, encoded)])


class FeaturePrefixes:
    """Computes the hashes (CRC-32) by which a model looks up its features, for many features at
    once.

    The name of a feature, such as "3=iev", consists of a prefix ("3=") and an ending. The object is
    made of some prefixes, and its method `keys` combines each of them with any endings, which is
    faster than joining strings.
    """

    def __init__(self, prefixes: Sequence[str]) -> None:
        zeros = [bytes(length) for length in range(_MAX_SUFFIX_BYTES + 1)]
        changes = [[crc32(z, crc32(p.encode())) ^ crc32(z) for z in zeros] for p in prefixes]
        self._changes = np.array(changes, np.uint32)

    def keys(self, suffixes: FeatureSuffixes) -> NDArray[np.uint32]:
        """Return the CRC-32 of each prefix joined with each of these endings, as an array with one
        row per prefix and one column per ending."""
        changes = self._changes.take(suffixes.lengths, 1, mode="clip")
        keys: NDArray[np.uint32] = changes ^ suffixes.keys
        return keys
