"""Compare the numbers in two texts, by their values and by the words around each: copies agree in
them, and other news on the same subject does not."""

from collections import defaultdict
from functools import cache

import numpy as np
from numpy.typing import NDArray

from worker.dedup.number_words import Role, number_words
from worker.dedup.shingles import DATE, Halves, common, distinct, halves, high_halves, words_of
from worker.model.records import Fingerprint

NO_CONTEXTS = 1 << 32  # more than any text has: all figures count, wherever they stand
_HALF_BITS = np.uint64(32)
_DATE = np.uint32(DATE)


def same_figures(left: Fingerprint, right: Fingerprint, *, enough: int, least: int) -> float:
    """Return how well the numbers in two texts agree, as a share from 0 to 1.

    If at least `enough` numbers stand between the same words in both texts, the share is that of
    the equal ones among these. Otherwise it is the share of the numbers of one text that are
    anywhere in the other; or 1, if one of the texts has fewer than `least` numbers.
    """
    x, y = _figures(left, right), _figures(right, left)
    share = _agreeing(x, y, enough, least)
    if enough == NO_CONTEXTS or share == 1:
        return share
    x, y = (side[side[:, 1] & _DATE == 0] for side in (x, y))
    return max(share, _agreeing(x, y, enough, least)) if len(x) and len(y) else share


def replaced_figures(left: Fingerprint, right: Fingerprint) -> tuple[int, int]:
    """Count the numbers that stand between the same words in both texts, and how many of these
    differ. Returns both counts. A date that differs is not counted as different."""
    x, y = _by_context(_figures(left, right)), _by_context(_figures(right, left))
    shared = x.keys() & y.keys()
    compared = sum(min(len(x[context]), len(y[context])) for context in shared)
    replaced = 0
    for context in shared:
        left_only, right_only = x[context] - y[context], y[context] - x[context]
        replaced += min(
            *(sum(not figure & int(DATE) for figure in side) for side in (left_only, right_only))
        )
    return compared, replaced


def figure_values(article: Fingerprint, other: Fingerprint) -> set[int]:
    """Return the hashes of the numbers in an article, without the words around them, to compare
    them with the numbers of `other`."""
    return {*_figures(article, other)[:, 1].tolist()}


def comparable(left: Fingerprint, right: Fingerprint) -> bool:
    """Return whether two fingerprints (the text hashes of two articles) can be compared.

    They can if both were made by the same rules and by versions of the code that hash words alike.
    If not, even equal texts have different hashes.
    """
    if left.version == right.version:
        return True
    first, second = left.version.partition("."), right.version.partition(".")
    return first[2] == second[2] != "" and {first[0], second[0]} <= _COMPARABLE_ALGORITHMS


_COMPARABLE_ALGORITHMS = {
    "3",
    "4",
}  # versions that hash the same words alike; 3 left numbers as they were written


def _figures(article: Fingerprint, other: Fingerprint) -> Halves:
    """One row for each figure: the hash of the words around it, and its own.

    If the other fingerprint is of another version, the figures are converted to what both have:
    version 3 had no mark for dates, and no values of number words.
    """
    rows = halves(article.figures).reshape(-1, 2)
    if article.version == other.version:
        return rows
    values = _values_of_words()
    converted = [(c, values.get(f & ~int(DATE), f & ~int(DATE))) for c, f in rows.tolist()]
    return np.array(converted, "<u4").reshape(-1, 2)


@cache
def _values_of_words() -> dict[int, int]:
    """The hash of each number word -> that of its value in digits, both without the mark of
    dates."""
    words = [(w, str(n.value)) for w, n in number_words("und").items() if n.role is Role.ADDED]
    return {_hash(word): _hash(value) for word, value in words}


def _hash(word: str) -> int:
    return int(halves(high_halves(words_of(word).hashes))[0]) & ~int(DATE)


def _by_context(figures: Halves) -> dict[int, set[int]]:
    """The hashes of a text's figures by the hash of the words around them."""
    by_context: defaultdict[int, set[int]] = defaultdict(set)
    for context, figure in figures.tolist():
        by_context[context].add(figure)
    return by_context


def _agreeing(x: Halves, y: Halves, enough: int, least: int) -> float:
    around = len(common(distinct(x[:, 0]), distinct(y[:, 0])))
    if around >= enough:
        agreeing = common(distinct(_rows(x)), distinct(_rows(y))) >> _HALF_BITS
        return len(distinct(agreeing)) / around if around else 1.0
    v, w = distinct(x[:, 1]), distinct(y[:, 1])
    fewer = min(len(v), len(w))
    return len(common(v, w)) / fewer if fewer >= least else 1.0


def _rows(figures: Halves) -> NDArray[np.uint64]:
    return figures[:, 0].astype(np.uint64) << _HALF_BITS | figures[:, 1]
