"""Parse a date as a feed or a page writes it to the UTC datetime and the local day that it means,
and flag a bad, ambiguous or future date."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from worker.clean.cleaning_rules import DateRules
from worker.clean.dates.date_labels import without_label, without_markup
from worker.clean.dates.date_order import date_order, order_in
from worker.clean.dates.local_customs import in_common_meaning
from worker.clean.dates.month_names import MONTHS
from worker.clean.dates.time_zones import fixed_offset, name_of, offset_name
from worker.clean.dates.written_dates import MAX_CHARS, WrittenDate, read_written

_EPOCH = re.compile(  # seconds, milli-, micro- or nanoseconds since 1970, or the form of .NET
    r"@?((?:[0-9]{9,10}|-(?!(?:19|20)[0-9]{6}$)[0-9]{7,10})(?:\.[0-9]{0,9})?)"
    r"|(-?[0-9]{12,13})(?:\.[0-9]{0,9})?|(1[0-9]{15})|(1[0-9]{18})"
    r"|\\?/?(?:new )?Date\((-?[0-9]{1,14})([+-][0-9]{4})?\)\\?/?"
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

# Dates that programs write for one that is missing: zero of Unix, of OLE and of SQL Server.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_NULLS = frozenset(
    datetime(*day)  # noqa: DTZ001 - as it is written
    for day in ((1970, 1, 1), (1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1904, 1, 1))
)
_SECOND = timedelta(seconds=1)  # programs also write -1, for an error
_NO_YEAR = 9000  # and later years, as in 9999-12-31, mean no date
_FARTHEST = timedelta(hours=14)  # ahead of UTC: the first day of the earth begins there
_CLOCK_ERROR = timedelta(minutes=10)  # by which the clock of a publisher may run ahead
_FRESH = timedelta(days=7)  # most articles are fetched within a week


class ParsedDate(NamedTuple):
    """The result of reading a date from a feed or page.

    `at` is the UTC datetime, None for a missing or invalid date. The flag is "bad-date" for a date
    that is invalid, "future-date" for one that was in the future and was replaced, and
    "ambiguous-date" for one whose day and month may be in the other order; else "". `day` is the
    day in the publisher's own time zone, and `zone` that zone, such as "Europe/Paris", "+02:00" or
    "UTC"; "" if it is unknown.
    """

    at: datetime | None
    flag: str = ""
    day: date | None = None
    zone: str = ""


class _Reading(NamedTuple):
    """A date read from a text, in UTC (`at`) and as local time.

    `zone` is the name of the local time zone, "" if it is unknown. `timed` says that the text gives
    a time, `ambiguous` that its day and month may also be in the other order.
    """

    at: datetime
    local: datetime  # naive
    zone: str
    timed: bool = True
    ambiguous: bool = False


def day_first(language: str, declared: str) -> bool:
    """Whether 3/4/2022 means 3 April in an article, and not March 4.

    It does in most languages. It does not in texts of unknown language, nor in English ones, unless
    the source declares a region, such as Britain, that writes the day first. `language` is the
    detected language, "und" if unknown; `declared` is the language tag that the source gives, such
    as "en-GB".
    """
    return date_order(language, declared).day_first


def read_date(
    text: str,
    rules: DateRules,
    latest: datetime,
    *,
    day_first: bool = False,
    certain: bool = True,
    zone: tzinfo = UTC,
    customs: frozenset[str] = frozenset(),
) -> ParsedDate:
    """Parse a text that consists of one date. Returns the date in UTC, its local day, its time
    zone, and a flag for a problem.

    A text that is no date, or names a year that is too early, gives None and "bad-date". A date
    after `latest`, the time when the article was fetched, is replaced by `latest`, and flagged
    "future-date" unless it is only a little later. `zone` is the time zone of dates that name none.
    `day_first` says that 3/4/2022 is in April; if this is not `certain`, the order of day and month
    is chosen that gives the date nearer to `latest`. `customs` are languages, from `customs_of`,
    whose meaning of "23.11.14" and the like counts.
    """
    text = text.strip()
    if not text:
        return ParsedDate(None)
    if customs and len(text) <= MAX_CHARS:
        text = in_common_meaning(text, customs)
    try:
        order = _Order(day_first, certain, latest)
        read = _parse(text, rules, order=order, zone=zone)
    except (ValueError, OverflowError, OSError):
        return ParsedDate(None, "bad-date")
    if read.at.year < rules.earliest_year or _is_null(read):
        return ParsedDate(None, "bad-date")
    day, name = read.local.date(), read.zone
    if name == "UTC" and zone is not UTC:  # a source that writes its dates in UTC
        day, name = read.at.astimezone(zone).date(), name_of(zone)
    flag = "ambiguous-date" if read.ambiguous else ""
    if read.at <= latest:
        return ParsedDate(read.at, flag, day, name)
    return _not_after(latest, read, rules, ParsedDate(latest, flag, day, name))


class _Order(NamedTuple):
    """Whether the day or the month is taken to be first in a date such as 3/4/2022.

    `day_first` says that the day is, so that the date is in April. If this is not `certain`, the
    order is chosen that gives the date nearer to `latest`, the time when the article was fetched.
    """

    day_first: bool
    certain: bool
    latest: datetime


def _not_after(
    latest: datetime, read: _Reading, rules: DateRules, parsed: ParsedDate
) -> ParsedDate:
    """Return a date that was read as later than the fetch with the time of the fetch, flagged if
    that is an error. Of a date too far in the future the day is wrong, too."""
    ahead = read.at - latest
    if ahead <= (_CLOCK_ERROR if read.timed else _FARTHEST):
        return parsed
    day = parsed.day if ahead <= rules.tolerance else latest.date()
    return parsed._replace(flag="future-date", day=day)


def _is_null(read: _Reading) -> bool:
    """Whether a date is one that programs write for a date that is missing."""
    if _NO_YEAR > read.at.year > _NEVER.year:
        return False
    if read.at in (_NEVER, _NEVER - _SECOND) or read.at.year >= _NO_YEAR:
        return True
    if read.local in _NULLS and read.timed:
        return True
    quarter = read.local.minute % 15 == 0 and read.local.second == 0
    return quarter and not read.zone and abs(read.at - _NEVER) <= _FARTHEST  # zero in some zone


def _parse(text: str, rules: DateRules, *, order: _Order, zone: tzinfo) -> _Reading:
    if usual := _USUAL.fullmatch(text):
        try:
            return _of_feed(*usual.groups())
        except ValueError:
            pass  # a leap second, 24:00, or a zone with summer time
    elif _ISO.fullmatch(text):
        try:
            return _of_iso(text, zone)
        except ValueError:
            pass
    elif epoch := _EPOCH.fullmatch(text):
        return _since_1970(text, *epoch.groups())
    return _written(text, rules, order=order, zone=zone)


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
) -> _Reading:
    """Build a date from the parts of the usual form of feeds: "Wed, 04 May 2022 10:00:00 +0200".

    Raises ValueError for an invalid date, and for a zone without a fixed offset.
    """
    number = MONTHS.get(month.lower(), 0)
    local = datetime(int(year), number, int(day), int(hour), int(minute), int(second or 0))  # noqa: DTZ001
    at = local.replace(tzinfo=UTC)
    if name:
        ahead = fixed_offset(name)
        return _Reading(at - ahead, local, offset_name(ahead))
    if not sign or hours == minutes == "00":
        return _Reading(at, local, "UTC")
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    return _Reading(at - ahead if sign == "+" else at + ahead, local, f"{sign}{hours}:{minutes}")


def _of_iso(text: str, zone: tzinfo) -> _Reading:
    at = datetime.fromisoformat(text)
    if ":" not in text:
        return _Reading(at.replace(tzinfo=UTC), at, _known(zone), timed=False)
    if at.tzinfo is None:
        return _Reading(at.replace(tzinfo=zone).astimezone(UTC), at, _known(zone))
    return _Reading(at.astimezone(UTC), at.replace(tzinfo=None), name_of(at.tzinfo))


def _known(zone: tzinfo) -> str:
    """The name of the time zone of a source; "" for `UTC`, which stands for an unknown one."""
    return "" if zone is UTC else name_of(zone)


def _since_1970(
    text: str,
    seconds: str | None,
    millis: str | None,
    micros: str | None,
    nanos: str | None,
    of_net: str | None,
    offset: str | None,
) -> _Reading:
    """Build a date from a timestamp, the time since 1970 in seconds, milli-, micro- or nanoseconds.

    Twelve digits are read as YYYYMMDDhhmm if that is valid, because as milliseconds they would be
    before September 2001. The `offset` of .NET is that of the local time.
    """
    if millis and len(text) == len("YYYYMMDDhhmm"):
        try:
            local = read_written(text, day_first=False).local
            return _Reading(local.replace(tzinfo=UTC), local, "")
        except ValueError:
            pass
    units = ((seconds, 1), (millis or of_net, 10**3), (micros, 10**6), (nanos, 10**9))
    number, unit = next((float(n), unit) for n, unit in units if n)
    at = datetime.fromtimestamp(number / unit, UTC)
    ahead = timedelta()
    if offset:
        ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
        ahead = -ahead if offset[0] == "-" else ahead
    return _Reading(at, (at + ahead).replace(tzinfo=None), offset_name(ahead))


def _written(text: str, rules: DateRules, *, order: _Order, zone: tzinfo) -> _Reading:
    if len(text) > 2 * MAX_CHARS:
        raise ValueError("too long for a date")
    text = without_markup(text)
    if len(text) > MAX_CHARS:
        raise ValueError("too long for a date")
    if day := _ISO_DAY.fullmatch(text):
        text = day[1]
    text = without_label(text, rules.published_words)
    return _chosen(text, read_written(text, day_first=order.day_first), order, zone)


def _chosen(text: str, parsed: WrittenDate, order: _Order, zone: tzinfo) -> _Reading:
    """Choose the order of day and month by what the text proves, then by the expected order unless
    the date would be in the future, then by the nearness to the fetch."""
    first = _instant(parsed, parsed.local, zone)
    if not parsed.other:
        return first
    proven = order_in(text, (parsed.local, parsed.other))
    other = _instant(parsed, parsed.other, zone)
    if proven is not None:
        return (first, other)[proven]
    day_ahead = order.latest + _FARTHEST
    if first.at > day_ahead >= other.at:
        return other._replace(ambiguous=True)
    if order.certain:
        return first
    fresh = order.latest - _FRESH
    if first.at < fresh <= other.at <= day_ahead:
        return other._replace(ambiguous=True)
    return first._replace(ambiguous=True)


def _instant(parsed: WrittenDate, local: datetime, zone: tzinfo) -> _Reading:
    if not parsed.timed:
        return _Reading(local.replace(tzinfo=UTC), local, _known(zone), timed=False)
    at = local.replace(tzinfo=parsed.zone or zone).astimezone(UTC)
    return _Reading(at, local, name_of(parsed.zone) if parsed.zone else _known(zone))
