"""Split texts into tokens (words and punctuation marks), and give each distinct token a number.

Texts are split in the same way as those with which the models were trained: "Joe's" becomes "Joe"
and "'s", but "Mr." and "U.S." are one token. How a piece between white space is split is
remembered, so it is computed only once.
"""

import re
from array import array
from collections.abc import Iterable, Sequence
from functools import cached_property
from sys import byteorder
from threading import RLock

import numpy as np
from numpy.typing import NDArray

from worker.model.records import Article

IntArray = NDArray[np.int64]

LINE_END = ""  # the token at the end of each line; its number is 0

_ABBREVIATED = "Mr Mrs Ms Dr Gen Sen Rep Gov Lt Col Sgt Capt Prof Rev St Jr Sr Inc Corp Co Ltd"
_TOKEN = re.compile(
    r"(?:[^\W\d_]\.){2,}"  # U.S., e.g.
    rf"|(?:{'|'.join(_ABBREVIATED.split())})\."
    r"|[A-Z]\.(?= )"  # an initial
    r"|['’]s\b"
    r"|[^\W_]+(?:[-&.’'](?!s\b)[^\W_]+)*"
    r"|[^\w\s]"
)
_MARKS = frozenset(',.;:?!)"”')  # marks that usually follow a word
_KEEP_DOT = frozenset(_ABBREVIATED.split())
_SENTENCE_ENDS = frozenset((*".?!", LINE_END))
_BREAK = "\0"  # stands for a line end while a text is split; a NUL of the text becomes a space
_BLANKS = frozenset(("_", _BREAK))
_LETTER = np.array([not (c.isspace() or c in _BLANKS) for c in map(chr, range(0x10000))])
_NUMBER_BYTES = 8
_MAX_PIECES = 150_000  # at this size, words included, the vocabulary is reset


