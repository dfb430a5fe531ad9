"""Precision and recall of an extracted text against the gold text, by shingles or segments."""

import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from bench.pages import Page

_WORD = re.compile(r"\w+")
_SHINGLE = 4  # words, as in the article extraction benchmark that made the measure known
_RESAMPLES = 2000


class Score(NamedTuple):
    """Of one page. `weight` is 1 where shares count, the number of segments where those do."""

    precision: float
    recall: float
    found: float
    wanted: float


def score(page: Page, text: str) -> Score:
    return _shingles(page, text) if page.text else _segments(page, text)


def _shingles(page: Page, text: str) -> Score:
    gold, found = shingles(page.text), shingles(text)
    both = sum((gold & found).values())
    precision = both / sum(found.values()) if found else 0.0
    return Score(precision, both / sum(gold.values()), 1, 1)


def shingles(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    starts = range(max(1, len(words) - _SHINGLE + 1)) if words else ()
    return Counter(tuple(words[at : at + _SHINGLE]) for at in starts)


def _segments(page: Page, text: str) -> Score:
    """Weighted by segments: a page counts as much as was written down about it."""
    line = " ".join(text.split())
    right = sum(" ".join(segment.split()) in line for segment in page.must)
    wrong = sum(" ".join(segment.split()) in line for segment in page.must_not)
    found = right + wrong
    precision = right / found if found else 0.0
    return Score(precision, right / max(1, len(page.must)), found, len(page.must))


def total(scores: Sequence[Score]) -> tuple[float, float, float]:
    """F1, precision and recall over pages: F1 of the means, as published figures have it."""
    precision = _mean([(s.precision, s.found) for s in scores])
    recall = _mean([(s.recall, s.wanted) for s in scores])
    return 2 * precision * recall / max(precision + recall, 1e-9), precision, recall


def interval(ours: Sequence[Score], theirs: Sequence[Score]) -> tuple[float, float]:
    """The 95 % interval of the difference in F1 when the pages are drawn again."""
    rng = random.Random(1)
    differences = []
    for _ in range(_RESAMPLES):
        drawn = rng.choices(range(len(ours)), k=len(ours))
        differences.append(_f1(ours, drawn) - _f1(theirs, drawn))
    differences.sort()
    return differences[int(_RESAMPLES * 0.025)], differences[int(_RESAMPLES * 0.975)]


def _f1(scores: Sequence[Score], drawn: Sequence[int]) -> float:
    return total([scores[at] for at in drawn])[0]


def _mean(weighted: Sequence[tuple[float, float]]) -> float:
    return sum(v * w for v, w in weighted) / max(sum(w for _, w in weighted), 1e-9)
