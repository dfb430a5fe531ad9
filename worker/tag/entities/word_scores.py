"""Looks: word forms come in, how much each speaks for every label in each place goes out.

Most of what a form tells it has in common with others: its cluster, its groups, its shape. That is
summed beforehand, in a few small tables; the form's own are some weights by its spelling.
"""

from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.hashed_keys import Arrays, Begun, Ends, Keys, Wanted
from worker.tag.entities.lexicon import Lexicon
from worker.tag.entities.tokens import ends_sentence
from worker.tag.entities.word_features import (
    BEFORE,
    BEHIND,
    BEHIND_2,
    CAPITALS,
    FIRST_3,
    HERE,
    HYPHEN,
    LAST_2,
    LAST_3,
    LAST_4,
    LENGTH,
    NONE,
    SHAPES,
    START,
    TITLE,
    WORD,
    Entry,
    Seen,
    cluster_written,
    is_capital,
    kind,
    looked_up,
    near_written,
    seen_at,
    seen_from,
    shape,
    written,
)

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
_LAST_2, _FIRST_3, _LAST_4 = (crc32(f"0{name}".encode()) for name in (LAST_2, FIRST_3, LAST_4))
_LAST_3 = [crc32(f"{place}{LAST_3}".encode()) for place in "-+0"]
_LENGTHS = [crc32(f"0{LENGTH}{letters}".encode()) for letters in range(9)]
_HYPHEN = crc32(f"0{HYPHEN}".encode())
_NO_KEY = 0  # of a feature that a word has not
_WHOLE = Begun([place + WORD for place in ("0", "-", "+", "-2", "+2")])
_SHAPE = {its: number for number, its in enumerate(SHAPES)}
_KIND = np.array([kind(its) for its in SHAPES])
_CAPITAL = frozenset(filter(is_capital, SHAPES))
_ALONE_OF, _SURE_OF = (
    np.array([large if of in (TITLE, CAPITALS) else other for of in range(NONE + 1)], np.float32)
    for large, other in ((_ALONE_CAPITAL, _ALONE), (SURE_CAPITAL, SURE))
)
_LOWER = (0, 1, 2, 3, 4, -1)  # how often a word is written small; unknown comes last


class Weights:
    """Of features, by the CRC of their names."""

    def __init__(self, arrays: Arrays, order: Numbers) -> None:
        self._keys = Keys(arrays["keys"])
        # In C's order, or each `take` would copy all of it.
        weights = arrays["weights"][:, order].astype(np.int16, order="C")
        self._weights = np.concatenate([weights, np.zeros_like(weights[:1])])  # last: unknown

    def of(self, keys: Wanted) -> Scores:
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
        text = "\n".join(words).encode("utf-8", "replace")  # lone surrogates
        words, small = text.decode().split("\n"), text.decode().lower().split("\n")
        shapes = [shape(word) for word in words]
        whole = Ends(small)
        about = self._lexicon.about(whole.keys, [*map(crc32, text.split(b"\n"))])
        clusters, groups, lower, known = about
        scores = self._clusters[clusters] + self._groups[groups] + self._known[known]
        numbers = np.array([_SHAPE[its] for its in shapes])
        scores += self._written[numbers * len(_LOWER) + lower % len(_LOWER)]
        self._spell(_own_keys(words, small, shapes, clusters.tolist()), whole, scores)
        steps = np.array([3 if ends_sentence(word) else 1 for word in words])
        kinds = _KIND[numbers]
        return Looks(scores, kinds, self._limits(scores, kinds), steps)

    def _spell(self, own: Sequence[int], whole: Ends, scores: Scores) -> None:
        """Add what only the letters of a word tell."""
        letters = np.array(own, np.uint32).reshape(-1, len(scores))
        keys = np.concatenate((letters, _WHOLE.keys(whole)))
        told = self._weights.of(keys.ravel()).reshape(*keys.shape, -1)
        scores[:, BEFORE : BEHIND + 1] += told[:2].swapaxes(0, 1)
        scores[:, START : HERE + 1] += np.add.reduce(told[2:-4], 0, np.int16)[:, None]
        scores[:, BEFORE : BEHIND_2 + 1] += told[-4:].swapaxes(0, 1)

    def _limits(self, scores: Scores, kinds: Numbers) -> Limits:
        """Of forms that may be a name's; 0 for those that are none but between others."""
        here = scores[:, START : HERE + 1]
        leads = here[..., 0] - np.maximum.reduce(here[..., 1:], 2)
        near = np.minimum(leads[:, 0], leads[:, 1]) * self._scale < _ALONE_OF.take(kinds)
        limits: Limits = near * _SURE_OF.take(kinds)
        return limits


def _own_keys(
    words: Sequence[str], small: Sequence[str], shapes: Sequence[str], clusters: Sequence[int]
) -> list[int]:
    """Of what parts of words tell, feature by feature: see `spelled` and `cluster_written`. The
    first two are those that neighbours see."""
    ends = [word[-3:].encode() for word in small]
    last_4, together, hyphens = ([_NO_KEY] * len(words) for _ in range(3))
    for at, its in enumerate(shapes):
        if its in _CAPITAL:
            last_4[at] = crc32((small[at][-4:] + its).encode(), _LAST_4)
            if known := cluster_written(clusters[at], its):
                together[at] = crc32(known.encode(), _FROM_HERE)
            if "-" in words[at]:
                hyphens[at] = _HYPHEN
    return [
        *[crc32(end, seen) for seen in _LAST_3[:2] for end in ends],
        *[crc32(word[-2:].encode(), _LAST_2) for word in small],
        *[crc32(word[:3].encode(), _FIRST_3) for word in small],
        *[_LENGTHS[min(len(word), 8)] for word in words],
        *(*last_4, *together, *hyphens),
        *[crc32(end, _LAST_3[2]) for end in ends],
    ]


def _told(entry: Entry) -> Seen:
    told = looked_up(entry)
    return seen_from(here=told, near=told)


def _written(its: str, lower: int) -> Seen:
    return seen_from(
        start=written(its, lower, "^"), inside=written(its, lower), near=near_written(its, lower)
    )
