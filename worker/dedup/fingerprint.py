"""Make the fingerprint of an article: hashes of its title and its text, by which the article is
compared with others without reading the texts again."""

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from worker.dedup.dedup_rules import DedupRules, ShingleRules
from worker.dedup.hash_arrays import NARROW, HashArray, below, distinct, high_halves, sampled
from worker.dedup.numbers import NumberReader
from worker.dedup.page_frames import is_frame
from worker.dedup.shingles import (
    TokenizedText,
    content_class,
    content_mask,
    content_of_runs,
    content_words,
    figures_of,
    runs,
    widths_of,
    words_of,
)
from worker.dedup.sketch import sketch_of
from worker.dedup.word_table import WordClass
from worker.model.records import Article, Fingerprint
from worker.model.text_hashes import SKETCH_VERSION

ALGORITHM = "5"  # increased when the same rules give other fingerprints or verdicts
FORMER_SKETCH = 18  # hashes of an article in an index that was written before SKETCH_VERSION 2


def fingerprint(
    article: Article, rules: DedupRules, complete: Article | None = None
) -> Fingerprint:
    """Compute the fingerprint of an article: the hashes by which it is compared with other
    articles.

    Letter case, quotes, dashes and spacing make no difference to most of them. Only the content
    hash tells whether anything has changed; it is made of `complete`, the article before lines that
    its source repeats were removed, so that removing one more such line counts as no change.
    """
    text, title = words_of(article.text), words_of(article.title)
    content_words_ = _content_class(rules.content.stop_words)
    content = content_mask(text, content_words_)
    vocabulary = content_words(text, content)
    widths = widths_of(text, rules.shingles)
    wide = runs(text, widths.wide)
    # What is only the frame of a page has no shingles, and is similar to nothing.
    frame = is_frame(article.text)
    ordered, contents = _ordered(text, wide, content, 0 if frame else len(vocabulary), rules)
    hashes = distinct(ordered)
    limits = rules.shingles
    sketch, alternates = sketch_of(ordered, contents, limits.sketch, limits.alternates)
    kept, scale = sampled(hashes, rules.shingles.most)
    lead = round(rules.content.lead_words * widths.wide / rules.shingles.words.wide)
    opening = wide[: max(0, lead - widths.wide + 1)] & ~NARROW
    numbers = _number_reader(article.language, rules.content.number_words)
    figures = figures_of(text, *numbers, rules.content.most_figures)
    return Fingerprint(
        content_hash=_exact(complete or article),
        text_hash=_text_hash(article, title, text, tiny=not len(hashes)),
        words=text.total,
        sketch=sketch,
        sketch_version=SKETCH_VERSION,
        alternates=alternates,
        former_sketch=tuple(hashes[:FORMER_SKETCH].tolist()),
        scale=scale,
        shingles=high_halves(kept),
        opening=high_halves(opening if scale == 1 else below(distinct(opening), scale)),
        vocabulary=high_halves(vocabulary[: rules.content.most_words]),
        title=high_halves(content_words(title, content_mask(title, content_words_))),
        figures=figures.astype("<u4").tobytes(),
        day=article.published.date().isoformat() if article.published else "",
        version=_version(rules.shingles),
    )


def _ordered(
    text: TokenizedText,
    wide: HashArray,
    content: NDArray[np.bool_],
    content_words: int,
    rules: DedupRules,
) -> tuple[HashArray, NDArray[np.uint8]]:
    """The shingle hashes of a text in its order, and how many content words each shingle has.

    A tiny text, by its number of content words, has no shingles; a short one has wide and narrow
    ones, and others have wide ones.
    """
    widths, limits = widths_of(text, rules.shingles), rules.content
    # In scripts without spaces, as many characters as a shingle is wide count as three words.
    words = content_words * rules.shingles.words.wide / widths.wide
    if words < limits.tiny_words:
        return wide[:0], content_of_runs(content[:0], 1)
    of_wide = wide & ~NARROW, content_of_runs(content, widths.wide)
    if words > limits.short_words:
        return of_wide
    of_narrow = runs(text, widths.narrow) | NARROW, content_of_runs(content, widths.narrow)
    hashes, contents = map(np.concatenate, zip(of_wide, of_narrow, strict=True))
    return hashes, contents


def _text_hash(article: Article, title: TokenizedText, text: TokenizedText, *, tiny: bool) -> str:
    """The hash of the words of a text; equal hashes mean an exact copy.

    A tiny text says too little alone, so its title is hashed as well. An article without any words
    is hashed by its characters.
    """
    if not text.total and not title.total:
        return _exact(article)
    parts = (title.hashes, np.zeros(1, np.uint64), text.hashes) if tiny else (text.hashes,)
    return _digest(np.concatenate(parts).astype("<u8").tobytes())


def _exact(article: Article) -> str:
    """The hash of title and text exactly as they are.

    The title's length is hashed as well, since it tells where the text begins.
    """
    content = f"{len(article.title)}:{article.title}{article.text}"
    return _digest(content.encode("utf-8", "surrogatepass"))


@lru_cache
def _words_in(words: frozenset[str]) -> frozenset[str]:
    return frozenset(words_of(" ".join(words)).words)


@lru_cache
def _content_class(stop_words: frozenset[str]) -> WordClass:
    return content_class(_words_in(stop_words))


@lru_cache
def _number_reader(language: str, further: frozenset[str]) -> tuple[NumberReader, WordClass]:
    """The reader of numbers for a language, and the words with which one may begin."""
    reader = NumberReader.of(language, _words_in(further))
    return reader, WordClass(reader.may_begin)


@lru_cache
def _version(rules: ShingleRules) -> str:
    """The version of a fingerprint, which differs when the same text would get other hashes to
    compare. The sketch only serves to find articles, so its size makes no difference."""
    compared = rules.model_copy(update={"sketch": FORMER_SKETCH})
    settings = compared.model_dump_json(exclude={"alternates"})
    return f"{ALGORITHM}.{_digest(settings.encode())[:6]}"


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
