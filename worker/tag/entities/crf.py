"""A linear-chain CRF that is read in columns: the words of a text come in, its names go out.

The weights are those of a CRF trained by `training/entities.py`. Every feature belongs to one word
form (see features.py), so a form's scores for the six places it can stand in are summed once and
kept; labelling an article is six gathers and one Viterbi pass over all its names side by side. A
thorough model has features of several words as well, for those that may be part of a name.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.hashed_keys import Arrays, crc
from worker.tag.entities.lexicon import Lexicon
from worker.tag.entities.tokens import Tokens
from worker.tag.entities.word_features import (
    BEFORE,
    BEFORE_2,
    BEHIND,
    BEHIND_2,
    HERE,
    MARK,
    NONE,
    PLACES,
    START,
    combinations,
    pattern,
    traits,
)
from worker.tag.entities.word_forms import EDGE, Forms
from worker.tag.entities.word_scores import SURE_CAPITAL, Looker, Numbers, Scores, Weights

Reals = NDArray[np.float32]

OUTSIDE = "O"
_KINDS = NONE + 1
_TRAITS = 20_000  # words of which a thorough model keeps what it combines
_BEFORE_DOTS = 12_000  # words that a sentence is known to end with before work begins
# As SURE_CAPITAL, of a word with capitals on both sides within two words.
_SURE_BETWEEN = 6.0
# The words that tell of one: how far from it they stand, and what they are seen from.
_WINDOW = np.array([[0], [-1], [1], [-2], [2]])
_IN_ORDER = [3, 1, 0, 2, 4]
_SEEN_FROM = np.array([[HERE], [BEFORE], [BEHIND], [BEFORE_2], [BEHIND_2]])


class Names(NamedTuple):
    """Words [first, behind) are a name of this label; its margin: how much more so than none."""

    first: list[int]
    behind: list[int]
    labels: list[str]
    margins: list[float]


_NO_NAMES = Names([], [], [], [])


class Recogniser:
    """Finds the words that name a person, organisation or place."""

    def __init__(self, arrays: Arrays) -> None:
        first = np.argsort(arrays["labels"] != OUTSIDE, kind="stable")
        self.labels = [str(label) for label in arrays["labels"][first]]
        self._kinds = [label[2:] for label in self.labels]
        # By label, the one that goes on with its name.
        self._inside = np.array([self._goes_on(kind) for kind in self._kinds])
        self.lexicon = Lexicon(arrays)
        self._traits = lru_cache(_TRAITS)(lambda word: traits(word, self.lexicon.entry(word)))
        self.weights = Weights(arrays, first)
        self._scale = np.float32(arrays["scale"])
        # From label, to label.
        self._moves: Reals = arrays["moves"][np.ix_(first, first)].astype(np.float32)
        # From a word that is none, or an edge, into a run, and out of it.
        self._enter, self._leave = (
            np.stack([moves, np.zeros_like(moves)]) for moves in (self._moves[0], self._moves[:, 0])
        )
        threes = np.ndindex(_KINDS, _KINDS, _KINDS)
        self._patterns = self.weights.of([crc(pattern(*three)) for three in threes])
        self._thorough = bool(arrays["thorough"])
        self.looker = Looker(self.lexicon, self.weights, float(self._scale))
        self._forms = Forms(self.looker)

    def _goes_on(self, kind: str) -> int:
        return self.labels.index("I-" + kind) if "I-" + kind in self.labels else -1

    def find(self, tokens: Tokens) -> Names:
        """The names among the words of a text, in order."""
        if not len(tokens.numbers):
            return _NO_NAMES
        self._forms.look(tokens)
        rows, places = self._rows(tokens.numbers)
        at, limits = self._open(rows)
        scores = self._scores(rows, at, tokens)
        kept = np.flatnonzero(scores[:, 0] - np.maximum.reduce(scores[:, 1:], 1) < limits)
        if not len(kept):
            return _NO_NAMES
        at, scores = at[kept], scores[kept]
        path = self._path(scores, at, (rows == EDGE).view(np.int8))
        named = path.nonzero()[0]
        if not len(named):
            return _NO_NAMES
        margins = scores[named, path[named]] - scores[named, 0]
        return self._names(places.searchsorted(at[named]), at[named], path[named], margins)

    def learn(self, words: Sequence[str]) -> None:
        """Look at these words now, so that processes forked from this one need not."""
        self._forms.look(Tokens(" ".join(words)))
        # Many a word was seen, but not where a sentence ends.
        Tokens(" ".join([f"{word}." for word in words[:_BEFORE_DOTS] if word.isalpha()]))

    def _rows(self, numbers: Numbers) -> tuple[Numbers, Numbers]:
        """The words with two edges between sentences and at both ends, and where each is then."""
        steps = self._forms.steps.take(numbers)
        behind = steps.cumsum()
        places = behind - steps + 2
        flat = np.zeros(int(behind[-1]) + 4, np.int64)
        flat[places] = numbers
        return flat, places

    def _open(self, rows: Numbers) -> tuple[Numbers, Reals]:
        """The words that may be part of a name, and how sure each must be to be none."""
        limits = self._forms.limits.take(rows)
        capital = limits == SURE_CAPITAL
        near = capital[:-1] | capital[1:]  # of two neighbours
        between = np.flatnonzero(near[:-3] & near[3:] & (rows[2:-2] != EDGE)) + 2
        limits[between] = np.maximum(limits[between], _SURE_BETWEEN)
        at = np.flatnonzero(limits)
        return at, limits[at]

    def _scores(self, rows: Numbers, at: Numbers, tokens: Tokens) -> Reals:
        """Of each label, for the words at these places: what they and their neighbours say."""
        window = rows.take(at + _WINDOW)
        here, before, behind = self._forms.kinds.take(window[:3])
        # A mark in front of a sentence's first word counts for nothing.
        starts = (window[1] == EDGE) | ((before == MARK) & (window[3] == EDGE))
        seen = window * PLACES + _SEEN_FROM
        seen[0] += (START - HERE) * starts
        table = self._forms.scores
        told = table.reshape(-1, table.shape[2]).take(seen, 0).sum(0, dtype=np.int16)
        told += self._patterns.take((before * _KINDS + here) * _KINDS + behind, 0)
        if self._thorough and len(at):
            told += self._combined(window, tokens.vocabulary.words)
        scores: Reals = told * self._scale
        return scores

    def _combined(self, window: Numbers, words: Sequence[str]) -> Scores:
        """What words say together."""
        keys: list[int] = []
        for rows in window[_IN_ORDER].T.tolist():
            keys += map(crc, combinations([self._traits(words[row]) for row in rows]))
        told = self.weights.of(keys).reshape(window.shape[1], -1, len(self.labels))
        scores: Scores = told.sum(1, dtype=np.int16)
        return scores

    def _path(self, scores: Reals, at: Numbers, edges: NDArray[np.int8]) -> Numbers:
        """The likeliest label of every word that may be part of a name, run by run."""
        first = np.concatenate(([0], np.flatnonzero(at[1:] - at[:-1] != 1) + 1))
        last = np.concatenate((first[1:], [len(at)])) - 1
        scores = scores.copy()
        # Words that are none stand around a run, edges are left without a move.
        scores[first] += self._enter.take(edges.take(at[first] - 1), 0)
        scores[last] += self._leave.take(edges.take(at[last] + 1), 0)
        path: Numbers = scores.argmax(1)
        long = np.flatnonzero(last > first)
        if len(long):
            long = long[np.argsort(first[long] - last[long], kind="stable")]
            self._longer(scores, first[long], last[long], path)
        return path

    def _longer(self, scores: Reals, first: Numbers, last: Numbers, path: Numbers) -> None:
        """Viterbi over all runs of several words side by side, the longest first; they end
        together, so the later the step, the more of them take part."""
        lengths = last - first + 1
        longest = int(lengths[0])
        begun = np.searchsorted(-lengths, np.arange(-longest, 0), "right")
        behind = begun.cumsum()
        run = np.arange(len(first)).repeat(lengths)
        at = np.arange(len(run)) - (lengths.cumsum() - lengths).repeat(lengths)
        place = (behind - begun)[at + (longest - lengths)[run]] + run
        words = at + first[run]
        side = np.empty((len(self.labels), len(run)), np.float32)  # step by step, labels apart
        side[:, place] = scores[words].T
        steps = [side[:, start:end] for start, end in pairwise([0, *behind.tolist()])]
        moves = self._moves[..., None]
        for before, now in pairwise(steps):
            count = before.shape[1]
            now[:, :count] += np.maximum.reduce(before[:, None] + moves, 0)
        best = [steps[-1].argmax(0)]
        for now in reversed(steps[:-1]):
            best.append((now + self._moves.take(best[-1][: now.shape[1]], 1)).argmax(0))
        path[words] = np.concatenate(best[::-1])[place]

    def _names(self, words: Numbers, at: Numbers, path: Numbers, margins: Reals) -> Names:
        """Runs of labels as names."""
        goes_on = (at[1:] - at[:-1] == 1) & (path[1:] == self._inside[path[:-1]])
        first = np.flatnonzero(np.concatenate(([True], ~goes_on)))
        last = np.append(first[1:], len(at)) - 1
        means = np.add.reduceat(margins, first, dtype=np.float64) / (last + 1 - first)
        labels = [self._kinds[label] for label in path[first].tolist()]
        return Names(words[first].tolist(), (words[last] + 1).tolist(), labels, means.tolist())
