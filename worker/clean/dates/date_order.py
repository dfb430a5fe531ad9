"""Decide whether the day or the month is first in dates of an article such as 3/4/2022."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

# Regions of English where the day is written before the month.
_DAY_FIRST = re.compile(r"en[-_](?:au|gb|gh|ie|in|ke|my|ng|nz|pk|sg|uk|za)\b", re.I)
_MONTH_FIRST = re.compile(r"en[-_]us\b|es[-_](?:us|pr|pa)\b", re.I)
# Languages whose dates begin with the year: with the year at the end, either order is in use.
_YEAR_FIRST = frozenset(("ja", "ko", "zh"))
# Top-level domains of countries where English is written, by the order in use there.
_DAY_FIRST_DOMAINS = frozenset(
    "au bw gh hk ie in jm ke lk mt my ng nz pk sg tt tz ug uk za zm zw".split()
)
_MONTH_FIRST_DOMAINS = frozenset("edu gov mil us".split())
_SLASHED = re.compile(r"(?<![0-9/])([0-9]{1,2})/([0-9]{1,2})/(?:[0-9]{4}|[0-9]{2})(?![0-9/])")
_AMERICAN = re.compile(r"\b(?:[ecmp][sd]?t|eastern|central|mountain|pacific)\b", re.I)
_WEEKDAY = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)", re.I)
_WEEKDAYS = "mon tue wed thu fri sat sun".split()
_LAST_MONTH = 12


class DateOrder(NamedTuple):
    """The order of day and month in the dates of an article.

    `day_first` says that 3/4/2022 is in April. `certain` says that the language, the region or
    another date of the article tells so; else the order is only the more usual one.
    """

    day_first: bool
    certain: bool


def date_order(
    language: str, declared: str, addresses: Iterable[str] = (), dates: Iterable[str] = ()
) -> DateOrder:
    """Return whether the day or the month is first in the dates of an article, such as 3/4/2022,
    and whether that is certain.

    `language` is the detected language, "und" if unknown; `declared` is the language tag that the
    source gives, such as "en-GB". `addresses` are URLs of the source, whose domain may name the
    country. `dates` are other dates of the article, one of which may show the order, as 13/4/2022
    does.
    """
    for text in dates:
        if (shown := _shown(text)) is not None:
            return DateOrder(shown, certain=True)
    if _DAY_FIRST.match(declared.strip()):
        return DateOrder(day_first=True, certain=True)
    if _MONTH_FIRST.match(declared.strip()) and language in ("en", "es", "und"):
        return DateOrder(day_first=False, certain=True)
    if language in _YEAR_FIRST:
        return DateOrder(day_first=False, certain=False)
    if language not in ("en", "und"):
        return DateOrder(day_first=True, certain=True)
    for address in addresses:
        domain = _domain(address)
        if domain in _DAY_FIRST_DOMAINS or domain in _MONTH_FIRST_DOMAINS:
            return DateOrder(domain in _DAY_FIRST_DOMAINS, certain=True)
    return DateOrder(day_first=False, certain=False)


def order_in(text: str, readings: tuple[datetime, datetime]) -> int | None:
    """Choose between the two meanings of a date such as 3/4/2022 by the text around it: an English
    day of the week tells which one it is, and an American time zone that the month is first.

    `readings` are the two meanings. Returns the index of the right one, None if the text has
    neither.
    """
    weekday = _WEEKDAY.search(text)
    if weekday:
        number = _WEEKDAYS.index(weekday[1].lower())
        fitting = [n for n, at in enumerate(readings) if at.weekday() == number]
        if len(fitting) == 1:
            return fitting[0]
    slashed = _SLASHED.search(text)
    if slashed and _AMERICAN.search(text, slashed.end()):
        return [at.month for at in readings].index(int(slashed[1]))
    return None


def _shown(text: str) -> bool | None:
    """Whether a date shows that the day is written first; None if it does not show the order."""
    numbers = _SLASHED.search(text)
    if not numbers:
        return None
    first, second = int(numbers[1]), int(numbers[2])
    if max(first, second) > date.max.day or (first > _LAST_MONTH) == (second > _LAST_MONTH):
        return None
    return first > _LAST_MONTH


def _domain(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").rpartition(".")[2]
    except ValueError:
        return ""
