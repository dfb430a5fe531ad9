"""Find signs that two similar texts are issues of a series: one form that is filled in anew each
time, as in reports of lottery draws, or in announcements of several towns.

In an edited copy words change anywhere, and hardly a figure does. In the next issue of a series the
frame is untouched, and what changed are figures, names and days.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from worker.dedup.calendar_words import MONTHS, MONTHS_CUT_SHORT, WEEKDAYS
from worker.dedup.dedup_rules import SeriesRules
from worker.dedup.figure_agreement import replaced_figures
from worker.dedup.number_words import number_words
from worker.dedup.shingles import Halves, below, halves, high_halves, words_of
from worker.model.records import Fingerprint

_NUMBERS = 10_000  # as words of titles; greater ones are rarely a date


class Changes(NamedTuple):
    """What differs between two similar texts.

    `frame` is the share of the shorter text, without its opening, that is in the other text.
    `figures` counts the figures that stand between the same words in both texts, and `replaced`
    those of them, dates excepted, that differ. `subject` says that each title names something
    that the other article never mentions, `day` that the titles name different days or months, and
    `titled` that the titles agree but for numbers and days.
    """

    frame: float
    figures: int
    replaced: int
    subject: bool
    day: bool
    titled: bool

    @property
    def agreeing(self) -> float:
        """Share of the figures between the same words that were not replaced."""
        return 1 - self.replaced / self.figures if self.figures else 1.0


def changes_between(left: Fingerprint, right: Fingerprint) -> Changes:
    """Find out what differs between two texts, by the hashes in their fingerprints."""
    figures, replaced = replaced_figures(left, right)
    x, y = halves(left.title), halves(right.title)
    own, other = (_TitleWords.of(_without(*pair)) for pair in ((x, y), (y, x)))
    fixed = x[np.isin(x, y)]
    dated = np.isin(fixed, _months()).any() and own.numbers and other.numbers
    return Changes(
        frame=_frame(left, right),
        figures=figures,
        replaced=replaced,
        subject=_same_form(fixed, x, y) and _other_subject(left, right, own.names, other.names),
        day=bool(len(fixed) and (dated or (own.days and other.days))),
        titled=bool(len(x) and len(y) and not len(own.names) and not len(other.names)),
    )


class _TitleWords(NamedTuple):
    """The words of a title that the other title does not have: how many are numbers, how many are
    names of days and months, and the hashes of the others."""

    numbers: int
    days: int
    names: Halves

    @classmethod
    def of(cls, words: Halves) -> "_TitleWords":
        number, day = np.isin(words, _numbers()), np.isin(words, _calendar())
        return cls(int(number.sum()), int(day.sum()), words[~number & ~day])


class Pair(NamedTuple):
    """What else is measured of a pair of texts to find such signs.

    `days` lie between them (None: unknown). `openings` are the shares of the opening of each text
    that are in the other, the smaller first, and `shingles` is the number of shingles (runs of
    words) of the shorter text.
    """

    days: int | None
    openings: tuple[float, float]
    shingles: int


def is_next_issue(changes: Changes, pair: Pair, rules: SeriesRules) -> bool:
    """Whether two texts are issues of a series, by what differs between them."""
    if changes.subject or (changes.day and pair.days != 0):
        return True
    least = rules.figures_same_day if pair.days == 0 else rules.figures
    if changes.replaced >= least and changes.agreeing <= rules.agreeing:
        return changes.frame >= rules.frame
    if not pair.days or not (changes.titled or changes.replaced):
        return False
    far = pair.days > rules.near_days
    return (
        changes.frame >= rules.whole_frame
        and pair.openings[0] <= (rules.far_opening if far else rules.opening)
        and pair.openings[1] <= (rules.far_opening if far else rules.larger_opening)
        and rules.least_frame <= pair.shingles <= rules.longest_frame
    )


def is_own_lead(changes: Changes, pair: Pair, rules: SeriesRules, *, other_figures: bool) -> bool:
    """Whether a text is the body of another under a lead, and perhaps a title, of its own.

    The rest must be in the other text, and be more than a frame: it has figures, or is long, or the
    titles are the same on one day. `other_figures` says that too few of the texts' figures agree.
    """
    if changes.frame < rules.body or (pair.days or 0) > rules.lead_days:
        return False
    if changes.figures >= rules.body_figures and pair.shingles >= rules.least_body:
        return changes.agreeing >= rules.agreeing
    if changes.replaced:
        return False
    same_title = changes.titled and not pair.days and not other_figures
    return pair.shingles > (rules.least_frame if same_title else rules.longest_frame)


def _without(x: Halves, y: Halves) -> Halves:
    return x[~np.isin(x, y)]


def _frame(left: Fingerprint, right: Fingerprint) -> float:
    """Share of the shorter text's shingles, those of its opening excepted, that the other has."""
    short, long = sorted((left, right), key=lambda p: len(p.shingles) * p.scale)
    scale = max(left.scale, right.scale)
    x, y = (below(halves(p.shingles), scale) for p in (short, long))
    rest = _without(x, halves(short.opening))
    return float(np.isin(rest, y).mean()) if len(rest) else 0.0


def _same_form(fixed: Halves, x: Halves, y: Halves) -> bool:
    """Whether two titles have half of their words in common."""
    return bool(len(x) and len(y)) and 2 * len(fixed) >= min(len(x), len(y))


def _other_subject(left: Fingerprint, right: Fingerprint, own: Halves, other: Halves) -> bool:
    """Whether each title has a word that is in its own text, but not in the other.

    One word may be spelled in another way by the other paper, so a second one must differ, too.
    """
    v, w = halves(left.vocabulary), halves(right.vocabulary)
    left_only, right_only = _without(v, w), _without(w, v)
    if not (np.isin(own, left_only).any() and np.isin(other, right_only).any()):
        return False
    left_only, right_only = (side[~np.isin(side, _numbers())] for side in (left_only, right_only))
    return len(left_only) > 1 and len(right_only) > 1


@cache
def _calendar() -> Halves:
    return _halves_of(" ".join(WEEKDAYS | MONTHS))


@cache
def _months() -> Halves:
    return _halves_of(" ".join(MONTHS | MONTHS_CUT_SHORT))


@cache
def _numbers() -> Halves:
    """Hashes of the words for numbers: digits up to four, and number words of all languages."""
    digits = (f"{n:0{width}}" for width in (1, 2, 3) for n in range(_NUMBERS))
    return _halves_of(" ".join([*digits, *number_words("und")]))


def _halves_of(words: str) -> Halves:
    return halves(high_halves(words_of(words).hashes))
