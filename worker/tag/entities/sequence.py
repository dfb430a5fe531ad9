"""A linear-chain CRF that is read in columns: the words of a text come in, its names go out.

The weights are those of a CRF trained by `training/entities.py`. Every feature belongs to one word
form (see features.py), so a form's scores for the six places it can stand in are summed once and
kept; labelling an article is six gathers and one Viterbi pass over all its names side by side. A
thorough model has features of several words as well, for those that may be part of a name.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.features import (
    BEFORE,
    BEFORE_2,
    BEHIND,
    BEHIND_2,
    CAPITALS,
    HERE,
    MARK,
    NONE,
    PLACES,
    START,
    TITLE,
    Entry,
    combinations,
    features,
    kind,
    pattern,
    seen_at,
    shape,
    traits,
)
from worker.tag.entities.forms import EDGE, Forms, Looks
from worker.tag.entities.tokens import ends_sentence

Arrays = Mapping[str, NDArray[Any]]
Indices = NDArray[np.int64]
Scores = NDArray[np.float32]

OUTSIDE = "O"
_KINDS = NONE + 1
_NEVER = -1e6
_FORMS = 60_000  # words looked at and kept, 11 MB
# A word that is this much likelier outside than anything else is outside whatever surrounds it: a
# word in capitals, one with such a word on both sides within two words, and any other.
_SURE_CAPITAL, _SURE_BETWEEN, _SURE = 7.0, 6.0, 1.5
# The same by the word alone: one that is surer is not even looked at with its neighbours.
_ALONE_CAPITAL, _ALONE = 9.0, 0.0
# A feature is known by the CRC of its name; the place it is seen from is the beginning of that.
_HERE, _BEFORE, _BEHIND = crc32(b"0"), crc32(b"-"), crc32(b"+")
# The words that tell of one: how far from it they stand, and what they are seen from.
_WINDOW = np.array([[0], [-1], [1], [-2], [2]])
_IN_ORDER = [3, 1, 0, 2, 4]
_SEEN_FROM = np.array([[HERE], [BEFORE], [BEHIND], [BEFORE_2], [BEHIND_2]])
_PATTERN = np.array([_KINDS, _KINDS**2, 1])  # of kinds: here, before, behind


class Lexicon:
    """What is known of words, found by the CRC of their spelling: no strings are kept."""

    def __init__(self, arrays: Arrays) -> None:
        self._words = arrays["words"]
        self._clusters = arrays["clusters"]
        self._groups = arrays["groups"]
        self._lower = arrays["lower"]
        self._group_sets = [tuple(str(s).split()) for s in arrays["group_sets"]]
        self._known = arrays["known"]
        self._known_as = arrays["known_as"]
        self._known_names = [str(s) for s in arrays["known_names"]]

    def entry(self, word: str) -> Entry:
        known = _find(self._known, word)
        name = self._known_names[self._known_as[known]] if known >= 0 else ""
        at = _find(self._words, word.lower())
        if at < 0:
            return Entry(known=name)
        return Entry(
            cluster=int(self._clusters[at]),
            groups=self._group_sets[self._groups[at]],
            lower=int(self._lower[at]),
            known=name,
        )


class Found(NamedTuple):
    """Words [first, last) are a name of this label; `margin`: how much more than none they are."""

    first: int
    last: int
    label: str
    margin: float


class Recogniser:
    """Finds the words that name a person, organisation or place."""

    def __init__(self, arrays: Arrays) -> None:
        first = np.argsort(arrays["labels"] != OUTSIDE, kind="stable")
        self.labels = [str(label) for label in arrays["labels"][first]]
        self.lexicon = Lexicon(arrays)
        self._traits = lru_cache(_FORMS)(lambda word: traits(word, self.lexicon.entry(word)))
        self._keys = arrays["keys"]
        weights = arrays["weights"][:, first].astype(np.float32) * float(arrays["scale"])
        self._weights = np.concatenate([weights, np.zeros_like(weights[:1])])  # last: unknown
        # From label, to label.
        self._moves: Scores = arrays["moves"][np.ix_(first, first)].astype(np.float32)
        self._patterns = self._pattern_scores()  # by three kinds in a row
        self._thorough = bool(arrays["thorough"])
        self._forms = Forms(self._edge(), self._look, _FORMS)

    def find(self, words: Sequence[str]) -> list[Found]:
        """The names among the words of a text, in order."""
        if not words:
            return []
        rows, places = self._rows(words)
        at, limits = self._open(rows)
        scores = self._scores(rows, at)
        kept = np.flatnonzero(_lead(scores) < limits)
        if not len(kept):
            return []
        at, scores = at[kept], scores[kept]
        path = self._path(scores, at, rows == EDGE)
        named = np.flatnonzero(path)
        at, path = at[named], path[named]
        margins = scores[named, path] - scores[named, 0]
        labels = [self.labels[n] for n in path]
        return _found(places.searchsorted(at).tolist(), at.tolist(), labels, margins.tolist())

    def learn(self, words: Sequence[str]) -> None:
        """Look at these words now, so that processes forked from this one need not."""
        self._forms.keep(words)

    def _rows(self, words: Sequence[str]) -> tuple[Indices, Indices]:
        """The rows of the words with two edges between sentences and at both ends, and where each
        word is among them."""
        rows = self._forms.rows(words)
        steps = self._forms.steps[rows]
        behind = steps.cumsum()
        places = behind - steps + 2
        flat = np.zeros(int(behind[-1]) + 4, np.int64)
        flat[places] = rows
        return flat, places

    def _open(self, rows: Indices) -> tuple[Indices, Scores]:
        """The words that may be part of a name, and how sure each must be to be none."""
        limits = self._forms.limits[rows]
        capital = limits == _SURE_CAPITAL
        near = capital[:-1] | capital[1:]  # of two neighbours
        between = np.flatnonzero(near[:-3] & near[3:] & (rows[2:-2] != EDGE)) + 2
        limits[between] = np.maximum(limits[between], _SURE_BETWEEN)
        at = np.flatnonzero(limits)
        return at, limits[at]

    def _scores(self, rows: Indices, at: Indices) -> Scores:
        """Of each label, for the words at these places: what they and their neighbours say."""
        window = rows[at + _WINDOW]
        kinds = self._forms.kinds[window[:3]]
        # A mark in front of a sentence's first word counts for nothing.
        starts = (window[1] == EDGE) | ((kinds[1] == MARK) & (window[3] == EDGE))
        seen = window * PLACES + _SEEN_FROM
        seen[0] += (START - HERE) * starts
        table = self._forms.scores
        scores: Scores = table.reshape(-1, table.shape[2]).take(seen, 0).sum(0)
        scores += self._patterns.take(_PATTERN @ kinds, 0)
        if self._thorough and len(at):
            scores += self._combined(window)
        return scores

    def _combined(self, window: Indices) -> Scores:
        """What words say together."""
        words = self._forms.words
        keys: list[int] = []
        for rows in window[_IN_ORDER].T.tolist():
            seen = combinations([self._traits(words[row]) for row in rows])
            keys += [crc32(name.encode()) for name in seen]
        scores: Scores = self._weigh(keys).reshape(window.shape[1], -1, len(self.labels)).sum(1)
        return scores

    def _edge(self) -> Looks:
        """What an edge says of the words beside it."""
        scores = np.zeros((1, PLACES, len(self.labels)), np.float32)
        for place, names in enumerate(seen_at("", Entry())):
            if names:
                scores[0, place] = self._weigh([crc32(n.encode()) for n in names]).sum(0)
        return Looks(scores, np.array([NONE]), np.zeros(1, np.float32), np.array([2]))

    def _look(self, words: Sequence[str]) -> Looks:
        """What these forms say in each of the six places: one look-up for the features of all."""
        keys: list[int] = []
        parts: list[int] = []  # where the features of a place begin
        shapes = [shape(word) for word in words]
        for word, its in zip(words, shapes, strict=True):
            for part in _keys(word, its, self.lexicon.entry(word)):
                parts.append(len(keys))
                keys += part
        sums = np.add.reduceat(self._weigh(keys), parts)
        sums = sums.reshape(len(words), PLACES + 1, len(self.labels))
        sums[:, 1:3] += sums[:, :1]
        kinds = np.array([kind(its) for its in shapes])
        steps = np.array([3 if ends_sentence(word) else 1 for word in words])
        return Looks(sums[:, 1:], kinds, self._limits(sums[:, 1:], kinds), steps)

    def _limits(self, scores: Scores, kinds: Indices) -> Scores:
        """Of forms that may be a name's; 0 for those that are none but between others."""
        lead = np.minimum(_lead(scores[:, START]), _lead(scores[:, HERE]))
        capital = (kinds == TITLE) | (kinds == CAPITALS)
        near = lead < np.where(capital, _ALONE_CAPITAL, _ALONE)
        return (near * np.where(capital, _SURE_CAPITAL, _SURE)).astype(np.float32)

    def _weigh(self, keys: Sequence[int]) -> Scores:
        wanted = np.array(keys, np.uint32)
        at = np.minimum(self._keys.searchsorted(wanted), len(self._keys) - 1)
        at[self._keys[at] != wanted] = -1
        weights: Scores = self._weights[at]
        return weights

    def _pattern_scores(self) -> Scores:
        threes = np.ndindex(_KINDS, _KINDS, _KINDS)
        return self._weigh([crc32(pattern(*three).encode()) for three in threes])

    def _path(self, scores: Scores, at: Indices, edges: NDArray[np.bool_]) -> Indices:
        """Viterbi over every run of words that may be part of a name, all runs side by side.

        Runs end together; in front of the shorter ones stand words that are no names.
        """
        first = np.concatenate(([0], np.flatnonzero(at[1:] - at[:-1] != 1) + 1))
        last = np.concatenate((first[1:], [len(at)])) - 1
        lengths = last - first + 1
        count, longest = len(first), int(lengths.max())
        run = np.repeat(np.arange(count), lengths)
        step = np.arange(len(at)) + (longest - 1 - last)[run]
        # Runs stand last, and labels side by side: numpy takes the largest of planes fastest.
        side = np.full((longest, len(self.labels), count), _NEVER, np.float32)
        side[:, 0] = 0
        side[step, :, run] = scores
        behind_edge = np.flatnonzero(edges[at[first] - 1])  # an edge is left without a move
        side[longest - lengths[behind_edge], :, behind_edge] -= self._moves[0]
        best = [self._moves[0, :, None] + side[0]]
        for each in side[1:]:
            best.append((best[-1][:, None] + self._moves[..., None]).max(0) + each)
        out = self._moves[:, :1] * ~edges[at[last] + 1]
        path = [(best.pop() + out).argmax(0)]
        while best:
            path.append((best.pop() + self._moves[:, path[-1]]).argmax(0))
        found: Indices = np.concatenate(path[::-1])[step * count + run]
        return found


