"""Generate any number of articles whose words follow Zipf's law, for an index of a million.

Words are drawn by Zipf's law from fifty thousand, flattened at its head (Mandelbrot): of a million
articles one three-word sequence in fifty has stood in another. Some are copies of one in the same
batch, in which words were exchanged.
"""

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import NamedTuple

import numpy as np

from devtools.generated_articles import vocabulary
from worker.model.records import Article

_VOCABULARY = 50_000
_FLAT = 50  # ranks from which on frequency falls with rank
_WORDS = (200, 400)
_TITLE_WORDS = 8
_COPIES = 0.1
_EXCHANGED = 0.03  # of a copy's words
_BEFORE = 10  # articles of its batch before there is a copy


class Made(NamedTuple):
    article: Article
    copy: bool


def endless(batch: int, seed: int) -> Iterator[list[Made]]:
    """Batches, the same for the same seed."""
    rng = np.random.default_rng(seed)
    words = np.array(vocabulary(Random(seed), _VOCABULARY), object)
    shares = 1 / (np.arange(_VOCABULARY) + _FLAT)
    upto = np.cumsum(shares / shares.sum())
    told: list[tuple[str, list[str]]] = []  # titles and words of a batch

    def drawn(many: int) -> list[str]:
        return list(words[np.searchsorted(upto[:-1], rng.random(many))])

    def made(number: int) -> Made:
        copy = len(told) >= _BEFORE and rng.random() < _COPIES
        if copy:
            title, its = told[rng.integers(len(told))]
            its = its.copy()
            for place in rng.integers(0, len(its), round(_EXCHANGED * len(its))):
                its[place] = drawn(1)[0]
        else:
            title, its = " ".join(drawn(_TITLE_WORDS)), drawn(int(rng.integers(*_WORDS)))
            told.append((title, its))
        article = Article(source="scale", key=f"id:{number}", title=title, text=" ".join(its))
        return Made(article, bool(copy))

    for first in count(0, batch):
        told.clear()
        yield [made(first + place) for place in range(batch)]
