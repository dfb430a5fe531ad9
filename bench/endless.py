"""Generate any number of articles whose words follow Zipf's law, for an index of a million.

Words are drawn from a vocabulary of fifty thousand by the Zipf-Mandelbrot law, which is flatter for
the most frequent words. In a million articles, one three-word sequence in fifty has occurred in an
earlier article. One article in ten is a copy of another in its batch, with some words replaced.
"""

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import NamedTuple

import numpy as np

from devtools.generated_articles import vocabulary
from worker.model.records import Article

_VOCABULARY = 50_000
_FLAT = 50  # Mandelbrot's shift of the rank: flattens the frequencies of the first ranks
_WORDS = (200, 400)
_TITLE_WORDS = 8
_COPIES = 0.1
_REPLACED = 0.03  # share of a copy's words
_MIN_ORIGINALS = 10  # originals of a batch before its first copy


class GeneratedArticle(NamedTuple):
    article: Article
    copy: bool


def endless(batch: int, seed: int) -> Iterator[list[GeneratedArticle]]:
    """Yield batches of articles without end; equal seeds give equal batches."""
    rng = np.random.default_rng(seed)
    words = np.array(vocabulary(Random(seed), _VOCABULARY), object)
    shares = 1 / (np.arange(_VOCABULARY) + _FLAT)
    cumulative = np.cumsum(shares / shares.sum())
    originals: list[tuple[str, list[str]]] = []  # titles and words of the originals of a batch

    def draw_words(many: int) -> list[str]:
        return list(words[np.searchsorted(cumulative[:-1], rng.random(many))])

    def generate(number: int) -> GeneratedArticle:
        copy = len(originals) >= _MIN_ORIGINALS and rng.random() < _COPIES
        if copy:
            title, body = originals[rng.integers(len(originals))]
            body = body.copy()
            for index in rng.integers(0, len(body), round(_REPLACED * len(body))):
                body[index] = draw_words(1)[0]
        else:
            title, body = " ".join(draw_words(_TITLE_WORDS)), draw_words(int(rng.integers(*_WORDS)))
            originals.append((title, body))
        article = Article(source="scale", key=f"id:{number}", title=title, text=" ".join(body))
        return GeneratedArticle(article, bool(copy))

    for first in count(0, batch):
        originals.clear()
        yield [generate(first + index) for index in range(batch)]
