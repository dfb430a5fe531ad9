"""Text to tokens as the training corpora have them: "'s" apart, "Mr." and "U.S." in one piece.

No token holds white space, so a text is split at that first, and what stands between is looked up:
most of it was seen before. From there on a token is a number, and a text an array of them.
"""

import re
from array import array
from collections.abc import Iterable, Sequence
from functools import cached_property
from sys import byteorder
from threading import RLock

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

LINE_END = ""  # a token without letters, at the end of each line: number 0

_ABBREVIATED = "Mr Mrs Ms Dr Gen Sen Rep Gov Lt Col Sgt Capt Prof Rev St Jr Sr Inc Corp Co Ltd"
_TOKEN = re.compile(
    r"(?:[^\W\d_]\.){2,}"  # U.S., e.g.
    rf"|(?:{'|'.join(_ABBREVIATED.split())})\."
    r"|[A-Z]\.(?= )"  # an initial
    r"|['’]s\b"
    r"|[^\W_]+(?:[-&.’'](?!s\b)[^\W_]+)*"
    r"|[^\w\s]"
)
_MARKS = frozenset(',.;:?!)"”')  # that mostly stand behind a word
_KEEP_DOT = frozenset(_ABBREVIATED.split())
_ENDS = frozenset((*".?!", LINE_END))
_BREAK = "\0"  # between lines while a text is split; in a text it is blank
_BLANK = frozenset(("_", _BREAK))
_LETTER = np.array([not (c.isspace() or c in _BLANK) for c in map(chr, range(0x10000))])
_WIDTH = 8  # bytes of a number
_PIECES = 150_000  # that are known at a time, words among them: beyond that it starts anew


class Vocabulary(dict[str, bytes]):
    """The words read lately, by number, and the numbers of what stands between white space."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._lengths = array("q")
        self[_BREAK] = self._add(LINE_END)

    def number(self, word: str) -> int:
        """That of a word, which is known from now on; -1 of what is not one word."""
        packed = self[word]
        return int.from_bytes(packed, byteorder) if len(packed) == _WIDTH else -1

    def read(self, text: str) -> Numbers:
        """The tokens of a text."""
        # A comma is always a token: apart from its word, there are a fifth fewer pieces to know.
        lines = text.replace(_BREAK, " ").replace(",", " , ").splitlines()
        pieces = f" {_BREAK} ".join([*lines, ""]).split()
        return np.frombuffer(b"".join(map(self.__getitem__, pieces)), np.int64)

    def lengths(self, numbers: Numbers) -> Numbers:
        return np.frombuffer(self._lengths, np.int64).take(numbers)

    def __missing__(self, piece: str) -> bytes:
        if piece.isalpha():
            return self._add(piece)
        words = _split(piece)
        if len(words) == 1 and words[0] == piece:
            return self._add(piece)
        self[piece] = found = b"".join(map(self.__getitem__, words))
        return found

    def _add(self, word: str) -> bytes:
        self[word] = found = len(self.words).to_bytes(_WIDTH, byteorder)
        self.words.append(word)
        self._lengths.append(len(word))
        return found


_lately = Vocabulary()
# Of threads: what is kept by number, here and elsewhere, grows while it is read.
ONE_AT_A_TIME = RLock()


def _vocabulary() -> Vocabulary:
    """The one in use; who keeps something by number does so as long as it is the same."""
    if len(_lately) > _PIECES:
        start_anew()
    return _lately


def start_anew() -> None:
    """Forget all words."""
    global _lately
    _lately = Vocabulary()


def _split(piece: str) -> Sequence[str]:
    """The tokens of what holds no white space and more than a plain word."""
    word, mark = piece[:-1], piece[-1]
    dotted = mark == "." and (len(word) == 1 or word in _KEEP_DOT)
    if mark in _MARKS and word.isalpha() and not dotted:
        return word, mark
    return _TOKEN.findall(piece + " ")


class Tokens:
    """The tokens of a text, and where each stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        with ONE_AT_A_TIME:
            self.vocabulary = _vocabulary()
            self.numbers = self.vocabulary.read(text)

    @cached_property
    def words(self) -> list[str]:
        return list(map(self.vocabulary.words.__getitem__, self.numbers.tolist()))

    def run(self, first: int, behind: int) -> tuple[str, ...]:
        """The tokens [first, behind)."""
        return tuple(self.vocabulary.words[n] for n in self.numbers[first:behind].tolist())

    def places(self, words: Iterable[str]) -> list[int]:
        """Which tokens are one of these words."""
        numbers = [
            n
            for word in words
            if word in self.vocabulary and (n := self.vocabulary.number(word)) >= 0
        ]
        if not numbers:
            return []
        wanted = np.zeros(len(self.vocabulary.words), np.bool_)
        wanted[numbers] = True
        found: list[int] = wanted.take(self.numbers).nonzero()[0].tolist()
        return found

    def spans(self, first: Sequence[int], behind: Sequence[int]) -> list[tuple[int, int]]:
        """Characters [start, end) of tokens [first, behind)."""
        if not first:
            return []
        letters, before = self._letters
        starts, ends = before.take(first), before.take(behind)
        begin = letters.take(starts)
        end = np.maximum(letters.take(ends - 1) + 1, begin)  # a line's end has no letters
        return list(zip(begin.tolist(), end.tolist(), strict=True))

    @cached_property
    def _letters(self) -> tuple[Numbers, Numbers]:
        """Where each letter stands, and how many stand before each token: tokens are all that is
        not blank, so the nth letter of them is the nth of the text. One more stands behind all."""
        codes = np.frombuffer(f"{self.text}.".encode("utf-32-le", "surrogatepass"), np.uint32)
        letters = _LETTER.take(codes, mode="clip").nonzero()[0]
        before = np.zeros(len(self.numbers) + 1, np.int64)
        self.vocabulary.lengths(self.numbers).cumsum(out=before[1:])
        return letters, before


class Watch:
    """Finds those tokens that are one of some words."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = list(words)
        self._of: Vocabulary | None = None

    def places(self, tokens: Tokens) -> list[int]:
        if tokens.vocabulary is not self._of:
            self._of = tokens.vocabulary
            numbers = [n for word in self._words if (n := self._of.number(word)) >= 0]
            self._wanted = np.zeros(max(numbers, default=0) + 2, np.bool_)
            self._wanted[numbers] = True
        # What is beyond the last of these is none of them.
        found: list[int] = np.flatnonzero(self._wanted.take(tokens.numbers, mode="clip")).tolist()
        return found


def ends_sentence(word: str) -> bool:
    """Does a sentence end with this token?"""
    return word in _ENDS