class Vocabulary(dict[str, bytes]):
    """Gives each distinct token (word or punctuation mark) a number, and remembers how pieces of
    text are split into tokens.

    As a dict it maps a piece between white space to the numbers of its tokens, as bytes. `words`
    has the token of each number.
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        self._lengths = array("q")
        self[_BREAK] = self._add(LINE_END)

    def number(self, word: str) -> int:
        """Return the number of this word. A word that is new gets the next free number.

        Returns -1 if it is not one token but several: "Joe's" is split into "Joe" and "'s".
        """
        packed = self[word]
        return int.from_bytes(packed, byteorder) if len(packed) == _NUMBER_BYTES else -1

    def read(self, pieces: Iterable[str]) -> IntArray:
        """Split the pieces of a text into tokens and return their numbers, in reading order."""
        return np.frombuffer(b"".join(map(self.__getitem__, pieces)), np.int64)

    def lengths(self, numbers: IntArray) -> IntArray:
        """The length in characters of each of the tokens that have these numbers."""
        return np.frombuffer(self._lengths, np.int64).take(numbers)

    def __missing__(self, piece: str) -> bytes:
        if piece.isalpha():
            return self._add(piece)
        words = _split(piece)
        if len(words) == 1 and words[0] == piece:
            return self._add(piece)
        self[piece] = packed = b"".join(map(self.__getitem__, words))
        return packed

    def _add(self, word: str) -> bytes:
        self[word] = packed = len(self.words).to_bytes(_NUMBER_BYTES, byteorder)
        self.words.append(word)
        self._lengths.append(len(word))
        return packed


_current = Vocabulary()
# Held while entities are tagged: the vocabulary, and tables that are indexed by its numbers in
# other modules, grow while they are read.
VOCABULARY_LOCK = RLock()


def _current_vocabulary() -> Vocabulary:
    """The vocabulary in use; it is replaced by an empty one when it has grown too large.

    Tables that are indexed by its numbers are valid as long as it is the same object.
    """
    if len(_current) > _MAX_PIECES:
        reset_vocabulary()
    return _current


def reset_vocabulary() -> None:
    """Replace the vocabulary in use, which numbers the tokens of texts, by an empty one.

    Tokens get other numbers then, so tables that are indexed by the numbers must be made anew.
    """
    global _current
    _current = Vocabulary()


def pieces_of(text: str) -> list[str]:
    """Split a text at white space; line ends and commas are pieces of their own."""
    # A comma is always a token. Splitting it from its word leaves a fifth fewer pieces to keep.
    lines = text.replace(_BREAK, " ").replace(",", " , ").splitlines()
    return f" {_BREAK} ".join([*lines, ""]).split()


def _split(piece: str) -> Sequence[str]:
    """The tokens of a piece of text that has other characters than letters."""
    word, mark = piece[:-1], piece[-1]
    dotted = mark == "." and (len(word) == 1 or word in _KEEP_DOT)
    if mark in _MARKS and word.isalpha() and not dotted:
        return word, mark
    return _TOKEN.findall(piece + " ")


class Tokens:
    """A text, split into words and punctuation marks (tokens), with the place of each in the text.

    `pieces` are what stands between white space or commas, and `numbers` has the number of each
    token in `vocabulary`.
    """

    def __init__(self, text: str, vocabulary: Vocabulary | None = None) -> None:
        """Split the text. Its tokens get their numbers from `vocabulary`, or from the one that is
        in use."""
        self.text = text
        self.pieces = pieces_of(text)
        with VOCABULARY_LOCK:
            self.vocabulary = vocabulary or _current_vocabulary()
            self.numbers = self.vocabulary.read(self.pieces)

    @cached_property
    def words(self) -> list[str]:
        """The tokens as strings, in reading order."""
        return list(map(self.vocabulary.words.__getitem__, self.numbers.tolist()))

    def run(self, first: int, stop: int) -> tuple[str, ...]:
        """Some adjacent tokens of the text, as strings: that at index `first` and all others before
        `stop`."""
        return tuple(map(self.vocabulary.words.__getitem__, self.numbers[first:stop].tolist()))

    def indexes_of(self, words: Iterable[str]) -> list[int]:
        """Find some words in the text: return the indexes of all tokens that equal one of these
        words, ascending."""
        numbers = [
            n
            for word in words
            if word in self.vocabulary and (n := self.vocabulary.number(word)) >= 0
        ]
        if not numbers:
            return []
        selected = np.zeros(len(self.vocabulary.words), np.bool_)
        selected[numbers] = True
        indexes: list[int] = selected.take(self.numbers).nonzero()[0].tolist()
        return indexes

    def spans(self, first: Sequence[int], stop: Sequence[int]) -> list[tuple[int, int]]:
        """Where several runs of tokens stand in the text, as characters (start, end) of each.

        Run number i has the tokens with indexes from first[i] up to, but without, stop[i].
        """
        starts, ends = self._bounds
        # A line end has no letters: the end of the letters before it is no end of its own.
        return [
            (start := starts[at], max(start, ends[after - 1]))
            for at, after in zip(first, stop, strict=True)
        ]

    @cached_property
    def _bounds(self) -> tuple[list[int], list[int]]:
        """Where the letters of each token begin in the text, and where they end.

        Here a letter is any character that is not blank. Tokens contain exactly these, so the nth
        letter of the tokens is the nth of the text. A letter is added at the end as a sentinel.
        """
        codes = np.frombuffer(f"{self.text}.".encode("utf-32-le", "surrogatepass"), np.uint32)
        offsets = _LETTER.take(codes, mode="clip").nonzero()[0]
        letters = self.vocabulary.lengths(self.numbers)
        after = letters.cumsum()
        ends = offsets.take(after - 1)
        ends += 1
        return offsets.take(after - letters).tolist(), ends.tolist()


def tokens_of_article(article: Article, vocabulary: Vocabulary | None = None) -> Tokens:
    """Split the title of an article, as the first line, and its text, or its summary if it has no
    text."""
    return Tokens(f"{article.title}\n{article.text or article.summary}", vocabulary)


def tokens_of_articles(articles: Iterable[Article]) -> list[Tokens]:
    """Split several articles, as tokens_of_article() does one. Their tokens have the numbers of
    one vocabulary."""
    with VOCABULARY_LOCK:
        vocabulary = _current_vocabulary()
        return [tokens_of_article(article, vocabulary) for article in articles]


class WordFinder:
    """Finds the words of one fixed set in many texts.

    Tokens.indexes_of() finds words too, but is slower, since it looks up the number of each word
    again for each text.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = list(words)
        self._vocabulary: Vocabulary | None = None

    def find(self, tokens: Tokens) -> list[int]:
        """Return the indexes of those tokens of a text that equal one of the words to be found,
        ascending."""
        if tokens.vocabulary is not self._vocabulary:
            self._vocabulary = tokens.vocabulary
            numbers = [n for word in self._words if (n := self._vocabulary.number(word)) >= 0]
            self._selected = np.zeros(max(numbers, default=0) + 2, np.bool_)
            self._selected[numbers] = True
        # Numbers beyond the table are clipped to its last entry, which is False.
        selected = self._selected.take(tokens.numbers, mode="clip")
        indexes: list[int] = np.flatnonzero(selected).tolist()
        return indexes


def ends_sentence(word: str) -> bool:
    """Whether this token ends a sentence: ".", "?", "!" or the end of a line."""
    return word in _SENTENCE_ENDS
