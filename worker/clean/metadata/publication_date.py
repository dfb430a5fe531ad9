"""Decide when the article of a page was published, from the dates that the page declares in its
metadata and those that it shows to readers.

Some sites declare the day on which they last built the page. A visible date that is older is
therefore preferred, if nothing says that it is the date of something else.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from worker.clean.cleaning_rules import DateRules
from worker.clean.dates.date_reader import ParsedDate
from worker.clean.dates.date_words import BEFORE, WEEKDAYS
from worker.clean.dates.letters import fold
from worker.clean.metadata.bylines import names_in
from worker.clean.metadata.page_metadata import NO_DAY, SOME_TIME, TIME, UNSPECIFIC, PageMetadata
from worker.clean.metadata.visible_dates import AFTER, FAR, VisibleDate, date_of_address

_SAME = timedelta(hours=36)  # a day without a time, and an instant in any zone
_SAME_DAY = timedelta(hours=23)
_DRAFT = timedelta(days=90)  # from the creation of a text to its publication
_WEAK = (TIME, SOME_TIME)  # elements that may belong to a comment, or to another article
VISIBLE, ADDRESS = "visible text", "URL"  # sources of a date, named like elements
_CLOCK = re.compile(r"[0-9]{1,2}(?:[:.h][0-9]{2}|[時点點时시]| ?[ap]\.?m)", re.I)
_MIN_WORDS_AFTER = 3  # of a sentence that goes on after a date
_MAX_TIME_WORDS = 7  # of a time with its zone beside a date
_SEPARATOR_AT_END = re.compile(r"[|•·–—/»>)]\s*$|^\W*$")
_WORD = re.compile(r"[^\W\d_]+")
# Forums show beside each post when its author became a member.
_JOINED = re.compile(
    r"\b(?:joined|registered|member since|registriert|mitglied seit|dabei seit|inscrit|inscription"
    r"|registrado|miembro desde|membro desde|iscritto|geregistreerd|lid sinds|rejestracja"
    r"|регистрация|зарегистрирован)(?: (?:on|am|seit|le|el|dal|op))?:?$"
)

DateReader = Callable[[str], ParsedDate]
ElementText = tuple[str, str]  # the name of an element, and its text


def with_best_dates(
    page: PageMetadata, url: str, read: DateReader, rules: DateRules
) -> PageMetadata:
    """Return the page's metadata with the most credible dates of publication and of the last
    change, chosen from the dates that the page declares, those that it shows, and one in its
    address `url`.

    `read` reads a date as the page writes it. Dates in the future are not chosen, because they are
    those of events. `rules` have the words that stand in front of visible dates, such as "updated".
    """

    def parse(text: str) -> datetime | None:
        parsed = read(text)
        return None if parsed.flag == "future-date" else parsed.at

    changes = [date for date in page.visible_dates if is_labelled(date, rules.updated_words)]
    others = [
        date
        for date in page.visible_dates
        if date not in changes and parse(date.text) and not objection_to(date, rules)
    ]
    page = _with_readable(page, parse)
    published, rule = _better(page, url, others, parse, rules)
    if not published and changes and not parse(page.published):
        # A change is no earlier than the publication.
        published, rule = _visible(changes[0], parse), "only the date of a change is known"
    if changes and not page.updated:
        page = _with_date(page, "updated", _visible(changes[0], parse))
    return _with_date(page, "published", published, rule) if published else page


def is_declared(page: PageMetadata) -> bool:
    """Whether a page declares a date of publication, even one that can't be read exactly, such as a
    mere month. If so, its markup is not searched for other dates, which would be less exact."""
    if page.declared_dates or NO_DAY.fullmatch(page.published):
        return True
    return page.published != "" and page.element_of.get("published") != SOME_TIME


def days_of_publication(
    page: PageMetadata, url: str, read: DateReader, rules: DateRules
) -> Iterator[date]:
    """Yield the days on which the article of a page may have been published: first those of the
    dates that the page shows to readers, then those in the addresses of the page, such as
    /2026/11/22/.

    Dates labelled as dates of a change, or of something else, are left out. `read` parses a date as
    the page writes it; `rules` have the words that label dates.
    """
    for visible in page.visible_dates:
        if not objection_to(visible, rules) and (day := read(visible.text).day):
            yield day
    for address in (url, page.canonical):
        if day := read(date_of_address(address)).day:
            yield day


def rejected_days(page: PageMetadata, read: DateReader, rules: DateRules) -> frozenset[date | None]:
    """Return the days of those dates on a page whose label says that they are not dates of
    publication, such as "Event date:", so that the article is not dated by them.

    `read` parses a date as the page writes it. `rules` have the words that label dates of
    publication.
    """
    rejected = (
        date
        for date in page.visible_dates
        if _is_of_another(date) and not is_labelled(date, rules.published_words)
    )
    return frozenset(read(date.text).day for date in rejected)


def _with_date(page: PageMetadata, field: str, source: ElementText, rule: str = "") -> PageMetadata:
    element, text = source
    element_of = {**page.element_of, field: element}
    if field == "updated":
        return replace(page, updated=text, element_of=element_of)
    rule_of = {**page.rule_of, field: rule}
    return replace(page, published=text, element_of=element_of, rule_of=rule_of)


def _with_readable(page: PageMetadata, parse: Callable[[str], datetime | None]) -> PageMetadata:
    """Replace a date of publication that cannot be read by the first declared one that can."""
    if not page.published or parse(page.published):
        return page
    readable = next((source for source in page.declared_dates if parse(source[1])), None)
    return _with_date(page, "published", readable, "it can be read") if readable else page


def _better(
    page: PageMetadata,
    url: str,
    others: Sequence[VisibleDate],
    parse: Callable[[str], datetime | None],
    rules: DateRules,
) -> tuple[ElementText | None, str]:
    """Return a better date of publication than the declared one, with its source, and the rule by
    which it is better; None and "" to keep the declared one.

    `others` are the visible dates that may be those of publication.
    """
    declared = parse(page.published)
    address = date_of_address(url) or date_of_address(page.canonical)
    if declared and page.element_of.get("published") not in _WEAK:
        if not others or _same(parse(address), declared):
            return None, ""
        rule = _outranks_declared(others[0], page, parse, rules)
        return (_visible(others[0], parse), rule) if rule else (None, "")
    if declared and any(_same(parse(date.text), declared) for date in others):
        return None, ""
    rule = "a <time> element may belong to something else" if declared else ""
    if address and (day := parse(address)):
        return (None, "") if _same(day, declared) else ((ADDRESS, address), rule)
    for visible in sorted(others, key=lambda date: _rank(date, rules)):
        kept = _same(parse(visible.text), declared)
        return (None, "") if kept else (_visible(visible, parse), rule)
    return None, ""


def _outranks_declared(
    date: VisibleDate,
    page: PageMetadata,
    parse: Callable[[str], datetime | None],
    rules: DateRules,
) -> str:
    """Say why a visible date is that of publication, and the declared date is not; "" if it is not.

    An older visible date usually is, because sites declare the day of a change. A newer one is only
    where the page declares it as well, and not as the date of a change.
    """
    declared, visible, updated = parse(page.published), parse(date.text), parse(page.updated)
    if not declared or not visible:
        return ""
    unspecific = page.element_of.get("published") in UNSPECIFIC
    if unspecific and date.region == AFTER and date.text[:10] not in page.published:
        near = visible - declared <= _DRAFT  # a much later day may be that of the visit
        outranks = near and _stands_alone(date) and abs(visible - declared) > _SAME_DAY
        return "the declared date may be that of the draft" if outranks else ""
    if _same(visible, declared):
        return ""
    if visible > declared:
        agreed = any(_same(parse(text), visible) for _, text in page.declared_dates)
        return "the page declares it, too" if agreed and not _same(visible, updated) else ""
    if _is_published_label(date, rules):
        return "it is older, and labelled as the date of publication"
    vague = unspecific and _same(updated, declared)
    older = (date.region == AFTER or vague) and _stands_alone(date)
    return "it is older: the declared date may be that of a change" if older else ""


def _visible(date: VisibleDate, parse: Callable[[str], datetime | None]) -> ElementText:
    """Return a visible date as the text that is read: with the time and zone beside it, if these
    can be read."""
    after, before = date.after.split()[:_MAX_TIME_WORDS], date.before.split()[-_MAX_TIME_WORDS:]
    if _CLOCK.search(date.after):
        for end in range(len(after), 0, -1):
            text = f"{date.text} {' '.join(after[:end])}".replace(" ,", ",")
            if parse(text):
                return VISIBLE, text
    elif _CLOCK.search(date.before):
        for start in range(len(before)):
            text = f"{' '.join(before[start:])} {date.text}"
            if parse(text):
                return VISIBLE, text
    return VISIBLE, date.text


def _same(left: datetime | None, right: datetime | None) -> bool:
    return left is not None and right is not None and abs(left - right) <= _SAME


def _rank(date: VisibleDate, rules: DateRules) -> tuple[bool, bool]:
    return not _is_published_label(date, rules), date.region != AFTER


def is_labelled(date: VisibleDate, words: Sequence[str]) -> bool:
    """Whether one of `words` is in the text in front of a date that a page shows. With words such
    as "published" it recognises dates of publication, with "updated" and the like dates of changes.
    """
    return any(word in date.label for word in _with_simple(tuple(words)))


@lru_cache(maxsize=8)
def _with_simple(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words, and their simplified forms as they stand in lines whose digits were converted."""
    return tuple(dict.fromkeys((*words, *(fold(word).lower() for word in words))))


