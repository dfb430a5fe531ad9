"""Precision and recall of an extracted text against the gold text, by shingles or segments."""

import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from bench.pages import Page

_WORD = re.compile(r"\w+")
_SHINGLE = 4  # words, as in the article-extraction-benchmark that introduced this measure
_RESAMPLES = 2000


class Score(NamedTuple):
    """The score of one page. Weights are 1 with a gold text, else numbers of segments."""

    precision: float
    recall: float
    precision_weight: float
    recall_weight: float


def score(page: Page, text: str) -> Score:
    """Compare an extracted text with the gold text of the page, or with its gold segments."""
    return _shingles(page, text) if page.text else _segments(page, text)


def _shingles(page: Page, text: str) -> Score:
    gold, extracted = shingles(page.text), shingles(text)
    both = sum((gold & extracted).values())
    precision = both / sum(extracted.values()) if extracted else 0.0
    return Score(precision, both / sum(gold.values()), 1, 1)


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """Count the sequences of four lowercase words; a shorter text is one sequence."""
    words = _WORD.findall(text.lower())
    starts = range(max(1, len(words) - _SHINGLE + 1)) if words else ()
    return Counter(tuple(words[at : at + _SHINGLE]) for at in starts)


def _segments(page: Page, text: str) -> Score:
    """Count gold segments in the text. A page weighs as much as it has segments."""
    line = " ".join(text.split())
    right = sum(" ".join(segment.split()) in line for segment in page.must)
    wrong = sum(" ".join(segment.split()) in line for segment in page.must_not)
    present = right + wrong
    precision = right / present if present else 0.0
    return Score(precision, right / max(1, len(page.must)), present, len(page.must))


def total(scores: Sequence[Score]) -> tuple[float, float, float]:
    """F1, mean precision and mean recall over pages. F1 is computed from the two means."""
    precision = _mean([(s.precision, s.precision_weight) for s in scores])
    recall = _mean([(s.recall, s.recall_weight) for s in scores])
    return 2 * precision * recall / max(precision + recall, 1e-9), precision, recall


def interval(first: Sequence[Score], second: Sequence[Score]) -> tuple[float, float]:
    """The 95 % bootstrap interval of the difference in F1, first minus second."""
    rng = random.Random(1)
    differences = []
    for _ in range(_RESAMPLES):
        drawn = rng.choices(range(len(first)), k=len(first))
        differences.append(_f1(first, drawn) - _f1(second, drawn))
    differences.sort()
    return differences[int(_RESAMPLES * 0.025)], differences[int(_RESAMPLES * 0.975)]


def _f1(scores: Sequence[Score], drawn: Sequence[int]) -> float:
    return total([scores[at] for at in drawn])[0]


def _mean(weighted: Sequence[tuple[float, float]]) -> float:
    return sum(v * w for v, w in weighted) / max(sum(w for _, w in weighted), 1e-9)
