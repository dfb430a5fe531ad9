"""Compare the numbers in two texts, by their values and by the words around each: copies agree in
them, and other news on the same subject does not."""

from collections import Counter
from collections.abc import Set
from functools import cache

import numpy as np

from worker.dedup.hash_arrays import halves, high_halves
from worker.dedup.number_words import Role, number_words
from worker.dedup.shingles import DATE, words_of
from worker.model.records import Fingerprint

NO_CONTEXTS = 1 << 32  # more than any text has: all figures count, wherever they stand
# A figure is one integer: its lower half is the hash of the words around it, its upper half its own
# hash, of which the lowest bit says whether it is part of a date.
_CONTEXT = (1 << 32) - 1
_VALUE_SHIFT = 32
_DATE = int(DATE) << _VALUE_SHIFT


def same_figures(left: Fingerprint, right: Fingerprint, *, enough: int, least: int) -> float:
    """Return how well the numbers in two texts agree, as a share from 0 to 1.

    Numbers that stand between the same words in both texts are compared first. If these are at
    least `enough`, the result is the share of them that are equal. Otherwise it is the share of the
    numbers of one text that occur anywhere in the other; 1 if a text has fewer than `least`
    numbers.
    """
    if _same(left, right):
        return 1.0
    x, y = _figures(left, right), _figures(right, left)
    share = _agreeing(x, y, enough, least)
    if enough == NO_CONTEXTS or share == 1:
        return share
    x, y = ({figure for figure in side if not figure & _DATE} for side in (x, y))
    return max(share, _agreeing(x, y, enough, least)) if x and y else share


def replaced_figures(left: Fingerprint, right: Fingerprint) -> tuple[int, int]:
    """Count the numbers that stand between the same words in both texts, and how many of these
    differ. Returns both counts. A date that differs is not counted as different."""
    x = _figures(left, right)
    if _same(left, right):
        return len(x), 0
    y = _figures(right, left)
    changed = (Counter(f & _CONTEXT for f in side if not f & _DATE) for side in (x - y, y - x))
    return _in_both(*map(_contexts, (x, y))), _in_both(*changed)


def other_figures(left: Fingerprint, right: Fingerprint) -> int:
    """Count the numbers that each of two texts has and the other lacks, wherever they stand; the
    smaller of the two counts. Dates are not counted."""
    x, y = _figures(left, right), _figures(right, left)
    values = [{(figure & ~_DATE) >> _VALUE_SHIFT for figure in side} for side in (x, y)]
    plain = [{figure >> _VALUE_SHIFT for figure in side if not figure & _DATE} for side in (x, y)]
    return min(len(plain[0] - values[1]), len(plain[1] - values[0]))


def _in_both(x: "Counter[int]", y: "Counter[int]") -> int:
    return sum(min(count, y[context]) for context, count in x.items() if context in y)


def figure_values(article: Fingerprint, other: Fingerprint) -> set[int]:
    """Return the hashes of the numbers in `article`, to compare them with those of `other`,
    wherever the numbers stand."""
    return {figure >> _VALUE_SHIFT for figure in _figures(article, other)}


def comparable(left: Fingerprint, right: Fingerprint) -> bool:
    """Return whether two fingerprints (the text hashes of two articles) can be compared.

    They can if both were made by the same rules and by versions of the code that hash words alike.
    If not, even equal texts have different hashes.
    """
    if left.version == right.version:
        return True
    first, second = left.version.partition("."), right.version.partition(".")
    return first[2] == second[2] != "" and {first[0], second[0]} <= _COMPARABLE_ALGORITHMS


# Versions that hash the same words alike. 3 left numbers as they were written; 4 made the same
# fingerprints as 5, with other verdicts.
_COMPARABLE_ALGORITHMS = {"3", "4", "5"}


def _same(left: Fingerprint, right: Fingerprint) -> bool:
    return left.figures == right.figures and _same_figure_rules(left, right)


def _same_figure_rules(left: Fingerprint, right: Fingerprint) -> bool:
    """Whether the numbers of both were read by the same rules."""
    if left.version == right.version:
        return True
    return not left.version.startswith("3.") and not right.version.startswith("3.")


def _figures(article: Fingerprint, other: Fingerprint) -> set[int]:
    """The figures of an article, each as one integer.

    If the other fingerprint is of another version, the figures are converted to what both have:
    version 3 had no mark for dates, and no values of number words.
    """
    figures = np.frombuffer(article.figures, "<u8").tolist()
    if _same_figure_rules(article, other):
        return {*figures}
    values, unmarked = _values_of_words(), ((f & ~_DATE) for f in figures)
    return {
        f & _CONTEXT | values.get(f >> _VALUE_SHIFT, f >> _VALUE_SHIFT) << _VALUE_SHIFT
        for f in unmarked
    }


@cache
def _values_of_words() -> dict[int, int]:
    """The hash of each number word -> that of its value in digits, both without the mark of
    dates."""
    words = [(w, str(n.value)) for w, n in number_words("und").items() if n.role is Role.ADDED]
    return {_hash(word): _hash(value) for word, value in words}


def _hash(word: str) -> int:
    return int(halves(high_halves(words_of(word).hashes))[0]) & ~int(DATE)


def _contexts(figures: Set[int]) -> "Counter[int]":
    """How many different figures stand between the same words, by the hash of these words."""
    return Counter(figure & _CONTEXT for figure in figures)


def _agreeing(x: Set[int], y: Set[int], enough: int, least: int) -> float:
    if enough != NO_CONTEXTS:
        around = len({f & _CONTEXT for f in x} & {f & _CONTEXT for f in y})
        if around >= enough:
            return len({f & _CONTEXT for f in x & y}) / around if around else 1.0
    v, w = ({figure >> _VALUE_SHIFT for figure in side} for side in (x, y))
    fewer = min(len(v), len(w))
    return len(v & w) / fewer if fewer >= least else 1.0
