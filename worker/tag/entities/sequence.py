"""A linear-chain CRF that is read in columns: the words of a text come in, its names go out.

The weights are those of a CRF trained by `training/entities.py`. Every feature belongs to one word
form (see features.py), so a form's scores for the six places it can stand in are summed once and
kept; labelling an article is six gathers and one Viterbi pass over all its names side by side.
"""

from collections.abc import Iterable, Mapping, Sequence
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
    EDGE,
    HERE,
    MARK,
    NONE,
    PLACES,
    START,
    TITLE,
    Entry,
    features,
    kind,
    pattern,
    seen_at,
    shape,
)

Arrays = Mapping[str, NDArray[Any]]

OUTSIDE = "O"
_KINDS = NONE + 1
_FORMS = 60_000  # words kept, 11 MB; beyond that the table starts anew
# A word that is this much likelier outside than anything else is outside whatever surrounds it: a
# word in capitals, one with such a word on both sides within two words, and any other.
_SURE_CAPITAL, _SURE_BETWEEN, _SURE = 7.0, 6.0, 1.5
# A feature is known by the CRC of its name; the place it is seen from is the beginning of that.
_HERE, _BEFORE, _BEHIND = crc32(b"0"), crc32(b"-"), crc32(b"+")


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
        self.labels = tuple(str(s) for s in arrays["labels"])
        self.lexicon = Lexicon(arrays)
        self._outside = self.labels.index(OUTSIDE)
        self._inside = [n for n in range(len(self.labels)) if n != self._outside]
        self._keys = arrays["keys"]
        weights = arrays["weights"].astype(np.float32) * float(arrays["scale"])
        self._weights = np.concatenate([weights, np.zeros_like(weights[:1])])  # last: unknown
        self._moves = arrays["moves"].astype(np.float32)  # from label, to label
        self._patterns = self._pattern_scores()
        self._clear()

    def find(self, words: Sequence[str]) -> list[Found]:
        """The names among the words of a text, in order."""
        rows, starts, places = self._rows(words)
        scores = self._scores(rows, starts)
        paths = self._paths(scores, self._kinds[rows[2:-2]])
        at = np.flatnonzero(paths != self._outside)
        margins = scores[at, paths[at]] - scores[at, self._outside]
        return _found(
            at.tolist(), [self.labels[n] for n in paths[at]], margins.tolist(), places.tolist()
        )

    def learn(self, words: Iterable[str]) -> None:
        """Look at these words now, so that processes forked from this one need not."""
        for word in words:
            self._row(word)

    def _clear(self) -> None:
        count = len(self.labels)
        self._rows_of: dict[str, int] = {}
        self._table = np.zeros((1024, PLACES, count), np.float32)
        self._kinds = np.zeros(1024, np.int64)
        self._edge = 0
        self._rows_of[EDGE] = 0
        self._kinds[0] = NONE
        for place, names in enumerate(seen_at(EDGE, Entry())):
            if names:
                self._table[0, place] = self._weigh([crc32(n.encode()) for n in names]).sum(0)
        self._ends = tuple(self._row(mark) for mark in ".?!")

    def _rows(
        self, words: Sequence[str]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The row of each word with two edges between sentences, those that begin one, and which
        word each comes from."""
        if len(self._rows_of) > _FORMS:
            self._clear()
        known, add = self._rows_of.get, self._row
        rows = np.array([known(word) or add(word) for word in words], np.int64)
        dot, question, bang = self._ends
        ends = (rows == dot) | (rows == question) | (rows == bang)
        behind = np.cumsum(1 + 2 * ends + (rows == 0))  # a line's end is an edge: one more is two
        at = np.concatenate(([0], behind[:-1])) if len(rows) else rows
        flat = np.zeros((int(behind[-1]) if len(rows) else 0) + 4, np.int64)
        flat[at + 2] = rows
        places = np.full(len(flat) - 4, -1)
        places[at] = np.arange(len(rows))
        first = np.flatnonzero((flat[2:-2] != 0) & (flat[1:-3] == 0))
        quoted = first[self._kinds[flat[first + 2]] == MARK] + 1
        return flat, np.concatenate((first, quoted[flat[quoted + 2] != 0])), places

    def _row(self, word: str) -> int:
        row = self._rows_of.get(word)
        if row is not None:
            return row
        if word[0] == "\n":
            return 0  # the end of a line is an edge
        row = len(self._rows_of)
        if row == len(self._table):
            self._table = np.concatenate([self._table, np.zeros_like(self._table)])
            self._kinds = np.concatenate([self._kinds, np.zeros_like(self._kinds)])
        its = shape(word)
        self._kinds[row] = kind(its)
        self._table[row] = self._score(word, its)
        self._rows_of[word] = row
        return row

    def _score(self, word: str, its: str) -> NDArray[np.float32]:
        """What a form says in each of the six places: one look-up for all its features."""
        here, start, inside, near = (
            [name.encode() for name in names]
            for names in features(word, its, self.lexicon.entry(word))
        )
        keys = [crc32(name, _HERE) for name in (*here, *start, *inside)]
        keys += [crc32(name, _BEFORE) for name in near]
        keys += [crc32(name, _BEHIND) for name in near]
        far = b"2w=" + word.lower().encode()
        keys += (crc32(far, _BEFORE), crc32(far, _BEHIND))
        rest = len(here) + len(start)
        behind = rest + len(inside)
        edges = (0, len(here), rest, behind, behind + len(near), len(keys) - 2, len(keys) - 1)
        sums = np.add.reduceat(self._weigh(keys), edges)
        sums[1:3] += sums[0]
        scores: NDArray[np.float32] = sums[1:]
        return scores

    def _weigh(self, keys: Sequence[int]) -> NDArray[np.float32]:
        wanted = np.array(keys, np.uint32)
        at = np.minimum(self._keys.searchsorted(wanted), len(self._keys) - 1)
        at[self._keys[at] != wanted] = -1
        weights: NDArray[np.float32] = self._weights[at]
        return weights

    def _pattern_scores(self) -> NDArray[np.float32]:
        scores = np.zeros((_KINDS, _KINDS, _KINDS, len(self.labels)), np.float32)
        for three in np.ndindex(_KINDS, _KINDS, _KINDS):
            scores[three] = self._weigh([crc32(pattern(*three).encode())])[0]
        return scores

    def _scores(self, rows: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.float32]:
        table, kinds = self._table, self._kinds[rows]
        here = np.full(len(rows) - 4, HERE)
        here[starts] = START
        scores: NDArray[np.float32] = table[rows[2:-2], here]
        scores += table[rows[1:-3], BEFORE]
        scores += table[rows[3:-1], BEHIND]
        scores += table[rows[:-4], BEFORE_2]
        scores += table[rows[4:], BEHIND_2]
        scores += self._patterns[kinds[1:-3], kinds[2:-2], kinds[3:-1]]
        return scores

    def _open(self, scores: NDArray[np.float32], kinds: NDArray[np.int64]) -> NDArray[np.bool_]:
        """The words that may be part of a name: those in capitals, and others between these."""
        lead = scores[:, self._outside] - scores[:, self._inside].max(1)
        capital = ((kinds == TITLE) | (kinds == CAPITALS)) & (lead < _SURE_CAPITAL)
        near = np.zeros((2, len(lead) + 2), bool)
        near[0, 1:-1] = near[1, 1:-1] = capital
        near[0, 2:] |= capital
        near[1, :-2] |= capital
        between = near[0, :-2] & near[1, 2:] & (lead < _SURE_BETWEEN)
        found: NDArray[np.bool_] = capital | between | (lead < _SURE)
        return found

    def _paths(self, scores: NDArray[np.float32], kinds: NDArray[np.int64]) -> NDArray[np.int64]:
        """Viterbi over every run of words that may be part of a name, all runs at once."""
        outside = self._outside
        labels = np.full(len(scores), outside)
        edges = kinds == NONE
        open_ = self._open(scores, kinds) & ~edges
        bounds = np.flatnonzero(np.diff(np.concatenate(([0], open_.view(np.int8), [0]))))
        first, last = bounds[::2], bounds[1::2]  # runs are [first, last)
        order = np.argsort(first - last, kind="stable")  # the longest first
        first, last = first[order], last[order]
        lengths = last - first
        if not len(lengths):
            return labels
        into = self._moves[outside] * ~_at_edge(edges, first - 1)[:, None]
        best, back = scores[first] + into, []
        ended: list[NDArray[np.float32]] = []
        for step in range(1, int(lengths[0])):
            alive = int(np.searchsorted(-lengths, -step, side="left"))
            ended.append(best[alive:])
            ways = best[:alive, :, None] + self._moves
            back.append(ways.argmax(1))
            best = ways.max(1) + scores[first[:alive] + step]
        ended.append(best)
        final = np.concatenate(ended[::-1])
        final = final + self._moves[:, outside] * ~_at_edge(edges, last)[:, None]
        now = final.argmax(1)
        for step in range(int(lengths[0]) - 1, 0, -1):
            alive = len(back[step - 1])
            labels[first[:alive] + step] = now[:alive]
            now[:alive] = back[step - 1][np.arange(alive), now[:alive]]
        labels[first] = now
        return labels


def _found(
    at: Sequence[int], labels: Sequence[str], margins: Sequence[float], places: Sequence[int]
) -> list[Found]:
    """Runs of labels as names."""
    names: list[Found] = []
    first = 0
    for n, label in enumerate(labels):
        goes_on = n + 1 < len(at) and at[n + 1] == at[n] + 1 and labels[n + 1] == "I-" + label[2:]
        if not goes_on:
            margin = sum(margins[first : n + 1]) / (n + 1 - first)
            names.append(Found(places[at[first]], places[at[n]] + 1, label[2:], margin))
            first = n + 1
    return names


def _at_edge(edges: NDArray[np.bool_], at: NDArray[np.int64]) -> NDArray[np.bool_]:
    inside = (at >= 0) & (at < len(edges))
    found: NDArray[np.bool_] = ~inside | edges[np.where(inside, at, 0)]
    return found


def _find(keys: NDArray[Any], word: str) -> int:
    key = crc32(word.encode())
    at = int(keys.searchsorted(np.uint32(key)))
    return at if at < len(keys) and int(keys[at]) == key else -1
