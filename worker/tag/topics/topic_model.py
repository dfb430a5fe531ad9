"""The topic models: how probable each topic is for a text, and by which words.

There is one for each language of LANGUAGES. Each is a multinomial logistic regression over single
words. Words that the training data lack have weights too: these were computed from embeddings when
the model was trained, so no embeddings are needed here. docs/models/topics.md names the data.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from worker.tag.tokens import Tokens
from worker.tag.topics.function_words import function_words
from worker.tag.topics.topic_words import (
    MOST_WORDS,
    TopicWords,
    WordRows,
    WordsOfPieces,
)

TopicArrays = Mapping[str, NDArray[Any]]
Vector = NDArray[np.float32]

LANGUAGES = ("en", "de", "fr", "es", "pt", "it")
_COMPOUND_CHARS = 8  # a longer word that a model lacks may be a compound of shorter ones
_FEWEST_CHARS_OF_PART = 4
_MAX_COMPOUND_CHARS = 40
_LEAST_RARITY = 3.0  # a word that more than about an eighth of short texts have is no evidence
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


class TopicScores(NamedTuple):
    """How probable each topic is for a text, by its number in the model, and by which words, from
    which the evidence for a topic is then chosen.

    `words` are the text's words, and `distinct` the different words that the model knows, as rows
    of its tables. `weights` is how much each of them counts in this text, and `table` has the
    model's weights for them: an array words x topics.
    """

    probabilities: Vector
    words: TopicWords
    distinct: WordRows
    weights: Vector
    table: Vector


def keys_of(tokens: Sequence[str]) -> NDArray[np.uint32]:
    """Return the CRC-32 checksum of each word, by which the word is looked up in the model's
    tables. The tables hold these numbers in place of words."""
    return np.fromiter((_key(word) for word in tokens), np.uint32, len(tokens))


def _key(word: str) -> int:
    return crc32(word.encode("utf-8", "surrogatepass"))


class _RowCache(dict[str, int]):
    """Finds which row of the topic model's tables belongs to a word, and remembers it for later
    texts.

    It is used as a dict from words to row numbers; -1 stands for a word that the model lacks. With
    `compounds`, a long word that the model lacks has the row of the longest of its endings that it
    has: "Haushaltsausschuss" that of "Ausschuss".
    """

    def __init__(self, keys: NDArray[np.uint32], *, compounds: bool = False) -> None:
        self._keys = keys
        self._compounds = compounds

    def __missing__(self, word: str) -> int:
        if len(self) >= _MAX_CACHED_WORDS:
            self.clear()
        row = self._row(word)
        if row < 0 and self._compounds and _COMPOUND_CHARS <= len(word) <= _MAX_COMPOUND_CHARS:
            starts = range(3, len(word) - _FEWEST_CHARS_OF_PART + 1)
            row = next((r for at in starts if (r := self._row(word[at:])) >= 0), -1)
        self[word] = row
        return row

    def learn(self, words: Sequence[str]) -> None:
        """Look up words that are not remembered, all at once."""
        rows = self._keys.searchsorted(keys := keys_of(words))
        found = self._keys.take(rows, mode="clip") == keys
        if len(self) + len(words) <= _MAX_CACHED_WORDS:
            looked_up = zip(words, np.where(found, rows, -1).tolist(), strict=True)
            # A long unknown word may be a compound, so that one is looked up when it is read.
            self.update((w, row) for w, row in looked_up if row >= 0 or not self._compounds)

    def _row(self, word: str) -> int:
        key = np.uint32(_key(word))
        row = int(self._keys.searchsorted(key))
        return row if row < len(self._keys) and self._keys[row] == key else -1


def weigh(rows: WordRows, rarity: Vector) -> tuple[WordRows, Vector]:
    """Compute how much each word of a text counts when its topics are guessed, by TF-IDF.

    `rows` has the number of each word of the text in reading order; `rarity` says, by such a
    number, how rare the word is in general. Returns the distinct numbers and a weight for each.
    Words count more if they are frequent in this text, rare elsewhere, and early in the text. The
    weights are scaled to a vector of length one.
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
        self.scheme = self.codes[0].partition(":")[0]  # "medtop"
        self.numbers = {code: number for number, code in enumerate(self.codes)}
        self.labels = tuple(str(s) for s in arrays["labels"])
        self.thresholds = arrays["thresholds"].astype(np.float32)
        self._row_of = _RowCache(arrays["keys"], compounds=self.languages == ("de",))
        no_evidence = function_words({"en", *self.languages})
        self._words_of_pieces = WordsOfPieces(self._row_of)
        self._rarity = arrays["rarity"].astype(np.float32)
        # Without function words such as "at", and without words that very many texts have.
        self._is_evidence = self._rarity >= _LEAST_RARITY
        function_rows = [row for word in no_evidence if (row := self._row_of[word]) >= 0]
        self._is_evidence[function_rows] = False
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

    def learn(self, texts: Iterable[Tokens]) -> None:
        """Look up the words of several texts that this model has not read before, all at once, so
        that `read` finds them faster."""
        self._words_of_pieces.learn(texts, self._row_of.learn)

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
        if not isinstance(tokens, TopicWords):
            tokens = TopicWords(self._rows(tokens), tokens.__getitem__)
        return self.guess_by(self.score(tokens), max_words, own)

    def score(self, tokens: TopicWords) -> TopicScores:
        """Compute how probable each topic is for a text with the words `tokens`. The result is
        the input of `guess_by`."""
        rows = tokens.rows
        distinct, weights = weigh(rows[rows >= 0], self._rarity)
        table = self._weights.take(distinct, 0).astype(np.float32)
        return TopicScores(self._probabilities(table, weights), tokens, distinct, weights, table)

    def guess_by(
        self, scores: TopicScores, max_words: int, own: Mapping[str, float] = {}
    ) -> list[TopicGuess]:
        """Guess the topics of a text from the probabilities that `score` has computed: those at
        least as probable as their threshold, most probable first.

        Each guess names at most `max_words` words that make the topic probable. `own` maps codes of
        topics to thresholds that are used in place of the model's.
        """
        thresholds = self.thresholds
        if own:
            thresholds = np.array(
                [own.get(code, t) for code, t in zip(self.codes, thresholds, strict=True)]
            )
        probabilities, tokens, distinct, weights, table = scores
        likely = np.flatnonzero(probabilities >= thresholds)
        if not len(likely):
            return []
        rows = tokens.rows
        scaled = table * self._scales
        above_mean = scaled - scaled.mean(1, keepdims=True)
        guesses = []
        for number in likely[np.argsort(-probabilities[likely])].tolist():
            push = weights * above_mean[:, number]
            strongest = self._evidence(push, distinct)[:max_words].tolist()
            found = tuple(tokens.word_at(int((rows == row).argmax())) for row in strongest)
            if not found:
                continue  # only words such as "la" speak for it: a fault of short training texts
            guesses.append(TopicGuess(number, float(probabilities[number]), found))
        return guesses

    def row_of(self, word: str) -> int:
        """The row of a word in the tables of the model; -1 if the model lacks it."""
        return self._row_of[word]

    def weights_of(self, rows: WordRows) -> Vector:
        """Return the model's weights for the words in these rows of its tables, as an array
        words x topics."""
        weights: Vector = self._weights.take(rows, 0).astype(np.float32) * self._scales
        return weights

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

    def _evidence(self, push: Vector, distinct: WordRows) -> WordRows:
        """The rows of the words that favour a topic, the strongest first, without function words
        such as "at" and without words that very many texts have.

        `push` says how much each of the words with the rows `distinct` does so.
        """
        order = np.argsort(-push)
        rows = distinct.take(order[: np.count_nonzero(push > 0)])
        return rows[self._is_evidence.take(rows)]


@cache
def shipped(language: str = "en") -> TopicModel:
    """Load the topic model that the package contains for a language of LANGUAGES, once in each
    process."""
    name = "topics.npz" if language == "en" else f"topics-{language}.npz"
    with (files("worker.tag") / "data" / name).open("rb") as file:
        return TopicModel(dict(np.load(file)))
