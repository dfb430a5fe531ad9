"""The topic model: how probable each topic is for a text, and by which words.

It is a multinomial logistic regression over single words. Words that the training data lack have
weights too: these were computed from embeddings when the model was trained, so no embeddings are
needed here. docs/models/topics.md names the training data.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

TopicArrays = Mapping[str, NDArray[Any]]
Vector = NDArray[np.float32]
WordRows = NDArray[np.int64]

_SHORT_TEXT_WORDS = 25  # distinct words: about as many as a headline and its description have
MOST_WORDS = 800  # of an article that are used; further words rarely change the class
_TITLE_REPEATS = 3  # how often each word of the title is counted
_MAX_CHARS = 12 * MOST_WORDS  # contain about MOST_WORDS words
_MAX_CACHED_WORDS = 100_000  # at this size the cache is emptied
_HALF_WEIGHT_INDEX = (
    100  # a word at this index counts half as much as the first. Tuned on web pages
)
_COUNT_BY_INDEX = _HALF_WEIGHT_INDEX / (_HALF_WEIGHT_INDEX + np.arange(MOST_WORDS))
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_ENDS_INSIDE_WORD = re.compile(
    r"[^\W\d_]['’]?\Z"
)  # matches the characters before an offset inside a word


class TopicGuess(NamedTuple):
    """A topic that the model finds probable for a text.

    `number` is its index in the model's list of topics, and `words` are the words of the text that
    raise its probability most.
    """

    number: int
    probability: float
    words: tuple[str, ...]


def words(text: str) -> list[str]:
    """Split a text into the words that the topic model reads: the first 800, in lowercase.

    A genitive "'s" is cut off. The first line is the title; its words are repeated, so that they
    count more.
    """
    title, _, rest = _lower(text[:_MAX_CHARS]).partition("\n")
    tokens = _WORD.findall(title) * _TITLE_REPEATS + _WORD.findall(rest)
    return [_without_genitive(word) for word in tokens[:MOST_WORDS]]


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


def keys_of(tokens: Sequence[str]) -> NDArray[np.uint32]:
    """The CRC-32 of each word.

    The model's tables have these numbers in place of the words.
    """
    return np.fromiter((_key(word) for word in tokens), np.uint32, len(tokens))


def _key(word: str) -> int:
    return crc32(word.encode("utf-8", "surrogatepass"))


class _RowCache(dict[str, int]):
    """Finds which row of the topic model's tables belongs to a word, and remembers it for later
    texts.

    It is used as a dict from words to row numbers; -1 stands for a word that the model lacks.
    """

    def __init__(self, keys: NDArray[np.uint32]) -> None:
        self._keys = keys

    def __missing__(self, word: str) -> int:
        if len(self) >= _MAX_CACHED_WORDS:
            self.clear()
        key = np.uint32(_key(word))
        row = int(self._keys.searchsorted(key))
        self[word] = row = row if row < len(self._keys) and self._keys[row] == key else -1
        return row


def weigh(rows: WordRows, rarity: Vector) -> tuple[WordRows, Vector]:
    """Compute how much each word of a text counts when its topics are guessed, by TF-IDF.

    `rows` has the number of each word of the text in reading order; `rarity` says, by such a
    number, how rare the word is. Returns the distinct numbers and a weight for each. Frequent, rare
    and early words weigh more; the weights are scaled to a vector of length one.
    """
    distinct, number = np.unique(rows, return_inverse=True)
    counts = np.bincount(number, _COUNT_BY_INDEX[: len(rows)], len(distinct))
    weights = np.where(counts < 1, counts, 1 + np.log(np.maximum(counts, 1))) * rarity[distinct]
    length = np.sqrt((weights**2).sum())
    return distinct, (weights / (length or 1)).astype(np.float32)


class TopicModel:
    """Guesses the topics of a text from its words, by trained weights.

    `codes` and `labels` are the codes and names of the topics, in the model's order. A topic is
    guessed if it is at least as probable as its value in `thresholds`. `languages` are those of the
    training data.
    """

    def __init__(self, arrays: TopicArrays) -> None:
        self.version = str(arrays["version"])
        self.languages = tuple(str(s) for s in arrays["languages"])
        self.codes = tuple(str(s) for s in arrays["codes"])
        self.labels = tuple(str(s) for s in arrays["labels"])
        self.thresholds = arrays["thresholds"].astype(np.float32)
        self._row_of = _RowCache(arrays["keys"])
        self._rarity = arrays["rarity"].astype(np.float32)
        self._weights = arrays["weights"]  # int8; multiply by the scale of the class
        self._scales = arrays["scales"].astype(np.float32)
        self._bias = arrays["bias"].astype(np.float32)
        self._doubt = float(arrays["doubt"])
        self._growth = float(arrays["growth"])

    def probabilities(self, tokens: Sequence[str]) -> Vector:
        """Return how probable each topic is for a text with the words `tokens`, as an array by the
        number of the topic in the model.

        The sum is below one; the rest is the probability of no topic. All are scaled down, more so
        for short texts, because the model is too sure of articles unlike its training data.
        """
        rows = self._rows(tokens)
        return self._probabilities(*weigh(rows[rows >= 0], self._rarity))

    def guess(
        self, tokens: Sequence[str], max_words: int, own: Mapping[str, float] = {}
    ) -> list[TopicGuess]:
        """Guess the topics of a text: those at least as probable as their threshold, most probable
        first.

        `tokens` are the text's words, as words() returns them. Each guess names at most `max_words`
        of them that make the topic probable. `own` maps codes of topics to thresholds that are used
        in place of the model's.
        """
        thresholds = self.thresholds
        if own:
            thresholds = np.array(
                [own.get(code, t) for code, t in zip(self.codes, thresholds, strict=True)]
            )
        rows = self._rows(tokens)
        distinct, weights = weigh(rows[rows >= 0], self._rarity)
        probabilities = self._probabilities(distinct, weights)
        likely = np.flatnonzero(probabilities >= thresholds)
        guesses = []
        for number in likely[np.argsort(-probabilities[likely])].tolist():
            word_rows = self._strongest_words(number, distinct, weights, max_words)
            strongest = tuple(tokens[int((rows == row).argmax())] for row in word_rows)
            guesses.append(TopicGuess(number, float(probabilities[number]), strongest))
        return guesses

    def _rows(self, tokens: Sequence[str]) -> WordRows:
        return np.fromiter(map(self._row_of.__getitem__, tokens), np.int64, len(tokens))

    def _probabilities(self, distinct: WordRows, weights: Vector) -> Vector:
        scores = (weights @ self._weights[distinct].astype(np.float32)) * self._scales + self._bias
        # The model is surer of a long text than of a headline.
        certainty = (max(1, len(distinct)) / _SHORT_TEXT_WORDS) ** self._growth
        scores *= certainty
        powers = np.exp(scores - scores.max())
        probabilities: Vector = powers / powers.sum() * (1 - self._doubt / certainty)
        return probabilities

    def _strongest_words(
        self, number: int, distinct: WordRows, weights: Vector, limit: int
    ) -> list[int]:
        """The rows of the words that favour this class most over the others, strongest first."""
        table = self._weights[distinct].astype(np.float32) * self._scales
        push = weights * (table[:, number] - table.mean(1))
        strongest = np.argsort(-push)[:limit]
        rows: list[int] = distinct[strongest[push[strongest] > 0]].tolist()
        return rows


@cache
def shipped() -> TopicModel:
    """Load the topic model that the package contains, once in each process."""
    with (files("worker.tag") / "data" / "topics.npz").open("rb") as file:
        return TopicModel(dict(np.load(file)))
