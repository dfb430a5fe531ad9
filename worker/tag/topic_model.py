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

_SHORT = 25  # different words: about what a headline and its description have
MOST_WORDS = 800  # of an article that are read; further ones change the class of few
_TITLE = 3  # times that its words count
_LETTERS = 12 * MOST_WORDS  # that hold about so many
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


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
    found: dict[str, tuple[int, int]] = {}
    for match in _WORD.finditer(_small(text)):
        word = _stem(match[0])
        if word in wanted and word not in found:
            found[word] = match.start(), match.start() + len(word)
            if len(found) == len(wanted):
                break
    return found


def _small(text: str) -> str:
    """In small letters, each where it was: one letter alone grows when made small."""
    return text.replace("İ", "I").lower()


def _stem(word: str) -> str:
    return word[:-2] if word[-2:] in ("'s", "’s") else word


def keys_of(read: Sequence[str]) -> NDArray[np.uint32]:
    """The CRC of each word: how the tables know it."""
    return np.fromiter((crc32(word.encode()) for word in read), np.uint32, len(read))


def weigh(rows: NDArray[np.int64], rarity: Vector) -> tuple[NDArray[np.int64], Vector]:
    """Each row once and its weight: sublinear count times rarity, the whole of length one."""
    once, counts = np.unique(rows, return_counts=True)
    weights = (1 + np.log(counts)) * rarity[once]
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
        self._keys = arrays["keys"]
        self._rarity = arrays["rarity"].astype(np.float32)
        self._weights = arrays["weights"]  # int8; a class's scale makes it a weight
        self._scales = arrays["scales"].astype(np.float32)
        self._bias = arrays["bias"].astype(np.float32)
        self._trust = np.float32(arrays["trust"])
        self._growth = float(arrays["growth"])

    def probabilities(self, read: Sequence[str]) -> Vector:
        """Of each class, for the words of a text. What they lack to one is that it is none: the
        words may be of a publisher who means something else by them."""
        return self._judge(read)[0]

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
        probabilities, known, rows, weights = self._judge(read)
        likely = np.flatnonzero(probabilities >= thresholds)
        return [
            Guess(
                int(number),
                float(probabilities[number]),
                tuple(self._speakers(number, read, known, rows, weights)[:most_words]),
            )
            for number in likely[np.argsort(-probabilities[likely])]
        ]

    def _judge(
        self, read: Sequence[str]
    ) -> tuple[Vector, NDArray[np.int64], NDArray[np.int64], Vector]:
        keys = keys_of(read)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        known = np.flatnonzero(self._keys[at] == keys)
        rows, weights = weigh(at[known], self._rarity)
        scores = (weights @ self._weights[rows].astype(np.float32)) * self._scales + self._bias
        scores *= (
            max(1, len(rows)) / _SHORT
        ) ** self._growth  # a long text is surer than a headline
        raised = np.exp(scores - scores.max())
        return raised / raised.sum() * self._trust, known, at[known], weights

    def _speakers(
        self,
        number: int,
        read: Sequence[str],
        known: NDArray[np.int64],
        rows: NDArray[np.int64],
        weights: Vector,
    ) -> list[str]:
        """The words that raise this class most above the average of all, strongest first."""
        once, first = np.unique(rows, return_index=True)
        table = self._weights[once].astype(np.float32) * self._scales
        push = weights * (table[:, number] - table.mean(1))
        return [read[known[first[n]]] for n in np.argsort(-push) if push[n] > 0]


@cache
def shipped() -> TopicModel:
    """The model in the package."""
    with (files("worker.tag") / "data" / "topics.npz").open("rb") as file:
        return TopicModel(dict(np.load(file)))
