"""A trained model that finds names in a text, by giving each word a label: person, place,
organisation or no name. It is a linear-chain CRF (conditional random field).

Each word supports some labels for itself and for the words next to it, and the sequence of labels
with the most support is chosen. `training/entities.py` trains the model. There are two: a fast one,
which scores words one by one, and a slower, more accurate one, which also scores combinations of
words.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.hashed_keys import ModelArrays, crc
from worker.tag.entities.lexicon import Lexicon
from worker.tag.entities.word_features import (
    AFTER,
    AFTER_2,
    BEFORE,
    BEFORE_2,
    HERE,
    MARK,
    NONE,
    POSITIONS,
    START,
    combinations,
    kind_pattern,
    traits,
)
from worker.tag.entities.word_forms import EDGE, WordFormTable
from worker.tag.entities.word_scores import (
    SURE_CAPITAL,
    FeatureWeights,
    FloatArray,
    LabelScores,
    WordScorer,
)
from worker.tag.tokens import IntArray, Tokens

OUTSIDE = "O"
_MAX_RUN = 256  # words that are decided together; a longer run is split, no name is as long
_KINDS = NONE + 1
_CACHED_TRAITS = 20_000  # words
_WORDS_WITH_STOP = 12_000  # commonest words that are also tokenised with a full stop beforehand
# The margin as SURE_CAPITAL, for a word with capitals on both sides within two words.
_SURE_BETWEEN = 6.0
# The words whose features score a word: their distance from it, and the position they are seen
# from.
_WINDOW = np.array([[0], [-1], [1], [-2], [2]])
_IN_ORDER = [3, 1, 0, 2, 4]
_POSITION = np.array([[HERE], [BEFORE], [AFTER], [BEFORE_2], [AFTER_2]])


class NameSpans(NamedTuple):
    """The names that were found in a text, as four lists with one item per name.

    Name i consists of the words from index `first[i]` up to, but without, `stop[i]`, and is a PER
    (person), ORG or LOC (place), as `labels[i]` says. `margins[i]` says how sure that is: the score
    of this label minus that of "no name", as a mean over the words.
    """

    first: list[int]
    stop: list[int]
    labels: list[str]
    margins: list[float]  # mean score of its words over that of no name


_NO_NAMES = NameSpans([], [], [], [])


class Recogniser:
    """Finds the names of people, organisations and places in texts, by a trained model (a CRF,
    which labels each word). `arrays` are the model's tables, as read from its file."""

    def __init__(self, arrays: ModelArrays) -> None:
        order = np.argsort(arrays["labels"] != OUTSIDE, kind="stable")  # OUTSIDE becomes label 0
        self.labels = [str(label) for label in arrays["labels"][order]]
        self._kinds = [label[2:] for label in self.labels]
        # By label, the label that continues its name.
        self._inside = np.array([self._inside_label(kind) for kind in self._kinds])
        self.lexicon = Lexicon(arrays)
        self._traits = lru_cache(_CACHED_TRAITS)(lambda w: traits(w, self.lexicon.entry(w)))
        self.weights = FeatureWeights(arrays, order)
        self._scale = np.float32(arrays["scale"])
        # Scores of transitions: from label x to label.
        self._moves: FloatArray = arrays["moves"][np.ix_(order, order)].astype(np.float32)
        # Transitions from OUTSIDE into a run and out of it; from and to an edge they are zero.
        self._enter, self._leave = (
            np.stack([moves, np.zeros_like(moves)]) for moves in (self._moves[0], self._moves[:, 0])
        )
        triples = np.ndindex(_KINDS, _KINDS, _KINDS)
        self._patterns = self.weights.of([crc(kind_pattern(*kinds)) for kinds in triples])
        self._thorough = bool(arrays["thorough"])
        self.scorer = WordScorer(self.lexicon, self.weights, float(self._scale))
        self._forms = WordFormTable(self.scorer)

    def _inside_label(self, kind: str) -> int:
        return self.labels.index("I-" + kind) if "I-" + kind in self.labels else -1

    def find(self, tokens: Tokens) -> NameSpans:
        """Find the names of people, organisations and places in a text that was split into words.
        They are returned in reading order."""
        if not len(tokens.numbers):
            return _NO_NAMES
        rows, indexes = self._with_edges(self._forms.rows(tokens))
        undecided, limits = self._undecided(rows)
        scores = self._scores(rows, undecided, tokens)
        kept = (scores[:, 0] - np.maximum.reduce(scores[:, 1:], 1) < limits).nonzero()[0]
        if not len(kept):
            return _NO_NAMES
        words, scores = undecided.take(kept), scores.take(kept, 0)
        path = self._path(scores, words, (rows == EDGE).view(np.int8))
        named = path.nonzero()[0]
        if not len(named):
            return _NO_NAMES
        words, path, scores = words.take(named), path.take(named), scores.take(named, 0)
        margins = scores[np.arange(len(named)), path] - scores[:, 0]
        return self._names(indexes.searchsorted(words), words, path, margins)

    def precompute(self, words: Sequence[str]) -> None:
        """Compute the scores that these words have for each label (person, no name …), and keep
        them.

        It is called before a worker forks, so that all its processes share the memory of the
        scores.
        """
        self._forms.rows(Tokens(" ".join(words)))
        # Texts also have them with the full stop of a sentence, which is another piece of text.
        Tokens(" ".join([f"{word}." for word in words[:_WORDS_WITH_STOP] if word.isalpha()]))

    def _with_edges(self, words: IntArray) -> tuple[IntArray, IntArray]:
        """The table rows of a text's words (`words`) with two edges around each sentence.

        An edge is a pseudo-word that stands for the beginning or end of a sentence. Also returns
        the index of each word among these rows.
        """
        steps = self._forms.steps.take(words)
        stops = steps.cumsum()
        indexes = stops - steps + 2
        rows = np.zeros(int(stops[-1]) + 4, np.int64)
        rows[indexes] = words
        return rows, indexes

    def _undecided(self, rows: IntArray) -> tuple[IntArray, FloatArray]:
        """The words that may belong to a name, as indexes of `rows`, and a limit for each.

        A word's margin is the score of "no name" minus that of its best other label. If the margin
        reaches the limit, the word belongs to no name.
        """
        limits = self._forms.limits.take(rows)
        capital = limits == SURE_CAPITAL
        near = capital[:-1] | capital[1:]  # of two neighbours
        between = (near[:-3] & near[3:] & (rows[2:-2] != EDGE)).nonzero()[0] + 2
        limits[between] = np.maximum(limits.take(between), _SURE_BETWEEN)
        undecided = limits.nonzero()[0]
        return undecided, limits.take(undecided)

    def _scores(self, rows: IntArray, words: IntArray, tokens: Tokens) -> FloatArray:
        """The score of each label for the words at these indexes: words x labels.

        The features of the word itself and of two neighbours on each side are summed.
        """
        window = rows.take(words + _WINDOW)
        here, before, after = self._forms.kinds.take(window[:3])
        # A mark before the first word of a sentence is ignored.
        starts = (window[1] == EDGE) | ((before == MARK) & (window[3] == EDGE))
        cells = window * POSITIONS + _POSITION
        cells[0] += (START - HERE) * starts
        table = self._forms.scores
        sums = table.reshape(-1, table.shape[2]).take(cells, 0).sum(0, dtype=np.int16)
        sums += self._patterns.take((before * _KINDS + here) * _KINDS + after, 0)
        if self._thorough and len(words):
            sums += self._combined(window, self._forms.words)
        scores: FloatArray = sums * self._scale
        return scores

    def _combined(self, window: IntArray, words: Sequence[str]) -> LabelScores:
        """The scores of the thorough model's features of several words together: words x labels."""
        keys: list[int] = []
        for rows in window[_IN_ORDER].T.tolist():
            keys += map(crc, combinations([self._traits(words[row]) for row in rows]))
        weights = self.weights.of(keys).reshape(window.shape[1], -1, len(self.labels))
        scores: LabelScores = weights.sum(1, dtype=np.int16)
        return scores

    def _path(self, scores: FloatArray, words: IntArray, edges: NDArray[np.int8]) -> IntArray:
        """The likeliest label of each undecided word, given its scores and those of its neighbours.

        A run is a row of adjacent undecided words; the labels of one run do not depend on other
        runs.
        """
        breaks = (words[1:] - words[:-1] != 1).nonzero()[0]
        first, last = _ends_of_runs(breaks, len(words))
        scores = scores.copy()
        # A run stands between words outside of names, or edges, which have no transition scores.
        scores[first] += self._enter.take(edges.take(words.take(first) - 1), 0)
        scores[last] += self._leave.take(edges.take(words.take(last) + 1), 0)
        path: IntArray = scores.argmax(1)
        more = last - first
        if more.max() >= _MAX_RUN:
            runs = zip(first.tolist(), last.tolist(), strict=True)
            first = np.concatenate([np.arange(start, end + 1, _MAX_RUN) for start, end in runs])
            last = np.concatenate((first[1:], [len(words)])) - 1
            more = last - first
        order = (-more).argsort(kind="stable")[: np.count_nonzero(more)]  # the longest first
        if len(order):
            self._viterbi(scores, first.take(order), last.take(order), path)
        return path

    def _viterbi(self, scores: FloatArray, first: IntArray, last: IntArray, path: IntArray) -> None:
        """Write the likeliest labels of all runs of two and more words into `path`.

        The runs are processed side by side, the longest first. They are aligned at their ends, so
        the number of active runs grows from step to step.
        """
        longest = int(last[0] - first[0]) + 1
        words = last + np.arange(1 - longest, 1)[:, None]  # steps x runs
        active = words >= first
        counts = np.count_nonzero(active, 1).tolist()
        # Steps x labels x runs; before a run begins its column is not used.
        steps = scores.take(words, 0, mode="clip").transpose(0, 2, 1).copy()
        moves = self._moves[..., None]
        for before, now, count in zip(steps[:-1], steps[1:], counts, strict=False):
            now[:, :count] += np.maximum.reduce(before[:, None, :count] + moves, 0)
        best = [steps[-1].argmax(0)]
        for now, count in zip(steps[-2::-1], counts[-2::-1], strict=True):
            best.append((now[:, :count] + self._moves.take(best[-1][:count], 1)).argmax(0))
        path[words[active]] = np.concatenate(best[::-1])

    def _names(
        self, indexes: IntArray, words: IntArray, path: IntArray, margins: FloatArray
    ) -> NameSpans:
        """Join adjacent words whose labels continue one name, and return the names.

        `indexes` are the words' positions in the text, and `words` their positions when the edges
        around sentences are counted as well.
        """
        breaks = (words[1:] - words[:-1] != 1) | (path[1:] != self._inside.take(path[:-1]))
        first, last = _ends_of_runs(breaks.nonzero()[0], len(words))
        means = np.add.reduceat(margins, first, dtype=np.float64) / (last + 1 - first)
        labels = [self._kinds[label] for label in path.take(first).tolist()]
        stops = (indexes.take(last) + 1).tolist()
        return NameSpans(indexes.take(first).tolist(), stops, labels, means.tolist())


def _ends_of_runs(breaks: IntArray, count: int) -> tuple[IntArray, IntArray]:
    """The first and the last index of each of several runs of the indexes below `count`; `breaks`
    are the last indexes of all runs but the last."""
    first, last = np.zeros(len(breaks) + 1, np.int64), np.empty(len(breaks) + 1, np.int64)
    first[1:], last[:-1], last[-1] = breaks + 1, breaks, count - 1
    return first, last
