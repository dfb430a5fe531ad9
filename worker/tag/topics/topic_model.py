"""The topic model: how probable each topic is for a text, and by which words.

It is a multinomial logistic regression over single words. Words that the training data lack have
weights too: these were computed from embeddings when the model was trained, so no embeddings are
needed here. docs/models/topics.md names the training data.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from worker.tag.tokens import Tokens
from worker.tag.topics.topic_words import (
    FUNCTION_WORDS,
    MOST_WORDS,
    TopicWords,
    WordRows,
    WordsOfPieces,
)

TopicArrays = Mapping[str, NDArray[Any]]
Vector = NDArray[np.float32]

_SHORT_TEXT_WORDS = 25  # distinct words: about as many as a headline and its description have
_MOST_16_BITS = 2**16
_MAX_CACHED_WORDS = 100_000  # at this size the cache is emptied
_HALF_WEIGHT_INDEX = (
    100  # a word at this index counts half as much as the first. Tuned on web pages
)
_COUNT_BY_INDEX = _HALF_WEIGHT_INDEX / (_HALF_WEIGHT_INDEX + np.arange(MOST_WORDS))


class TopicGuess(NamedTuple):
    """A topic that the model finds probable for a text.

    `number` is its index in the model's list of topics, and `words` are the words of the text that
    raise its probability most.
    """

    number: int
    probability: float
    words: tuple[str, ...]


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
    # numpy sorts integers of 16 bits in linear time.
    keys = rows.astype(np.uint16) if len(rarity) <= _MOST_16_BITS else rows
    order = keys.argsort(kind="stable")
    ordered = rows.take(order)
    is_first = np.ones(len(rows), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    distinct = ordered[is_first]
    counts = np.bincount(is_first.cumsum() - 1, _COUNT_BY_INDEX.take(order), len(distinct))
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
        self._function_rows = frozenset(map(self._row_of.__getitem__, FUNCTION_WORDS))
        self._words_of_pieces = WordsOfPieces(self._row_of)
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
        distinct, weights = weigh(rows[rows >= 0], self._rarity)
        return self._probabilities(self._weights.take(distinct, 0).astype(np.float32), weights)

    def read(self, tokens: Tokens) -> TopicWords:
        """Find the words of a text in the tables of this model, for `guess`. The first line of the
        text is its title."""
        return self._words_of_pieces.read(tokens)

    def guess(
        self,
        tokens: Sequence[str] | TopicWords,
        max_words: int,
        own: Mapping[str, float] = {},
    ) -> list[TopicGuess]:
        """Guess the topics of a text: those at least as probable as their threshold, most probable
        first.

        `tokens` are the text's words, as words() or `read` returns them. Each guess names at most
        `max_words` of them that make the topic probable, and no function words. `own` maps codes of
        topics to thresholds that are used in place of the model's.
        """
        thresholds = self.thresholds
        if own:
            thresholds = np.array(
                [own.get(code, t) for code, t in zip(self.codes, thresholds, strict=True)]
            )
        if not isinstance(tokens, TopicWords):
            tokens = TopicWords(self._rows(tokens), tokens.__getitem__)
        rows = tokens.rows
        distinct, weights = weigh(rows[rows >= 0], self._rarity)
        table = self._weights.take(distinct, 0).astype(np.float32)
        probabilities = self._probabilities(table, weights)
        likely = np.flatnonzero(probabilities >= thresholds)
        if not len(likely):
            return []
        table *= self._scales
        above_mean = table - table.mean(1)[:, None]
        guesses = []
        for number in likely[np.argsort(-probabilities[likely])].tolist():
            push = weights * above_mean[:, number]
            strongest = self._evidence(push, distinct)[:max_words]
            found = tuple(tokens.word_at(int((rows == row).argmax())) for row in strongest)
            guesses.append(TopicGuess(number, float(probabilities[number]), found))
        return guesses

    def _rows(self, tokens: Sequence[str]) -> WordRows:
        return np.fromiter(map(self._row_of.__getitem__, tokens), np.int64, len(tokens))

    def _probabilities(self, table: Vector, weights: Vector) -> Vector:
        """How probable each topic is, by the weights of the model for each distinct word of a text
        (`table`, words x topics), and how much each word counts."""
        scores = (weights @ table) * self._scales + self._bias
        # The model is surer of a long text than of a headline.
        certainty = (max(1, len(table)) / _SHORT_TEXT_WORDS) ** self._growth
        scores *= certainty
        powers = np.exp(scores - scores.max())
        probabilities: Vector = powers / powers.sum() * (1 - self._doubt / certainty)
        return probabilities

    def _evidence(self, push: Vector, distinct: WordRows) -> list[int]:
        """The rows of the words that favour a topic, the strongest first, without function words
        such as "at".

        `push` says how much each of the words with the rows `distinct` does so.
        """
        order = np.argsort(-push)
        rows: list[int] = distinct[order[: np.count_nonzero(push > 0)]].tolist()
        return [row for row in rows if row not in self._function_rows]


@cache
def shipped() -> TopicModel:
    """Load the topic model that the package contains, once in each process."""
    with (files("worker.tag") / "data" / "topics.npz").open("rb") as file:
        return TopicModel(dict(np.load(file)))
