"""Split texts into the words that the topic model reads, and find the rows of its tables for them.

The rows of the words of each piece between white space are remembered. So texts that were split
into pieces for the search of names are not split again.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.tag.tokens import Tokens, pieces_of

WordRows = NDArray[np.int64]

MOST_WORDS = 800  # of an article that are used; further words rarely change the class
_TITLE_REPEATS = 3  # how often each word of the title is counted
_MAX_CACHED_PIECES = 50_000  # at this size the memory is emptied
_ROW_BYTES = 8
_MAX_CHARS = 12 * MOST_WORDS  # contain about MOST_WORDS words
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_ENDS_INSIDE_WORD = re.compile(
    r"[^\W\d_]['’]?\Z"
)  # matches the characters before an offset inside a word


class TopicWords(NamedTuple):
    """The words of a text as the topic model reads them: `rows` has the row of each in the tables
    of the model, or -1, and `word_at` returns the word at an index of `rows`."""

    rows: WordRows
    word_at: Callable[[int], str]


def words(text: str) -> list[str]:
    """Split a text into the words that the topic model reads: the first 800, in lowercase.

    A genitive "'s" is cut off. The first line is the title; its words are repeated, so that they
    count more.
    """
    title, _, rest = text[:_MAX_CHARS].partition("\n")
    return (_words_of(title) * _TITLE_REPEATS + _words_of(rest))[:MOST_WORDS]


def _words_of(text: str) -> list[str]:
    return [_without_genitive(word) for word in _WORD.findall(_lower(text))]


def first_occurrences(text: str, words: set[str]) -> dict[str, tuple[int, int]]:
    """Find where each of some words first occurs in a text.

    `words` are as words() returns them: in lowercase and without a genitive "'s". Returns a dict of
    word -> characters [start, end), in reading order; words that the text lacks are left out.
    """
    lowered = _lower(text)
    starts = ((_first_offset(word, lowered), word) for word in words)
    return {word: (start, start + len(word)) for start, word in sorted(starts) if start >= 0}


def _first_offset(word: str, lowered: str) -> int:
    """The offset at which a word first occurs as a complete word; -1 if it does not occur."""
    start = lowered.find(word)
    while start >= 0:
        inside = _ENDS_INSIDE_WORD.search(lowered, max(0, start - 2), start)
        match = None if inside else _WORD.match(lowered, start)
        if match and _without_genitive(match[0]) == word:
            return start
        start = lowered.find(word, start + 1)
    return -1


def _lower(text: str) -> str:
    """Lowercase a text without changing offsets.

    İ is replaced first: it is the only letter that lowercasing lengthens.
    """
    return text.replace("İ", "I").lower()


def _without_genitive(word: str) -> str:
    return word[:-2] if word[-2:] in ("'s", "’s") else word


class WordsOfPieces(dict[str, bytes]):
    """Finds the words of texts in the tables of the topic model, and remembers them for later
    texts.

    `row_of` maps a word to its row in the tables, -1 if the model lacks it. As a dict, it maps a
    piece of text between white space to the rows of the words in it, as bytes.
    """

    def __init__(self, row_of: Mapping[str, int]) -> None:
        self._row_of = row_of

    def learn(self, texts: Iterable[Tokens], look_up: Callable[[Sequence[str]], None]) -> None:
        """Remember the pieces of several texts at once, which takes less time than one by one.

        `look_up` is called with the words that `row_of` does not have yet, and may enter them.
        """
        pieces = set[str]().union(*(tokens.pieces for tokens in texts))
        new = {piece: _words_of(piece) for piece in pieces if piece not in self}
        words = {word for of_piece in new.values() for word in of_piece}
        look_up([word for word in words if word not in self._row_of])
        self.update((piece, self._packed(of_piece)) for piece, of_piece in new.items())

    def read(self, tokens: Tokens) -> TopicWords:
        """Return the words of a text, the same as the function words() does, each with its row
        in the tables of the topic model."""
        text, pieces = tokens.text, tokens.pieces
        if len(text) > _MAX_CHARS:
            pieces = pieces_of(text := text[:_MAX_CHARS])
        title = pieces[: len(pieces_of(text.partition("\n")[0]))]
        pieces = title * (_TITLE_REPEATS - 1) + pieces
        if len(self) > _MAX_CACHED_PIECES:
            self.clear()
        packed = [*map(self.__getitem__, pieces)]
        rows = np.frombuffer(b"".join(packed), np.int64)[:MOST_WORDS]
        ends: list[int] = []  # in bytes, by piece

        def word_at(index: int) -> str:
            if not ends:
                ends.extend(accumulate(map(len, packed)))
            at = bisect_right(ends, index * _ROW_BYTES)
            # Negative: the last word of a piece is -1.
            return _words_of(pieces[at])[index - ends[at] // _ROW_BYTES]

        return TopicWords(rows, word_at)

    def __missing__(self, piece: str) -> bytes:
        self[piece] = packed = self._packed(_words_of(piece))
        return packed

    def _packed(self, words: Iterable[str]) -> bytes:
        return array("q", [self._row_of[word] for word in words]).tobytes()
