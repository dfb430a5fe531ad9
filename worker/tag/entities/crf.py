"""A trained model that finds names in a text, by giving each word a label: person, place,
organisation or no name. It is a linear-chain CRF (conditional random field).

Each word supports some labels for itself and for the words next to it, and the sequence of labels
with the most support is chosen. `training/entities.py` trains the model. There are two: a fast one,
which scores words one by one, and a slower, more accurate one, which also scores combinations of
words.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
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
        self._forms.ensure_rows(tokens)
        rows, indexes = self._with_edges(tokens.numbers)
        undecided, limits = self._undecided(rows)
        scores = self._scores(rows, undecided, tokens)
        kept = np.flatnonzero(scores[:, 0] - np.maximum.reduce(scores[:, 1:], 1) < limits)
        if not len(kept):
            return _NO_NAMES
        words, scores = undecided[kept], scores[kept]
        path = self._path(scores, words, (rows == EDGE).view(np.int8))
        named = path.nonzero()[0]
        if not len(named):
            return _NO_NAMES
        margins = scores[named, path[named]] - scores[named, 0]
        return self._names(indexes.searchsorted(words[named]), words[named], path[named], margins)

    def precompute(self, words: Sequence[str]) -> None:
        """Compute the scores that these words have for each label (person, no name …), and keep
        them.

        It is called before a worker forks, so that all its processes share the memory of the
        scores.
        """
        self._forms.ensure_rows(Tokens(" ".join(words)))
        # Texts also have them with the full stop of a sentence, which is another piece of text.
        Tokens(" ".join([f"{word}." for word in words[:_WORDS_WITH_STOP] if word.isalpha()]))

    def _with_edges(self, numbers: IntArray) -> tuple[IntArray, IntArray]:
        """The table rows of a text's words with two edges around each sentence.

        An edge is a pseudo-word that stands for the beginning or end of a sentence. Also returns
        the index of each word among these rows.
        """
        steps = self._forms.steps.take(numbers)
        stops = steps.cumsum()
        indexes = stops - steps + 2
        rows = np.zeros(int(stops[-1]) + 4, np.int64)
        rows[indexes] = numbers
        return rows, indexes

    def _undecided(self, rows: IntArray) -> tuple[IntArray, FloatArray]:
        """The words that may belong to a name, as indexes of `rows`, and a limit for each.

        A word's margin is the score of "no name" minus that of its best other label. If the margin
        reaches the limit, the word belongs to no name.
        """
        limits = self._forms.limits.take(rows)
        capital = limits == SURE_CAPITAL
        near = capital[:-1] | capital[1:]  # of two neighbours
        between = np.flatnonzero(near[:-3] & near[3:] & (rows[2:-2] != EDGE)) + 2
        limits[between] = np.maximum(limits[between], _SURE_BETWEEN)
        undecided = np.flatnonzero(limits)
        return undecided, limits[undecided]

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
            sums += self._combined(window, tokens.vocabulary.words)
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
        first = np.concatenate(([0], np.flatnonzero(words[1:] - words[:-1] != 1) + 1))
        last = np.concatenate((first[1:], [len(words)])) - 1
        scores = scores.copy()
        # A run stands between words outside of names, or edges, which have no transition scores.
        scores[first] += self._enter.take(edges.take(words[first] - 1), 0)
        scores[last] += self._leave.take(edges.take(words[last] + 1), 0)
        path: IntArray = scores.argmax(1)
        if (last - first).max(initial=0) >= _MAX_RUN:
            runs = zip(first.tolist(), last.tolist(), strict=True)
            first = np.concatenate([np.arange(start, end + 1, _MAX_RUN) for start, end in runs])
            last = np.concatenate((first[1:], [len(words)])) - 1
        several = np.flatnonzero(last > first)
        if len(several):
            several = several[np.argsort(first[several] - last[several], kind="stable")]
            self._viterbi(scores, first[several], last[several], path)
        return path

    def _viterbi(self, scores: FloatArray, first: IntArray, last: IntArray, path: IntArray) -> None:
        """Write the likeliest labels of all runs of two and more words into `path`.

        The runs are processed side by side, the longest first. They are aligned at their ends, so
        the number of active runs grows from step to step.
        """
        lengths = last - first + 1
        longest = int(lengths[0])
        active = np.searchsorted(-lengths, np.arange(-longest, 0), "right")  # runs, by step
        stops = active.cumsum()
        run = np.arange(len(first)).repeat(lengths)
        index = np.arange(len(run)) - (lengths.cumsum() - lengths).repeat(lengths)
        column = (stops - active)[index + (longest - lengths)[run]] + run
        words = index + first[run]
        by_step = np.empty((len(self.labels), len(run)), np.float32)  # labels x steps of runs
        by_step[:, column] = scores[words].T
        steps = [by_step[:, start:end] for start, end in pairwise([0, *stops.tolist()])]
        moves = self._moves[..., None]
        for before, now in pairwise(steps):
            continued = now[:, : before.shape[1]]
            continued += np.maximum.reduce(before[:, None] + moves, 0)
        best = [steps[-1].argmax(0)]
        for now in reversed(steps[:-1]):
            best.append((now + self._moves.take(best[-1][: now.shape[1]], 1)).argmax(0))
        path[words] = np.concatenate(best[::-1])[column]

    def _names(
        self, indexes: IntArray, words: IntArray, path: IntArray, margins: FloatArray
    ) -> NameSpans:
        """Join adjacent words whose labels continue one name, and return the names.

        `indexes` are the words' positions in the text, and `words` their positions when the edges
        around sentences are counted as well.
        """
        continues = (words[1:] - words[:-1] == 1) & (path[1:] == self._inside[path[:-1]])
        first = np.flatnonzero(np.concatenate(([True], ~continues)))
        last = np.append(first[1:], len(words)) - 1
        means = np.add.reduceat(margins, first, dtype=np.float64) / (last + 1 - first)
        labels = [self._kinds[label] for label in path[first].tolist()]
        stops = (indexes[last] + 1).tolist()
        return NameSpans(indexes[first].tolist(), stops, labels, means.tolist())