def _is_published_label(date: VisibleDate, rules: DateRules) -> bool:
    """Whether the text in front of a date says that it is that of publication: "Published", but not
    "Published on 3 May, updated"."""
    return is_labelled(date, rules.published_words) and not is_labelled(date, rules.updated_words)


def objection_to(date: VisibleDate, rules: DateRules) -> str:
    """Say why a date that a page shows to readers can't be its date of publication. Returns "" if
    it can.

    It can't be if a label such as "updated" marks it as the date of a change. A date with a label
    such as "published" always can. Any other date can't be if it stands far from the heading or in
    a sentence, or has another label, such as "Event date:". `rules` has the words for the labels.
    """
    if is_labelled(date, rules.updated_words):
        return "labelled as the date of a change"
    if is_labelled(date, rules.published_words):
        return ""
    if date.region == FAR:
        return "far from the heading"
    if date.crowded and not any(word in date.after.lower() for word in rules.updated_words):
        return "in a sentence"
    if _is_of_another(date):
        return "labelled as the date of something else"
    return "in a sentence" if _is_in_sentence(date) else ""


def _is_of_another(date: VisibleDate) -> bool:
    """Whether the line of a date has a label in front of it, such as "Event date:", or the label
    says when a member joined a forum."""
    labelled = date.before.endswith(":") and _words(date.before) != []
    return labelled or _JOINED.search(date.label) is not None


def _is_in_sentence(date: VisibleDate) -> bool:
    """Whether a date stands among the words of a sentence: "Join us on 3 March for a night at the
    harbour"."""
    before = _words(date.before)
    return (
        len(before) > 1
        and len(_words(date.after)) >= _MIN_WORDS_AFTER
        and any(word.islower() for word in _WORD.findall(date.before) if fold(word) in before)
    )


def _stands_alone(date: VisibleDate) -> bool:
    """Whether a date stands alone on its line, or beside a name or a separator, and not in the
    words of another matter: "Court ruling of 4 March 2024", "Kick-off: 4 March 2024"."""
    before = date.before.strip()
    if not before:
        return not date.label.endswith(":")
    if _SEPARATOR_AT_END.search(before):
        return True
    return not before.endswith(":") and (
        not _words(before) or names_in(before.removesuffix(" on")) != ()
    )


def _words(text: str) -> list[str]:
    """Return the words of a text that are no days of the week, and do not belong to a date."""
    words = (fold(word).lower() for word in _WORD.findall(text))
    return [word for word in words if word not in WEEKDAYS and word not in BEFORE]