def _lead(scores: Scores) -> Scores:
    """How much likelier than any name it is that there is none."""
    found: Scores = scores[:, 0] - scores[:, 1:].max(1)
    return found


def _keys(word: str, its: str, entry: Entry) -> Iterator[list[int]]:
    """The features of a form by place: as the current word, that and the start of a sentence or
    not, one word away, two words away."""
    here, start, inside, near = (
        [name.encode() for name in names] for names in features(word, its, entry)
    )
    yield [crc32(name, _HERE) for name in here]
    yield [crc32(name, _HERE) for name in start]
    yield [crc32(name, _HERE) for name in inside]
    yield [crc32(name, _BEFORE) for name in near]
    yield [crc32(name, _BEHIND) for name in near]
    far = b"2w=" + word.lower().encode()
    yield [crc32(far, _BEFORE)]
    yield [crc32(far, _BEHIND)]


def _found(
    words: Sequence[int],
    at: Sequence[int],
    labels: Sequence[str],
    margins: Sequence[float],
) -> list[Found]:
    """Runs of labels as names."""
    names: list[Found] = []
    first = 0
    for n, label in enumerate(labels):
        goes_on = n + 1 < len(at) and at[n + 1] == at[n] + 1 and labels[n + 1] == "I-" + label[2:]
        if not goes_on:
            margin = sum(margins[first : n + 1]) / (n + 1 - first)
            names.append(Found(words[first], words[n] + 1, label[2:], margin))
            first = n + 1
    return names


def _find(keys: NDArray[Any], word: str) -> int:
    key = crc32(word.encode())
    at = int(keys.searchsorted(np.uint32(key)))
    return at if at < len(keys) and int(keys[at]) == key else -1
