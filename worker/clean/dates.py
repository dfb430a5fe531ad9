"""A date as a feed or a page wrote it comes in, an aware UTC datetime and a flag go out."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from dateutil import parser

from worker.clean.rules import DateRules

_MAX_CHARS = 80
_EPOCH = re.compile(r"(-?[0-9]{9,10})(?:\.[0-9]*)?|([0-9]{12,13})(?:\.[0-9]*)?")
_RFC = re.compile(r"(?:[A-Za-z]{3,9},? +)?[0-9]{1,2} [A-Za-z]{3,9} [0-9]{2,4} +[0-9]{1,2}:.*")
_USUAL = re.compile(  # RFC 5322 as feeds write it: a tenth of what reading all its forms takes
    r"[A-Z][a-z]{2}, ([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) "
    r"(?:GMT|([+-])([0-9]{2})([0-9]{2}))"
)
_ZONE = re.compile(r"(?<=[0-9 ])[A-Z]{2,5}$")

# Where a name has two meanings, the one of news in English or the larger audience.
_OFFSETS_H = (
    "UT:0 UTC:0 GMT:0 WET:0 WEST:1 BST:1 CET:1 MEZ:1 WAT:1 CEST:2 MESZ:2 EET:2 CAT:2 SAST:2 "
    "EEST:3 MSK:3 EAT:3 TRT:3 GST:4 PKT:5 IST:5.5 WIB:7 ICT:7 HKT:8 SGT:8 PHT:8 AWST:8 JST:9 KST:9 "
    "ACST:9.5 AEST:10 AEDT:11 NZST:12 NZDT:13 NST:-3.5 BRT:-3 ART:-3 AST:-4 ADT:-3 EST:-5 EDT:-4 "
    "CST:-6 CDT:-5 MST:-7 MDT:-6 PST:-8 PDT:-7 AKST:-9 AKDT:-8 HST:-10"
)
_OFFSET_H = {name: float(hours) for name, hours in (pair.split(":") for pair in _OFFSETS_H.split())}
_MONTHS = (
    "januar january januari janvier enero janeiro gennaio января stycznia|"
    "februar february februari février fevrier febrero fevereiro febbraio февраля lutego|"
    "märz maerz march maart mars marzo março marco марта marca|"
    "april avril abril aprile апреля kwietnia|mai may mei mayo maio maggio мая maja|"
    "juni june juin junio junho giugno июня czerwca|"
    "juli july juillet julio julho luglio июля lipca|"
    "august augustus août aout agosto августа sierpnia|"
    "september septembre septiembre setembro settembre сентября września|"
    "oktober october octobre octubre outubro ottobre октября października|"
    "november novembre noviembre novembro ноября listopada|"
    "dezember december décembre decembre diciembre dezembro dicembre декабря grudnia"
)
_ENGLISH = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"


_MONTH_NUMBER = {month: number for number, month in enumerate(_ENGLISH.split(), 1)}


def _beginnings() -> dict[str, str]:
    """Every month name and every beginning of one (sept, janv, févr) that names only one month."""
    months: dict[str, set[str]] = {}
    for names, english in zip(_MONTHS.split("|"), _ENGLISH.split(), strict=True):
        for name in names.split():
            for end in range(3, len(name) + 1):
                months.setdefault(name[:end], set()).add(english)
    whole = set(_MONTHS.replace("|", " ").split())
    return {m: min(of) for m, of in months.items() if len(of) == 1 or m in whole}


_MONTH = _beginnings()
MONTH_NAMES = {name: _MONTH_NUMBER[english] for name, english in _MONTH.items()}
_WEEKDAY = re.compile(r"^([^\W\d_]+)\.?,?\s+(?=[0-9])")  # or a month: "May 3, 2026"
_DAY_FIRST_FORM = re.compile(r"[0-9]{1,2}([.-])[0-9]{1,2}\1")  # in the US there are strokes
_EASTERN = re.compile(r"([0-9]{4})[年년] ?([0-9]{1,2})[月월] ?([0-9]{1,2})[日일]")
_ORDINAL = re.compile(r"(?<=[0-9])(?:er|º|ª)\b")
_WORD = re.compile(r"[^\W\d_]+\.?")
_FILLERS = frozenset("de del di um uhr alle le den il el la kl om at on ore года г в".split())


# English that writes the day before the month.
_DAY_FIRST = re.compile(r"en[-_](?:au|gb|ie|in|ke|ng|nz|za)", re.I)


class Read(NamedTuple):
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
) -> Read:
    """Read one date; none is newer than `latest` and none older than the configured year.

    A time without a zone is of `zone`; a day without a time stays the day it is.
    """
    text = text.strip()
    if not text:
        return Read(None)
    try:
        at = _parse(text[:_MAX_CHARS], day_first=day_first, zone=zone if ":" in text else UTC)
    except (ValueError, OverflowError, ArithmeticError):
        return Read(None, "bad-date")
    if at.year < rules.earliest_year:
        return Read(None, "bad-date")
    if at > latest + rules.tolerance:
        return Read(latest, "future-date")
    return Read(at)


def _parse(text: str, *, day_first: bool, zone: tzinfo) -> datetime:
    if epoch := _EPOCH.fullmatch(text):
        seconds, millis = epoch.groups()
        return datetime.fromtimestamp(int(seconds) if seconds else int(millis) / 1000, UTC)
    if usual := _USUAL.fullmatch(text):
        try:
            return _of_feed(*usual.groups())
        except ValueError:
            pass
    try:
        return _utc(datetime.fromisoformat(text), zone)
    except ValueError:
        pass
    numeric = _ZONE.sub(_numeric_zone, text)
    if _RFC.fullmatch(numeric):
        try:
            return _utc(parsedate_to_datetime(numeric), zone)
        except ValueError:
            pass
    return _human(numeric, day_first=day_first, zone=zone)


def _of_feed(
    day: str, month: str, year: str, hour: str, minute: str, second: str, *offset: str | None
) -> datetime:
    """Raises ValueError for what is no date."""
    number = _MONTH_NUMBER.get(month)
    if number is None:
        raise ValueError(month)
    at = datetime(int(year), number, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    sign, hours, minutes = offset
    if not sign or not hours or not minutes:
        return at
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    return at - ahead if sign == "+" else at + ahead


def _human(text: str, *, day_first: bool, zone: tzinfo) -> datetime:
    """Common forms of nine languages, by way of English, and those of the Far East."""
    text = _EASTERN.sub(r"\1-\2-\3", text)
    english = _WORD.sub(_english, _without_weekday(_ORDINAL.sub("", text)))
    # Year 1 where the year is missing: today's would make the result depend on the clock.
    at = parser.parse(
        english,
        default=datetime(1, 1, 1),  # noqa: DTZ001 - a zone here would hide the one in the text
        dayfirst=day_first or _DAY_FIRST_FORM.match(text) is not None,
        tzinfos=_zone,
    )
    return _utc(at, zone)


def _without_weekday(text: str) -> str:
    """The word "mar." is Tuesday in "mar. 3 mars" and March in "Mar 3": a second month tells."""
    first = _WEEKDAY.match(text)
    if not first:
        return text
    rest = text[first.end() :]
    months = [word for word in _WORD.findall(rest) if word.removesuffix(".").lower() in _MONTH]
    return rest if months or first[1].lower() not in _MONTH else text


def _english(word: re.Match[str]) -> str:
    name = word[0].removesuffix(".").lower()
    return _MONTH.get(name, "" if name in _FILLERS else word[0])


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    """For dateutil, which would warn about zones it does not know and ask the machine's own."""
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    if name is None:
        return None  # dateutil asks even where no zone is written
    return timezone(timedelta(hours=_OFFSET_H.get(name or "", 0)))


def _numeric_zone(zone: re.Match[str]) -> str:
    hours = _OFFSET_H.get(zone[0])
    if hours is None:
        return zone[0]
    minutes = round(abs(hours) * 60)
    return f"{'-' if hours < 0 else '+'}{minutes // 60:02}{minutes % 60:02}"


def _utc(at: datetime, zone: tzinfo) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def search_date(markup: str, url: str, latest: datetime) -> datetime | None:
    """The day a page was published that neither declares nor prints one, as htmldate finds it.

    Its extensive search takes seconds of some pages, and makes most of its dates of the year of
    the copyright.
    """
    from htmldate import find_date  # comes with trafilatura, and takes as long to import

    try:
        found = find_date(
            markup, url=url or None, original_date=True, max_date=latest, extensive_search=False
        )
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return None  # it stumbles over odd trees
    return datetime.fromisoformat(found).replace(tzinfo=UTC) if found else None
