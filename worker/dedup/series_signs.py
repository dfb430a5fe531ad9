"""Find signs that two similar texts are issues of a series: one form that is filled in anew each
time, as in reports of lottery draws, or in announcements of several towns.

In an edited copy words change anywhere, and hardly a number does. Between two issues of a series
only numbers, names and days change, and the text around them stays the same.
"""

from collections.abc import Collection
from functools import cache
from typing import NamedTuple

from worker.dedup.calendar_words import MONTHS, MONTHS_CUT_SHORT, OTHER_NAMES, WEEKDAYS
from worker.dedup.dedup_rules import SeriesRules
from worker.dedup.figure_agreement import other_figures, replaced_figures
from worker.dedup.hash_arrays import below, common, common_count, halves, high_halves
from worker.dedup.number_words import Role, number_words
from worker.dedup.shingles import words_of
from worker.model.records import Fingerprint

Words = frozenset[int]  # hashes of words
_NUMBERS = 10_000  # as words of titles; greater ones are rarely a date
_OWN_FIGURES = 2  # that each text has for itself: names and figures of one form were filled in
_OWN_WORDS = 2  # the same for words; a copy of which a number was corrected has none
_FORM_OPENING = 0.5  # share of the opening that is part of the form; a rewritten lead has less


class Changes(NamedTuple):
    """What differs between two similar texts, to tell issues of a series (the same form, filled in
    anew) from copies.

    `frame` is the share of the shorter text, without its opening, that is in the other text.
    `figures` counts the numbers that stand between the same words in both, and `replaced` those of
    them that differ, dates left out. The others are facts about the titles. `subject`: they have
    the same form, and each names something that the other article never mentions. `form`: the
    latter is so without the same form, and each text has numbers of its own. `day`: they name
    different days. `titled`: they differ in nothing but numbers and days. `renumbered`: they differ
    in numbers, and the texts in words.
    """

    frame: float
    figures: int
    replaced: int
    subject: bool
    day: bool
    titled: bool
    form: bool = False
    renumbered: bool = False

    @property
    def agreeing(self) -> float:
        """The share (0 to 1) of the numbers between the same words that are equal in both texts."""
        return 1 - self.replaced / self.figures if self.figures else 1.0


def changes_between(left: Fingerprint, right: Fingerprint) -> Changes:
    """Return what differs between two similar texts, to tell issues of a series from copies. The
    texts are compared by the hashes in their fingerprints."""
    figures, replaced = replaced_figures(left, right)
    if left.title == right.title:
        titled = bool(left.title)
        return Changes(_frame(left, right), figures, replaced, False, False, titled)
    x, y = _title_words(left), _title_words(right)
    own, other, fixed = _TitleWords.of(x - y), _TitleWords.of(y - x), x & y
    dated = bool(own.numbers and other.numbers and not fixed.isdisjoint(_months()))
    # A title of the same form has half of the words of the other.
    same_form = bool(x and y) and 2 * len(fixed) >= min(len(x), len(y))
    subject = _other_subject(left, right, own.names, other.names)
    titled = bool(x and y) and not own.names and not other.names
    return Changes(
        frame=_frame(left, right),
        figures=figures,
        replaced=replaced,
        subject=same_form and subject,
        day=bool(fixed) and (dated or bool(own.days and other.days)),
        titled=titled,
        form=subject and other_figures(left, right) >= _OWN_FIGURES,
        renumbered=titled
        and own.counts() != other.counts()
        and all(len(only - _numbers()) >= _OWN_WORDS for only in _words_of_one(left, right)),
    )


class _TitleWords(NamedTuple):
    """The words of a title that the other of two titles does not have, as hashes. They are
    divided into `numbers`, `days` (names of days and months) and `names` (all others)."""

    numbers: Words
    days: Words
    names: Words

    @classmethod
    def of(cls, words: Words) -> "_TitleWords":
        numbers, days = words & _numbers(), words & _calendar()
        return cls(numbers, days, words - numbers - days)

    def counts(self) -> Words:
        """The numbers among these words, by value. Single digits are left out, because they do
        not count as words of a title."""
        values = _values()
        return frozenset(values.get(word, word) for word in self.numbers) - _digits()


