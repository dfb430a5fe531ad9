"""Looks: word forms come in, how much each speaks for every label in each place goes out.

Most of what a form tells it has in common with others: its cluster, its groups, its shape. That is
summed beforehand, in a few small tables; the form's own are some weights by its spelling.
"""

from collections.abc import Sequence
from itertools import repeat
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.features import (
    BEFORE,
    BEHIND,
    BEHIND_2,
    CAPITALS,
    HERE,
    LAST_3,
    NONE,
    SHAPES,
    SPELLED,
    START,
    TITLE,
    WORD,
    Entry,
    Seen,
    cluster_written,
    kind,
    looked_up,
    near_written,
    seen_at,
    seen_from,
    shape,
    spelled,
    written,
)
from worker.tag.entities.lexicon import Arrays, Keys, Lexicon
from worker.tag.entities.tokens import ends_sentence

Numbers = NDArray[np.int64]
Scores = NDArray[np.int16]  # sums of weights, each a byte
Limits = NDArray[np.float32]

# A word that is this much likelier outside than anything else is outside whatever surrounds it: a
# word in capitals, and any other.
SURE_CAPITAL, SURE = 7.0, 1.5
# The same by the word alone: one that is surer is not even looked at with its neighbours.
_ALONE_CAPITAL, _ALONE = 9.0, 0.0

# A feature is known by the CRC of its name, which begins with the place it is seen from.
_FROM_HERE = crc32(b"0")
_HERE = [crc32(f"0{name}".encode()) for name in SPELLED]
_WHOLE_NEAR = [crc32(f"{place}{WORD}".encode()) for place in ("-", "+", "-2", "+2")]
_LAST_3_NEAR = [crc32(f"{place}{LAST_3}".encode()) for place in "-+"]
_SHAPE = {its: number for number, its in enumerate(SHAPES)}
_KIND = np.array([kind(its) for its in SHAPES])
_LOWER = (0, 1, 2, 3, 4, -1)  # how often a word is written small; unknown comes last


class Weights:
    """Of features, by the CRC of their names."""

    def __init__(self, arrays: Arrays, order: Numbers) -> None:
        self._keys = Keys(arrays["keys"])
        # In C's order, or each `take` would copy all of it.
        weights = arrays["weights"][:, order].astype(np.int16, order="C")
        self._weights = np.concatenate([weights, np.zeros_like(weights[:1])])  # last: unknown

    def of(self, keys: Sequence[int]) -> Scores:
        found: Scores = self._weights.take(self._keys.rows(keys), 0, mode="wrap")
        return found

    def summed(self, seen: Sequence[Seen]) -> Scores:
        """By place, of lists of names: for what is summed but once."""
        sums = [[self.of([crc32(n.encode()) for n in names]).sum(0) for names in s] for s in seen]
        return np.array(sums, np.int16)


class Looks(NamedTuple):
    """Of some forms."""

    scores: Scores  # by form, place and label
    kinds: Numbers  # of shape
    limits: Limits  # how much likelier outside a name it must be to be so
    steps: Numbers  # 1, and 1 for each edge behind it


class Looker:
    """Looks at forms: a few gathers for all, and one search for the weights of their letters."""

    def __init__(self, lexicon: Lexicon, weights: Weights, scale: float) -> None:
        self._lexicon, self._weights, self._scale = lexicon, weights, scale
        clusters = [Entry(cluster=number) for number in range(lexicon.clusters)]
        self._clusters = weights.summed([_told(entry) for entry in (*clusters, Entry())])
        self._groups = weights.summed([_told(Entry(groups=its)) for its in lexicon.groups])
        self._known = weights.summed([_told(Entry(known=name)) for name in lexicon.known])
        self._written = weights.summed([_written(its, low) for its in SHAPES for low in _LOWER])

    def edge(self) -> Looks:
        """What stands before the first and behind the last word of a sentence."""
        scores = self._weights.summed([seen_at("", Entry())])
        return Looks(scores, np.array([NONE]), np.zeros(1, np.float32), np.array([2]))

    def look(self, words: Sequence[str]) -> Looks:
        words = [word.encode("utf-8", "replace").decode() for word in words]  # lone surrogates
        shapes = [shape(word) for word in words]
        clusters, groups, lower, known = self._lexicon.about(words)
        scores = self._clusters[clusters] + self._groups[groups] + self._known[known]
        numbers = np.array([_SHAPE[its] for its in shapes])
        scores += self._written[numbers * len(_LOWER) + lower % len(_LOWER)]
        self._spell(words, shapes, clusters.tolist(), scores)
        steps = np.array([3 if ends_sentence(word) else 1 for word in words])
        kinds = _KIND[numbers]
        return Looks(scores, kinds, self._limits(scores, kinds), steps)

    def _spell(
        self, words: Sequence[str], shapes: Sequence[str], clusters: Sequence[int], scores: Scores
    ) -> None:
        """Add what only the letters of a word tell."""
        keys: list[int] = []
        for word, its, cluster in zip(words, shapes, clusters, strict=True):
            ends = [end.encode() for end in spelled(word, its)]
            keys += map(crc32, ends, _HERE)
            keys += [0] * (len(SPELLED) - len(ends))
            keys.append(crc32(cluster_written(cluster, its).encode(), _FROM_HERE))
            keys += map(crc32, repeat(ends[0]), _WHOLE_NEAR)
            keys += map(crc32, repeat(ends[2]), _LAST_3_NEAR)
        told = self._weights.of(keys).reshape(len(words), -1, scores.shape[2])
        scores[:, START : HERE + 1] += told[:, :-6].sum(1, dtype=np.int16)[:, None]
        scores[:, BEFORE : BEHIND_2 + 1] += told[:, -6:-2]
        scores[:, BEFORE : BEHIND + 1] += told[:, -2:]

    def _limits(self, scores: Scores, kinds: Numbers) -> Limits:
        """Of forms that may be a name's; 0 for those that are none but between others."""
        here = scores[:, START : HERE + 1]
        leads = here[..., 0] - here[..., 1:].max(2)
        capital = (kinds == TITLE) | (kinds == CAPITALS)
        near = leads.min(1) * self._scale < np.where(capital, _ALONE_CAPITAL, _ALONE)
        limits: Limits = (near * np.where(capital, SURE_CAPITAL, SURE)).astype(np.float32)
        return limits


def _told(entry: Entry) -> Seen:
    told = looked_up(entry)
    return seen_from(here=told, near=told)


def _written(its: str, lower: int) -> Seen:
    return seen_from(
        start=written(its, lower, "^"), inside=written(its, lower), near=near_written(its, lower)
    )
