"""Parse a date as a feed or a page writes it to a UTC datetime, and flag a bad or future date."""

import html
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from worker.clean.cleaning_rules import DateRules
from worker.clean.dates.date_words import MONTHS
from worker.clean.dates.time_zones import fixed_offset
from worker.clean.dates.written_dates import MAX_CHARS, read_written

_EPOCH = re.compile(  # seconds, milliseconds or microseconds since 1970, or the form of .NET
    r"(-?[0-9]{9,10})(?:\.[0-9]*)?|([0-9]{12,13})(?:\.[0-9]*)?|(1[0-9]{15})"
    r"|/Date\((-?[0-9]{1,14})(?:[+-][0-9]{4})?\)/"
)
_USUAL = re.compile(  # RFC 5322 as feeds write it: ten times as fast as reading all its forms
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?([0-9]{1,2}) ([A-Z][a-z]{2,8}) ([0-9]{4}) "
    r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))? "
    r"(?:GMT|([+-])(0[0-9]|1[0-4])([0-5][0-9])|([A-Z]{2,5}))"
)
# The usual form; Python also parses weeks, "2022-05-04x10" and "10:00:00:00".
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?"
    r"(?:Z|[+-](?:0[0-9]|1[0-4]):?[0-9]{2})?)?"
)
_ISO_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])")
_LABEL_END = re.compile(r"^[^\W\d_]*\s*:?\s*")  # a configured label may be a part of a word
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # programs write it for a date that is missing

# Regions of English where the day is written before the month.
_DAY_FIRST = re.compile(r"en[-_](?:au|gb|ie|in|ke|ng|nz|za)", re.I)


class ParsedDate(NamedTuple):
    """The result of reading a date from a feed or page: the UTC datetime, and a flag.

    `at` is None for a missing or invalid date. The flag is "bad-date" for a date that is invalid,
    "future-date" for one that was in the future and was replaced, else "".
    """

    at: datetime | None
    flag: str = ""  # future-date, bad-date


def day_first(language: str, declared: str) -> bool:
    """Whether 3/4/2022 means 3 April in an article. It does in all languages, except in English
    without a region that writes the day first, and in texts of unknown language.

    `language` is the detected language, "und" if unknown. `declared` is the language tag that the
    source gives: for "en-GB" and the like the result is always True.
    """
    return language not in ("en", "und") or _DAY_FIRST.match(declared.strip()) is not None


def read_date(
    text: str,
    rules: DateRules,
    latest: datetime,
    *,
    day_first: bool = False,
    zone: tzinfo = UTC,
) -> ParsedDate:
    """Parse a text that consists of one date, and return the date in UTC with a flag.

    A date too far after `latest` (the present time) is replaced by it and flagged "future-date". A
    text that is no date, or a date of too early a year, gives None and "bad-date". `zone` is used
    for a time without a time zone. `day_first` says that 3/4/2022 is in April.
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
            pass  # a leap second, 24:00, or a zone with summer time
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
    """Build a date from the parts of the usual form of feeds: "Wed, 04 May 2022 10:00:00 +0200".

    Raises ValueError for an invalid date, and for a zone without a fixed offset.
    """
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
    """Build a date from a timestamp, the time since 1970 in seconds, milliseconds or microseconds.

    Twelve digits are read as YYYYMMDDhhmm if that is valid, because as milliseconds they would be
    before September 2001.
    """
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
    if len(text) > MAX_CHARS:
        raise ValueError("too long for a date")
    if "&" in text:
        text = html.unescape(text)
    if day := _ISO_DAY.fullmatch(text):
        text = day[1]
    parsed = read_written(_without_label(text, rules), day_first=day_first)
    return _utc(parsed.local, (parsed.zone or zone) if parsed.timed else UTC)


def _without_label(text: str, rules: DateRules) -> str:
    """Remove a label of publication such as "Published:" or "Publié le" from the start of a date.

    Other labels are not removed, because they belong to other dates.
    """
    low = text.lower()
    for label in rules.published_words:
        if low.startswith(label):
            return _LABEL_END.sub("", text[len(label) :], count=1)
    return text


def _utc(at: datetime, zone: tzinfo) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def search_date(markup: str, url: str, latest: datetime) -> datetime | None:
    """Search a page for its date of publication with the library htmldate, in its markup and its
    address `url`. Returns the start of that day in UTC, None if no date is found.

    It is the last resort for a page that neither declares nor shows a readable date. Dates after
    `latest` are ignored.
    """
    from htmldate import find_date  # comes with trafilatura, and takes as long to import

    try:
        parsed = find_date(
            markup, url=url or None, original_date=True, max_date=latest, extensive_search=False
        )
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return None  # htmldate fails on some malformed trees
    return datetime.fromisoformat(parsed).replace(tzinfo=UTC) if parsed else None
