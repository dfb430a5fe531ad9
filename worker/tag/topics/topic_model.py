"""The topic model: a text comes in, the probability of every class and the words behind it go out.

A linear model over single words. The weight of a word is what training saw of it plus what its
embedding says, both summed into one table beforehand: words the training data never had still
count, and no embedding is needed here. docs/models/topics.md says what it was trained on.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
Vector = NDArray[np.float32]
Rows = NDArray[np.int64]

_SHORT = 25  # different words: about what a headline and its description have
MOST_WORDS = 800  # of an article that are read; further ones change the class of few
_TITLE = 3  # times that its words count
_LETTERS = 12 * MOST_WORDS  # that hold about so many
_KEPT = 100_000  # words whose rows are kept; beyond that they are forgotten
_HALF = 100  # words after which one counts half of what the first does. Set on web pages
_COUNTS = _HALF / (_HALF + np.arange(MOST_WORDS))
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_INSIDE = re.compile(r"[^\W\d_]['’]?\Z")  # before a place that is inside a word


class Guess(NamedTuple):
    """How likely a class is, and the words that speak most for it."""

    number: int
    probability: float
    words: tuple[str, ...]


def words(text: str) -> list[str]:
    """The first words of a text in small letters, without a genitive's ending; those of the first
    line, its title, again and again."""
    title, _, rest = _small(text[:_LETTERS]).partition("\n")
    found = _WORD.findall(title) * _TITLE + _WORD.findall(rest)
    return [_stem(word) for word in found[:MOST_WORDS]]


def places(text: str, wanted: set[str]) -> dict[str, tuple[int, int]]:
    """Where each of these words first stands: characters [start, end)."""
    small = _small(text)
    starts = ((_first(word, small), word) for word in wanted)
    return {word: (at, at + len(word)) for at, word in sorted(starts) if at >= 0}


def _first(word: str, small: str) -> int:
    """Where a word first stands as a whole; -1 where it does not."""
    at = small.find(word)
    while at >= 0:
        match = None if _INSIDE.search(small, max(0, at - 2), at) else _WORD.match(small, at)
        if match and _stem(match[0]) == word:
            return at
        at = small.find(word, at + 1)
    return -1


def _small(text: str) -> str:
    """In small letters, each where it was: one letter alone grows when made small."""
    return text.replace("İ", "I").lower()


def _stem(word: str) -> str:
    return word[:-2] if word[-2:] in ("'s", "’s") else word


def keys_of(read: Sequence[str]) -> NDArray[np.uint32]:
    """The CRC of each word: how the tables know it."""
    return np.fromiter((_key(word) for word in read), np.uint32, len(read))


def _key(word: str) -> int:
    return crc32(word.encode("utf-8", "surrogatepass"))


class _Rows(dict[str, int]):
    """The row of each word in the tables of a model, -1 where it has none."""

    def __init__(self, keys: NDArray[np.uint32]) -> None:
        self._keys = keys

    def __missing__(self, word: str) -> int:
        if len(self) >= _KEPT:
            self.clear()
        key = np.uint32(_key(word))
        at = int(self._keys.searchsorted(key))
        self[word] = row = at if at < len(self._keys) and self._keys[at] == key else -1
        return row


def weigh(rows: Rows, rarity: Vector) -> tuple[Rows, Vector]:
    """Each row once and its weight: count times rarity, the whole of length one.

    The further in a word stands, the less it counts; more than one of it counts sublinearly.
    """
    once, number = np.unique(rows, return_inverse=True)
    counts = np.bincount(number, _COUNTS[: len(rows)], len(once))
    weights = np.where(counts < 1, counts, 1 + np.log(np.maximum(counts, 1))) * rarity[once]
    length = np.sqrt((weights**2).sum())
    return once, (weights / (length or 1)).astype(np.float32)


class TopicModel:
    """The tables of one trained model."""

    def __init__(self, arrays: Arrays) -> None:
        self.version = str(arrays["version"])
        self.languages = tuple(str(s) for s in arrays["languages"])
        self.codes = tuple(str(s) for s in arrays["codes"])
        self.labels = tuple(str(s) for s in arrays["labels"])
        self.thresholds = arrays["thresholds"].astype(np.float32)
        self._row_of = _Rows(arrays["keys"])
        self._rarity = arrays["rarity"].astype(np.float32)
        self._weights = arrays["weights"]  # int8; a class's scale makes it a weight
        self._scales = arrays["scales"].astype(np.float32)
        self._bias = arrays["bias"].astype(np.float32)
        self._doubt = float(arrays["doubt"])
        self._growth = float(arrays["growth"])

    def probabilities(self, read: Sequence[str]) -> Vector:
        """Of each class, for the words of a text. What they lack to one is that it is none: the
        words may be of a publisher who means something else by them."""
        rows = self._rows(read)
        return self._judge(*weigh(rows[rows >= 0], self._rarity))

    def guess(
        self, read: Sequence[str], most_words: int, own: Mapping[str, float] = {}
    ) -> list[Guess]:
        """The classes at or above their threshold, likeliest first; often one, sometimes none.

        `own` has thresholds by code that stand in for the model's.
        """
        thresholds = self.thresholds
        if own:
            thresholds = np.array(
                [own.get(code, t) for code, t in zip(self.codes, thresholds, strict=True)]
            )
        rows = self._rows(read)
        once, weights = weigh(rows[rows >= 0], self._rarity)
        probabilities = self._judge(once, weights)
        likely = np.flatnonzero(probabilities >= thresholds)
        guesses = []
        for number in likely[np.argsort(-probabilities[likely])].tolist():
            speakers = self._speakers(number, once, weights, most_words)
            said = tuple(read[int((rows == row).argmax())] for row in speakers)
            guesses.append(Guess(number, float(probabilities[number]), said))
        return guesses

    def _rows(self, read: Sequence[str]) -> Rows:
        return np.fromiter(map(self._row_of.__getitem__, read), np.int64, len(read))

    def _judge(self, once: Rows, weights: Vector) -> Vector:
        scores = (weights @ self._weights[once].astype(np.float32)) * self._scales + self._bias
        surer = (max(1, len(once)) / _SHORT) ** self._growth  # a long text than a headline
        scores *= surer
        raised = np.exp(scores - scores.max())
        judged: Vector = raised / raised.sum() * (1 - self._doubt / surer)
        return judged

    def _speakers(self, number: int, once: Rows, weights: Vector, most: int) -> list[int]:
        """The rows of the words that raise this class most above the average of all, strongest
        first."""
        table = self._weights[once].astype(np.float32) * self._scales
        push = weights * (table[:, number] - table.mean(1))
        strongest = np.argsort(-push)[:most]
        rows: list[int] = once[strongest[push[strongest] > 0]].tolist()
        return rows


@cache
def shipped() -> TopicModel:
    """The model in the package."""
    with (files("worker.tag") / "data" / "topics.npz").open("rb") as file:
        return TopicModel(dict(np.load(file)))
