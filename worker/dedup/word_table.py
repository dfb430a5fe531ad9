"""Give each word that occurs in texts a number. By these numbers, the hashes and classes of all
words of a text are looked up at once in arrays, which is faster than one by one."""

from collections.abc import Callable, Sequence
from itertools import cycle
from operator import mul
from threading import Lock

import numpy as np
from numpy.typing import NDArray

WordIds = NDArray[np.intp]

MASK_64 = (1 << 64) - 1
# Odd 64-bit constants of xxHash64's avalanche step (Y. Collet, xxHash specification).
MIX_1, MIX_2 = 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
POWER_COUNT = 1024
POWERS = [pow(0x9E3779B185EBCA87, i, 1 << 64) for i in range(POWER_COUNT)]
MOST_WORDS = 1 << 15  # some 5 MB: nearly all words of a text have occurred before
MOST_CHARS = 1 << 20  # of all words together; a text may have one very long word


class WordTable(dict[str, int]):
    """The words that occurred in texts lately: a dict from each word to its number, its id.

    Looking up an unknown word adds it. `words` has the words by id, and `hashes_by_id` their 64-bit
    hashes.
    """

    def __init__(self, former: "WordTable | None" = None) -> None:
        """`former` is the table before this one; hashes of its words need not be computed again."""
        super().__init__()
        self.words: list[str] = []
        self.hashes_by_id = np.empty(MOST_WORDS, np.uint64)
        self._chars = 0
        self._former = former
        self._lock = Lock()

    def __missing__(self, word: str) -> int:
        with self._lock:  # two threads must not give two words the same id
            if (known := self.get(word)) is not None:
                return known
            word_id = len(self.words)
            if word_id == len(self.hashes_by_id):
                self.hashes_by_id = np.concatenate(
                    (self.hashes_by_id, np.empty_like(self.hashes_by_id))
                )
            self.hashes_by_id[word_id] = self._hash_of(word)
            self._chars += len(word)
            self.words.append(word)
            self[word] = word_id
            return word_id

    def _hash_of(self, word: str) -> int:
        if self._former and (former := self._former.get(word)) is not None:
            return int(self._former.hashes_by_id[former])
        return hash_of(word)

    @property
    def is_full(self) -> bool:
        """Whether the next text should get a new table, so that memory stays bounded."""
        return len(self.words) > MOST_WORDS or self._chars > MOST_CHARS

    def ids(self, words: Sequence[str]) -> WordIds:
        """Return the id of each word."""
        return np.fromiter(map(self.__getitem__, words), np.intp, len(words))

    def hashes(self, ids: WordIds) -> NDArray[np.uint64]:
        """Return the hash of each word by its id. It depends on the word alone."""
        found: NDArray[np.uint64] = self.hashes_by_id[ids]
        return found

    def renewed(self) -> "WordTable":
        """Return a new, empty table for the time when this one is full. For words that this one
        has, it takes their hashes from here and need not compute them."""
        self._former = None
        return WordTable(self)


class WordClass:
    """A class of words, such as content words, that answers quickly which words of a text belong to
    it.

    `includes` is the function that decides about a word. It is called once for each word of a table
    of words, and the answer is kept.
    """

    def __init__(self, includes: Callable[[str], bool]) -> None:
        self._includes = includes
        self._known: tuple[WordTable | None, NDArray[np.bool_]] = (None, np.zeros(0, bool))

    def mask(self, table: WordTable, ids: WordIds) -> NDArray[np.bool_]:
        """Return an array that is True for the words of this class; they are given by their ids in
        a table."""
        last, known = self._known
        if last is not table:
            known = known[:0]
        if added := table.words[len(known) :]:
            known = np.concatenate((known, np.array([*map(self._includes, added)], bool)))
            self._known = table, known
        mask: NDArray[np.bool_] = known[ids]
        return mask


def hash_of(word: str) -> int:
    """Return the 64-bit polynomial hash of the code points of a word, which is the same on every
    machine and in every process."""
    h: int = sum(map(mul, map(ord, word), cycle(POWERS))) & MASK_64
    h = (h ^ h >> 33) * MIX_1 & MASK_64
    h = (h ^ h >> 29) * MIX_2 & MASK_64
    return h ^ h >> 32
