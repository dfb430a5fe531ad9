"""A date as a feed or a page wrote it comes in, an aware UTC datetime and a flag go out."""

import html
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from worker.clean.cleaning_rules import DateRules
from worker.clean.dates.date_words import MONTHS
from worker.clean.dates.time_zones import fixed_offset
from worker.clean.dates.written_dates import read_written

_MAX_CHARS = 120
_EPOCH = re.compile(  # seconds, milliseconds or microseconds since 1970, or as .NET writes them
    r"(-?[0-9]{9,10})(?:\.[0-9]*)?|([0-9]{12,13})(?:\.[0-9]*)?|(1[0-9]{15})"
    r"|/Date\((-?[0-9]{1,14})(?:[+-][0-9]{4})?\)/"
)
_USUAL = re.compile(  # RFC 5322 as feeds write it: a tenth of what reading all its forms takes
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?([0-9]{1,2}) ([A-Z][a-z]{2,8}) ([0-9]{4}) "
    r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))? "
    r"(?:GMT|([+-])(0[0-9]|1[0-4])([0-5][0-9])|([A-Z]{2,5}))"
)
# As nearly all write it; Python reads weeks, "2022-05-04x10" and "10:00:00:00" as well.
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?"
    r"(?:Z|[+-](?:0[0-9]|1[0-4]):?[0-9]{2})?)?"
)
_ISO_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])")
_LABEL_END = re.compile(r"^[^\W\d_]*\s*:?\s*")  # labels are beginnings of words
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # what programs write of a date that they do not have

# English that writes the day before the month.
_DAY_FIRST = re.compile(r"en[-_](?:au|gb|ie|in|ke|ng|nz|za)", re.I)


class ParsedDate(NamedTuple):
    at: datetime | None
    flag: str = ""  # future-date, bad-date


def day_first(language: str, declared: str) -> bool:
    """Whether 3/4/2022 is in April: everywhere but where English is written as in the US."""
    return language not in ("en", "und") or _DAY_FIRST.match(declared.strip()) is not None


def read_date(
    text: str,
    rules: DateRules,
    latest: datetime,
    *,
    day_first: bool = False,
    zone: tzinfo = UTC,
) -> ParsedDate:
    """Read one date, whole or not at all; none is newer than `latest` and none older than the
    configured year.

    A time without a zone is of `zone`; a day without a time stays the day it is.
    """
    text = text.strip()
    if not text:
        return ParsedDate(None)
    try:
        at = _parse(text, rules, day_first=day_first, zone=zone)
    except (ValueError, OverflowError, OSError):
        return ParsedDate(None, "bad-date")
    if at.year < rules.earliest_year or at == _NEVER:
        return ParsedDate(None, "bad-date")
    if at > latest and at > latest + rules.tolerance:
        return ParsedDate(latest, "future-date")
    return ParsedDate(at)


def _parse(text: str, rules: DateRules, *, day_first: bool, zone: tzinfo) -> datetime:
    if usual := _USUAL.fullmatch(text):
        try:
            return _of_feed(*usual.groups())
        except ValueError:
            pass  # a leap second, 24:00, or a zone whose summer the day decides
    elif _ISO.fullmatch(text):
        try:
            return _utc(datetime.fromisoformat(text), zone if ":" in text else UTC)
        except ValueError:
            pass
    elif epoch := _EPOCH.fullmatch(text):
        return _since_1970(text, *epoch.groups())
    return _written(text, rules, day_first=day_first, zone=zone)


def _of_feed(
    day: str,
    month: str,
    year: str,
    hour: str,
    minute: str,
    second: str | None,
    sign: str | None,
    hours: str,
    minutes: str,
    name: str | None,
) -> datetime:
    """Raises ValueError for what is no date, or in a zone that is no fixed offset."""
    number = MONTHS.get(month.lower(), 0)
    at = datetime(int(year), number, int(day), int(hour), int(minute), int(second or 0), tzinfo=UTC)
    if name:
        return at - fixed_offset(name)
    if not sign:
        return at
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    return at - ahead if sign == "+" else at + ahead


def _since_1970(
    text: str, seconds: str | None, millis: str | None, micros: str | None, of_net: str | None
) -> datetime:
    """Twelve digits are a day and a time if they can be: milliseconds of them ended in 2001."""
    if millis and len(text) == len("YYYYMMDDhhmm"):
        try:
            return _utc(read_written(text, day_first=False).local, UTC)
        except ValueError:
            pass
    if seconds:
        return datetime.fromtimestamp(int(seconds), UTC)
    if micros:
        return datetime.fromtimestamp(int(micros) / 1_000_000, UTC)
    return datetime.fromtimestamp(int(millis or of_net or 0) / 1000, UTC)


def _written(text: str, rules: DateRules, *, day_first: bool, zone: tzinfo) -> datetime:
    if len(text) > _MAX_CHARS:
        raise ValueError("too long for a date")
    if "&" in text:
        text = html.unescape(text)
    if day := _ISO_DAY.fullmatch(text):
        text = day[1]
    parsed = read_written(_without_label(text, rules), day_first=day_first)
    return _utc(parsed.local, (parsed.zone or zone) if parsed.timed else UTC)


def _without_label(text: str, rules: DateRules) -> str:
    """The date behind "Published:" or "Publié le"; other labels are of other dates."""
    low = text.lower()
    for label in rules.published_words:
        if low.startswith(label):
            return _LABEL_END.sub("", text[len(label) :], count=1)
    return text


def _utc(at: datetime, zone: tzinfo) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def search_date(markup: str, url: str, latest: datetime) -> datetime | None:
    """The day a page was published that neither declares nor prints one, as htmldate finds it.

    Its extensive search takes seconds of some pages, and makes most of its dates of the year of
    the copyright.
    """
    from htmldate import find_date  # comes with trafilatura, and takes as long to import

    try:
        parsed = find_date(
            markup, url=url or None, original_date=True, max_date=latest, extensive_search=False
        )
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return None  # it stumbles over odd trees
    return datetime.fromisoformat(parsed).replace(tzinfo=UTC) if parsed else None
