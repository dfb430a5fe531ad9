"""An article comes in, its fingerprint goes out: all that two articles are compared by."""

import re
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from worker.dedup.rules import Content, DedupRules, Shingles
from worker.dedup.shingles import (
    Hashes,
    Words,
    sampled,
    shingle_hashes,
    widths_of,
    words_of,
)
from worker.models import Article, Fingerprint

ALGORITHM = "1"  # counts up when the same rules would give other fingerprints or verdicts
FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
UNPUNCTUATED = str.maketrans("", "", ".,")


def fingerprint(article: Article, rules: DedupRules) -> Fingerprint:
    """Fingerprints are equal for texts that differ in case, quotes, dashes or spacing only.

    All but the content hash, that is: it is over title and text exactly as they were cleaned.
    """
    text, title = words_of(article.text), words_of(article.title)
    hashes = _shingles(text, rules)
    kept, scale = sampled(hashes, rules.shingles.most)
    return Fingerprint(
        content_hash=_exact(article),
        text_hash=_text_hash(article, title, text, tiny=not len(hashes)),
        words=text.total,
        sketch=tuple(hashes[: rules.shingles.sketch].tolist()),
        shingles=kept.astype("<u8").tobytes(),
        scale=scale,
        numbers=_numbers(text.text, rules.content.most_numbers),
        title=_content_words(title, title.total, rules.content),
        lead=_content_words(text, rules.content.lead_words, rules.content),
        day=article.published.date().isoformat() if article.published else "",
        version=_version(rules.shingles),
    )


def _shingles(text: Words, rules: DedupRules) -> Hashes:
    """None for a tiny text; a short one has narrow shingles besides the wide ones."""
    widths, content = widths_of(text, rules.shingles), rules.content
    wide = shingle_hashes(text, widths.wide, narrow=False)
    # Stop words are less than three quarters of any prose: longer texts need no counting.
    if len(wide) > 4 * content.short_words * widths.wide / rules.shingles.words.wide:
        return wide
    # A character is a part of a word: as many of them as a shingle is wide count as three words.
    held = [word for word in text.spelled(text.total) if word not in content.stop_words]
    words = len(held) * rules.shingles.words.wide / widths.wide
    if words < content.tiny_words:
        return wide[:0]
    if words > content.short_words:
        return wide
    return np.union1d(wide, shingle_hashes(text, widths.narrow, narrow=True))


def _text_hash(article: Article, title: Words, text: Words, *, tiny: bool) -> str:
    """A tiny text says too little without its title; where no words are, signs must do."""
    if not text.total and not title.total:
        return _exact(article)
    parts = (title.hashes, np.zeros(1, np.uint64), text.hashes) if tiny else (text.hashes,)
    return _digest(np.concatenate(parts).astype("<u8").tobytes())


def _exact(article: Article) -> str:
    """The title's length tells where the text begins."""
    whole = f"{len(article.title)}:{article.title}{article.text}"
    return _digest(whole.encode("utf-8", "surrogatepass"))


def _numbers(text: str, most: int) -> tuple[str, ...]:
    """Distinct figures without their separators, so that 1,000.5 and 1.000,5 are equal."""
    found = dict.fromkeys(figure.translate(UNPUNCTUATED) for figure in FIGURE.findall(text))
    return tuple(sorted(list(found)[:most]))


def _content_words(words: Words, first: int, content: Content) -> tuple[str, ...]:
    spelled = words.spelled(first)
    return tuple(sorted({w for w in spelled if len(w) > 1 and w not in content.stop_words}))


@lru_cache
def _version(rules: Shingles) -> str:
    """Changes with everything that makes the hashes of the same text other hashes."""
    return f"{ALGORITHM}.{_digest(rules.model_dump_json().encode())[:6]}"


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
