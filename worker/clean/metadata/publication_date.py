"""Decide when the article of a page was published, from the dates that the page declares in its
metadata and those that it shows to readers.

Some sites declare the day on which they last built the page. A visible date that is older is
therefore preferred.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from worker.clean.cleaning_rules import DateRules
from worker.clean.metadata.page_metadata import NO_DAY, SOME_TIME, TIME, UNSPECIFIC, PageMetadata
from worker.clean.metadata.visible_dates import AFTER, FAR, VisibleDate, date_of_address

_SAME = timedelta(hours=36)  # a day without a time, and an instant in any zone
_WEAK = (TIME, SOME_TIME)  # elements that may belong to a comment, or to another article
_VISIBLE, _ADDRESS = "visible text", "URL"  # sources of a date, named like elements

DateParser = Callable[[str], datetime | None]
ElementText = tuple[str, str]  # the name of an element, and its text


def with_best_dates(
    page: PageMetadata, url: str, parse: DateParser, rules: DateRules
) -> PageMetadata:
    """Return the page's metadata with the most credible dates of publication and of the last
    change, chosen from the dates that the page declares, those that it shows, and one in its
    address `url`.

    `parse` reads a date as the page writes it, and returns None for a text that is no date. `rules`
    have the words that stand in front of visible dates, such as "updated".
    """
    changes = [date for date in page.visible_dates if is_labelled(date, rules.updated_words)]
    others = [
        date
        for date in page.visible_dates
        if date not in changes and parse(date.text)
        if date.region != FAR or is_labelled(date, rules.published_words)
    ]
    page = _with_readable(page, parse)
    published = _better(page, url, others, parse, rules)
    if not published and changes and not parse(page.published):
        published = _VISIBLE, changes[0].text  # a change is no earlier than the publication
    if changes and not page.updated:
        page = _with_date(page, "updated", (_VISIBLE, changes[0].text))
    return _with_date(page, "published", published) if published else page


def is_declared(page: PageMetadata) -> bool:
    """Whether a page declares a date of publication, even one that can't be read exactly, such as a
    mere month. If so, its markup is not searched for other dates, which would be less exact."""
    if page.declared_dates or NO_DAY.fullmatch(page.published):
        return True
    return page.published != "" and page.element_of.get("published") != SOME_TIME


def _with_date(page: PageMetadata, field: str, source: ElementText) -> PageMetadata:
    element, text = source
    element_of = {**page.element_of, field: element}
    if field == "updated":
        return replace(page, updated=text, element_of=element_of)
    return replace(page, published=text, element_of=element_of)


def _with_readable(page: PageMetadata, parse: DateParser) -> PageMetadata:
    """Replace a date of publication that cannot be read by the first declared one that can."""
    if not page.published or parse(page.published):
        return page
    readable = next((source for source in page.declared_dates if parse(source[1])), None)
    return _with_date(page, "published", readable) if readable else page


def _better(
    page: PageMetadata,
    url: str,
    others: Sequence[VisibleDate],
    parse: DateParser,
    rules: DateRules,
) -> ElementText | None:
    """Return a better date of publication than the declared one, with its source; None to keep
    that.

    `others` are the visible dates that may be those of publication.
    """
    declared = parse(page.published)
    if declared and page.element_of.get("published") not in _WEAK:
        better = others and _outranks_declared(others[0], page, parse, rules)
        return (_VISIBLE, others[0].text) if better else None
    if declared and any(_same(parse(date.text), declared) for date in others):
        return None
    by_rank = sorted(others, key=lambda date: _rank(date, rules))
    address = date_of_address(url) or date_of_address(page.canonical)
    for element, text in ((_ADDRESS, address), *((_VISIBLE, date.text) for date in by_rank)):
        if text and (candidate := parse(text)):
            return None if _same(candidate, declared) else (element, text)
    return None


def _outranks_declared(
    date: VisibleDate, page: PageMetadata, parse: DateParser, rules: DateRules
) -> bool:
    """Whether a visible date is that of publication, and the declared date is not.

    An older visible date usually is, because sites declare the day of a change. A newer one is only
    where the page declares it as well, and not as the date of a change.
    """
    declared, visible, updated = parse(page.published), parse(date.text), parse(page.updated)
    if not declared or not visible or _same(visible, declared):
        return False
    if visible > declared:
        agreed = any(_same(parse(text), visible) for _, text in page.declared_dates)
        return agreed and not _same(visible, updated)
    vague = page.element_of.get("published") in UNSPECIFIC and _same(updated, declared)
    return date.region == AFTER or vague or is_labelled(date, rules.published_words)


def _same(left: datetime | None, right: datetime | None) -> bool:
    return left is not None and right is not None and abs(left - right) <= _SAME


def _rank(date: VisibleDate, rules: DateRules) -> tuple[bool, bool]:
    return not is_labelled(date, rules.published_words), date.region != AFTER


def is_labelled(date: VisibleDate, words: Sequence[str]) -> bool:
    """Whether one of these words, such as "published", is in the text in front of a date that a
    page shows. With words such as "updated" it finds dates of changes."""
    return any(word in date.label for word in words)