class Pair(NamedTuple):
    """Two similar texts: how many days lie between them, how similar their openings are, and how
    long they are, to tell issues of a series from copies.

    `days` is None if a date is unknown. `openings` has for each text the share of its first words
    that is in the other text, the smaller share first. `shingles` is the number of shingles (runs
    of words) of the shorter text.
    """

    days: int | None
    openings: tuple[float, float]
    shingles: int


def is_next_issue(changes: Changes, pair: Pair, rules: SeriesRules) -> bool:
    """Return whether two similar texts are issues of a series, and so no copies of each other.
    `changes` says what differs between them, and `pair` how far apart, how long and how similar
    they are."""
    if changes.day and pair.days != 0:
        return True
    if changes.subject and changes.frame >= (
        rules.frame if changes.replaced else rules.whole_frame
    ):
        return True
    if changes.frame >= rules.whole_frame and (
        (changes.form and pair.openings[0] >= _FORM_OPENING) or (changes.renumbered and pair.days)
    ):
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
    """Return whether two texts are the same but for the first words, as when a paper prints an
    agency's text under a lead of its own. Then they are copies.

    The common part must have enough numbers, or be long; a shorter one suffices if both appeared on
    one day under the same title. `other_figures` says that too few numbers of the texts agree.
    """
    if changes.frame < rules.body or (pair.days or 0) > rules.lead_days:
        return False
    if changes.figures >= rules.body_figures and pair.shingles >= rules.least_body:
        return changes.agreeing >= rules.agreeing
    if changes.replaced:
        return False
    same_title = changes.titled and not pair.days and not other_figures
    return pair.shingles > (rules.least_frame if same_title else rules.longest_frame)


def _words(packed: bytes) -> Words:
    return frozenset(halves(packed).tolist())


def _frame(left: Fingerprint, right: Fingerprint) -> float:
    """Share of the shorter text's shingles, those of its opening excepted, that the other has."""
    short, long = sorted(
        (left, right), key=lambda p: (len(p.shingles) * p.scale, p.words, p.shingles, p.opening)
    )
    scale = max(left.scale, right.scale)
    x, y, opening = (
        below(halves(packed), scale) for packed in (short.shingles, long.shingles, short.opening)
    )
    opened = common(x, opening)
    rest = len(x) - len(opened)
    return (common_count(x, y) - common_count(opened, y)) / rest if rest else 0.0


def _other_subject(left: Fingerprint, right: Fingerprint, own: Words, other: Words) -> bool:
    """Whether each title has a word that is in its own text, but not in the other.

    One word may be spelled in another way by the other paper, so a second one must differ, too.
    """
    if not own or not other:
        return False
    left_only, right_only = _words_of_one(left, right)
    if own.isdisjoint(left_only) or other.isdisjoint(right_only):
        return False
    return all(len(only - _numbers()) > 1 for only in (left_only, right_only))


def _words_of_one(left: Fingerprint, right: Fingerprint) -> tuple[Words, Words]:
    """The words of each text that the other does not have."""
    v, w = _words(left.vocabulary), _words(right.vocabulary)
    return v - w, w - v


def _title_words(article: Fingerprint) -> Words:
    """The words of a title, with one name for each day and month."""
    names = _other_names()
    return frozenset(names.get(word, word) for word in halves(article.title).tolist())


@cache
def _other_names() -> dict[int, int]:
    return {
        word: name
        for other, usual in OTHER_NAMES.items()
        for word, name in zip(_hashed([other]), _hashed([usual]), strict=True)
    }


@cache
def _calendar() -> Words:
    return _hashed(WEEKDAYS | MONTHS)


@cache
def _months() -> Words:
    return _hashed(MONTHS | MONTHS_CUT_SHORT)


@cache
def _digits() -> Words:
    return _hashed("0123456789")


@cache
def _values() -> dict[int, int]:
    """The hash of each number word -> that of its value in digits."""
    return {
        word: value
        for name, number in number_words("und").items()
        if number.role is Role.ADDED
        for word, value in zip(_hashed([name]), _hashed([str(number.value)]), strict=True)
    }


@cache
def _numbers() -> Words:
    """Hashes of the words for numbers: digits up to four, and number words of all languages."""
    digits = {f"{n:0{width}}" for width in (1, 2, 3) for n in range(_NUMBERS)}
    return _hashed(digits | number_words("und").keys())


def _hashed(words: Collection[str]) -> Words:
    return _words(high_halves(words_of(" ".join(words)).hashes))
