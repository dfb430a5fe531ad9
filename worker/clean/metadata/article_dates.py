"""Decide when an article was published and last changed, from its feed, else from its page."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache, partial
from typing import NamedTuple

from worker.clean.cleaning_rules import DateRules
from worker.clean.dates.date_order import DateOrder, date_order
from worker.clean.dates.date_reader import ParsedDate, read_date
from worker.clean.dates.local_customs import customs_of
from worker.clean.metadata.article_metadata import PAGE
from worker.clean.metadata.date_search import search_date
from worker.clean.metadata.page_metadata import NO_METADATA, PageMetadata
from worker.clean.metadata.publication_date import (
    DateReader,
    days_of_publication,
    is_declared,
    rejected_days,
    with_best_dates,
)
from worker.model.admission import RawArticle

_WEST, _EAST = timedelta(hours=12), timedelta(hours=14)  # the time zones farthest from UTC
_SAME_INSTANT = timedelta(minutes=1)
SEARCHED = "search of the page"  # the source of a date that htmldate found


class ArticleDates(NamedTuple):
    """When an article was published and last changed (`published`, `updated`), and where these
    dates come from.

    `published_from` and `updated_from` name the source of the dates: a field of the feed, such as
    "feed:published", the web page, or a search through its text. `page` is the metadata of the web
    page. `fetched` is when the article was fetched, None if unknown. A date in UTC may be of
    another day in the publisher's time zone; `day_from` says where this local day was found, "" if
    the date itself tells it. `read` is the function that parses dates as the source of the article
    writes them.
    """

    page: PageMetadata
    published: ParsedDate
    updated: ParsedDate
    fetched: datetime | None
    read: DateReader
    published_from: str = ""
    updated_from: str = ""
    day_from: str = ""


def dates_of(
    raw: RawArticle,
    page: PageMetadata,
    markup: str,
    language: str,
    declared: str,
    rules: DateRules,
    now: datetime,
) -> ArticleDates:
    """Decide when an article was published and last changed, from its feed, else from its page.

    `page` is the metadata of the page, and `markup` the page itself, searched if `page` has no
    date; "" for no page. `language` is the detected language, `declared` the language tag that the
    source gives. No date is later than the time of the fetch, or than `now`, the present time, if
    that of the fetch is unknown.
    """
    fetched = read_date(raw.fetch.at, rules, now).at
    latest = fetched or now
    order = _order(raw, page, language, declared)
    read = partial(
        read_date,
        rules=rules,
        latest=latest,
        day_first=order.day_first,
        certain=order.certain,
        zone=rules.zone_of(raw.source_id),
        customs=customs_of(language, declared),
    )
    published, updated = read(raw.published), read(raw.updated)
    published_from = "feed:published" if published.at else ""
    updated_from = "feed:updated" if updated.at else ""
    if page is NO_METADATA:
        return ArticleDates(page, published, updated, fetched, read, published_from, updated_from)
    url = raw.link or page.canonical
    read_once = cache(read)  # the steps below look at the same few dates
    page = with_best_dates(page, url, read_once, rules)
    published = _completed(published, page.published, read_once)
    updated = _completed(updated, page.updated, read_once)
    published_from = published_from or PAGE
    updated_from = updated_from or PAGE
    if published.at is None and is_declared(page):
        published = ParsedDate(None, "bad-date")
    elif published.at is None and markup:
        found = read(search_date(markup, raw.link, page.title, latest))
        if found.day not in rejected_days(page, read_once, rules):
            published = found._replace(flag=published.flag or found.flag)
            published_from = SEARCHED
    published, day_from = _with_local_day(published, page, url, read_once, rules)
    return ArticleDates(
        page, published, updated, fetched, read, published_from, updated_from, day_from
    )


def _order(raw: RawArticle, page: PageMetadata, language: str, declared: str) -> DateOrder:
    dates = (raw.published, raw.updated, page.published, page.updated)
    visible = (date.text for date in page.visible_dates)
    return date_order(language, declared, (raw.link, raw.feed.url), (*dates, *visible))


def _completed(date: ParsedDate, page_text: str, read: DateReader) -> ParsedDate:
    """Return the date of the raw article, or the date of its page if the raw article has none."""
    if date.at or not page_text:
        return date
    of_page = read(page_text)
    return of_page._replace(flag=date.flag or of_page.flag)


def _with_local_day(
    published: ParsedDate, page: PageMetadata, url: str, read: DateReader, rules: DateRules
) -> tuple[ParsedDate, str]:
    """Return a date of publication that is written in UTC with the day that its page gives in the
    publisher's own time zone: in another date of the same instant, in visible text or in the
    address. A day that no time zone has at that instant is another date.

    Also returns where that day comes from, "" if from the date itself.
    """
    if published.at is None or published.zone != "UTC":
        return published, ""
    for zoned in _zoned(page, read):
        if zoned.at and abs(zoned.at - published.at) <= _SAME_INSTANT:
            local = published._replace(day=zoned.day, zone=zoned.zone)
            return local, "another declared date of the same instant"
    first, last = (published.at - _WEST).date(), (published.at + _EAST).date()
    for day in days_of_publication(page, url, read, rules):
        if first <= day <= last:
            zone = published.zone if day == published.day else ""
            return published._replace(day=day, zone=zone), "visible text or address"
    return published, ""


def _zoned(page: PageMetadata, read: DateReader) -> Iterable[ParsedDate]:
    """Yield the declared dates of publication that are written in another zone than UTC."""
    dates = (read(text) for _, text in page.declared_dates)
    return (date for date in dates if date.zone not in ("", "UTC"))
