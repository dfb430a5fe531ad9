"""Measure how much two articles have in common: runs of words, words, titles and openings.

The measures are shares from 0 to 1 and counts, taken from fingerprints (the hashes of each
article). Whether the articles are copies is decided by them in worker.dedup.similarity.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.dedup.figure_agreement import comparable
from worker.dedup.hash_arrays import Halves, below, common_count, distinct, halves
from worker.model.records import Fingerprint

_HASH_BYTES = 4  # of a word in `title` and `vocabulary`


class Overlap(NamedTuple):
    """How many shingles (runs of adjacent words) two texts have in common.

    `left` and `right` are the numbers of shingles of the two texts. `containment` is how much of
    the text with fewer shingles is in the other: the share (0 to 1) of its shingles. `short` says
    that at least one of the texts is short.
    """

    containment: float  # share of the smaller set that is in the larger one
    left: int  # size of the first set
    right: int  # size of the second set
    short: bool  # either text is short


def overlap_of(left: Fingerprint, right: Fingerprint) -> Overlap | None:
    """Measure how many shingles (runs of words) two texts have in common.

    Returns None if the texts can't be compared: one is too short to have shingles, or the
    fingerprints were made by different versions of the rules.
    """
    if not comparable(left, right) or not (left.shingles and right.shingles):
        return None
    x, y = halves(left.shingles), halves(right.shingles)
    narrow = narrow_mask(x), narrow_mask(y)
    short = [bool(mask.any()) for mask in narrow]
    if any(short):
        x, y = (h[mask == all(short)] for h, mask in zip((x, y), narrow, strict=True))
    scale = max(left.scale, right.scale)
    x, y = below(x, scale), below(y, scale)
    if not (len(x) and len(y)):
        return None
    return Overlap(common_count(x, y) / min(len(x), len(y)), len(x), len(y), any(short))


def narrow_mask(hashes: Halves) -> NDArray[np.bool_]:
    """Return an array that is True where a hash is that of a narrow shingle: a shorter run of
    words, into which only short texts are cut."""
    return (hashes & 1).astype(bool)


def same_title(left: Fingerprint, right: Fingerprint, unknown: float) -> float:
    """Return how far two titles agree: the share (0 to 1) of the shorter title's words that are in
    the other one, not counting words such as "the".

    Returns `unknown` if one of the titles has no words to count.
    """
    x, y = halves(left.title), halves(right.title)
    return common_count(x, y) / min(len(x), len(y)) if len(x) and len(y) else unknown


class WordsInCommon(NamedTuple):
    """How many content words (all but words such as "the") two articles have in common, as shares
    from 0 to 1.

    `title` tells how much of a title is in the other title or anywhere in the other article; it is
    the largest of these shares. `text` is the share of the words of the shorter article that are in
    the other one.
    """

    title: float
    text: float


def words_in_common(left: Fingerprint, right: Fingerprint) -> WordsInCommon:
    """Measure how many content words (all but words such as "the") two articles have in common,
    whatever their order.

    This serves for texts of a sentence or two, in which longer runs of words are seldom the same.
    If only one word of a title is in the other text, this counts as chance.
    """
    titles, texts = (left.title, right.title), (left.vocabulary, right.vocabulary)
    found = [
        _share_found(title, text)
        for title, text in zip(titles, texts[::-1], strict=True)
        if len(title) > _HASH_BYTES
    ]
    shorter, longer = sorted(texts, key=len)
    return WordsInCommon(
        title=max(same_title(left, right, unknown=0.0), *found, 0.0),
        text=common_count(halves(shorter), halves(longer)) / max(1, len(shorter) // _HASH_BYTES),
    )


def is_short(fingerprint: Fingerprint) -> bool:
    """Return whether a text, given by its fingerprint (its hashes), counts as short, so that it
    is compared by rules of its own. It is so if it has short runs of words, or too few words for
    any."""
    return not fingerprint.shingles or bool(narrow_mask(halves(fingerprint.shingles)).any())


def content_word_count(fingerprint: Fingerprint) -> int:
    """Return how many different content words (all but words such as "the") an article has in its
    title and text together."""
    return len(distinct(halves(fingerprint.title + fingerprint.vocabulary)))


def title_support(left: Fingerprint, right: Fingerprint, unknown: float) -> float:
    """Return the highest share of one article's title words found in the other's title or text.

    Returns `unknown` if either article has no title.
    """
    if not (left.title and right.title):
        return unknown
    if left.title == right.title:
        return 1.0
    titles, texts = (left.title, right.title), (left.vocabulary, right.vocabulary)
    return max(_share_found(*sorted(titles, key=len)), *map(_share_found, titles, texts[::-1]))


def _share_found(title: bytes, words: bytes) -> float:
    """Share of the title's words that are in `words`; both are packed hashes.

    One hit out of several words is probably chance, so it counts as 0.
    """
    x, y = halves(title), halves(words)
    shared = common_count(x, y)
    return shared / len(x) if shared > 1 or len(x) == 1 else 0.0


def opening_share(left: Fingerprint, right: Fingerprint) -> float:
    """Return how much of the opening (the first words) of one text is in another, as a share from 0
    to 1.

    It is the share of the shingles (runs of words) in the opening of `left` that are anywhere in
    `right`.
    """
    x, y = halves(left.opening), halves(right.shingles)
    scale = max(left.scale, right.scale)
    x = below(x, scale)
    return common_count(x, y) / len(x) if len(x) else 1.0
