"""Parse a date as people write it, such as "Tuesday, 4 May 2022 at 10:00 CEST", in many languages.

The text is split into its parts, such as day, month, time and zone, whose order must be one that is
used for dates. A text with any other part, or with a part twice, is refused, because it may mean
another day. The module is a little long because each reader of a part takes and returns the same
private tokens, whose codes only have a meaning here.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from worker.clean.dates.date_words import BEFORE, UNITS, WEEKDAYS, eastern_day, eastern_noon
from worker.clean.dates.month_names import MONTH_NAMES, MONTHS, month_of
from worker.clean.dates.native_forms import in_common_form
from worker.clean.dates.time_zones import Zone, agreed, read_zone

_YEAR_FIRST = re.compile(
    r"([0-9]{4})(?:(?: ?([-/.:]) ?([0-9]{1,2}) ?\2 ?([0-9]{1,2})| ([0-9]{1,2}) ([0-9]{1,2})"
    r"| ?[年년] ?([0-9]{1,2}) ?[月월] ?([0-9]{1,2}))(?: ?[日일號号]|(?![0-9:])))"
)
_YEAR_LAST = re.compile(
    r"([0-9]{1,2})(?: ?([-/.]) ?|( ))([0-9]{1,2})(?: ?\2 ?|\3)([0-9]{4}|[0-9]{2})(?![0-9:])"
)
_DIGITS = re.compile(
    r"((?:1[89]|20)[0-9]{2})([01][0-9])([0-3][0-9])"
    r"(?:(?:[tT]| (?=[0-9]{6}))?([0-2][0-9])([0-5][0-9])(?:([0-6][0-9])(?:[.,]([0-9]+))?)?)?"
    r"(?![0-9:])"
)
_MONTH = "|".join(sorted(MONTH_NAMES.keys() & MONTHS.keys(), key=len, reverse=True))
_CLOCKS = tuple(
    re.compile(form, re.I)
    for form in (
        r"([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:[.,]([0-9]+))?)?(?![0-9:])",
        r"([0-9]{1,2})h([0-9]{2})(?![0-9])",
        rf"([0-9]{{1,2}}) h ([0-9]{{2}})(?![0-9]|[./-]| ?(?:{_MONTH}))",  # no "10 h 04 mai"
        r"([0-9]{1,2}) ?[時时點点시](?: ?([0-9]{1,2}) ?[分분](?: ?([0-9]{1,2}) ?[秒초])?)?",
        r"([0-9]{1,2})\.([0-9]{2})(?!\.?[0-9])",
        r"([0-9]{1,2})(?= ?(?:uhr|h|hs|hrs?|uur|godz|o'clock|[ap]\.? ?m)(?![^\W_]))",
        r"(?<=[0-9]t)([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:[.,]([0-9]+))?)?)?(?![0-9:])",
    )
)
_HALF = re.compile(  # a.m. or p.m. in Latin and Greek; p.m., then a.m. in Arabic
    r" ?(?:([apπμ])\.? ?[mμ](?![^\W_])\.?|(م|مساء)(?![^\W_])|(?:ص|صباحا)(?![^\W_]))", re.I
)
_GERMAN_AM = re.compile(r" am (?=(?:[^\W\d_]+,? (?:de[mn] )?)?[0-9]{1,2}\.)")  # 10:00 am 4. Mai
_NUMBER = re.compile(r"([0-9]{1,2})(?![0-9])((?:st|nd|rd|th|er|eme|e|o|a)(?![^\W\d_]))?", re.I)
_YEAR = re.compile(r"[0-9]{4}(?![0-9])")
_LAST_OFFSET = re.compile(r"(?<= )-[0-9]{2}:?[0-9]{2}$")
_WORD = re.compile(r"[^\W\d_]+")
_MORE = re.compile(r"[^\W_]")
_SEPARATORS = re.compile(r"[ ,.;|·•/@:'\"()\[\]-]")
_UNTIL = re.compile(r"(?<=[0-9])(?<!:[0-9]{2}:[0-9]{2})-([0-9]{1,2}):([0-9]{2})(?![0-9:])")
_T = re.compile(r"(?<=[0-9]) ?t ?(?=[0-9])", re.I)
# Kinds of tokens: D date in numbers, n number below 100, y year, m month, h a.m. or p.m., T time,
# Z zone, w day of the week, x a month or a day of the week: "mar." is Tuesday in "mar. 3 mars" and
# March in "Mar 3".
_SHAPE = re.compile(r"([Dnmy]*)(?:Z?h?T(?:Z*([Dnmy]+))?)?Z*")
_ORDERS = frozenset(("D", "nmy", "mny", "ymn", "ynm", "nmn"))
_NOON = 12
MAX_CHARS = 120  # of a date; the expressions here may take quadratic time


class WrittenDate(NamedTuple):
    """A date as it was written: the day with its time in `local`, without conversion to UTC.

    `timed` says that the text gave a time; without one, `local` is midnight. `zone` is the time
    zone that the text names, None if it names none. `other` is what the text means if day and month
    change places, such as 3 April for 4 March; None if only one order is possible.
    """

    local: datetime  # naive
    timed: bool
    zone: tzinfo | None
    other: datetime | None = None  # naive


class _Token(NamedTuple):
    kind: str
    numbers: tuple[int, ...] = ()
    zone: Zone | None = None


_TokensAndEnd = tuple[Sequence[_Token], int]  # the tokens at an offset, and the offset of their end


def read_written(text: str, *, day_first: bool) -> WrittenDate:
    """Parse a text that consists of one date, such as "Tuesday, 4 May 2022 at 10:00 CEST", to a day
    with time and zone as far as the text gives them.

    `day_first` says that 3/4/2022 is in April. Raises ValueError for a text that is no date, or
    that has any part besides the date.
    """
    text = in_common_form(text)
    if len(text) > MAX_CHARS:  # folding writes some characters as up to 18
        raise ValueError("too long for a date")
    tokens = _with_military_time(_without_weekday([*_tokens(text, day_first=day_first)]))
    kinds = "".join(token.kind for token in tokens)
    shape = _SHAPE.fullmatch(kinds)
    if not shape or not _is_in_order(*shape.groups("")):
        raise ValueError(f"no date: {text!r}")
    day, other = _days([token for token in tokens if token.kind in "Dnmy"])
    zones = [token.zone for token in tokens if token.zone]
    if "T" not in kinds:
        if any(zone.exact for zone in zones):  # "4 May 2022 -10:00" may well be a time
            raise ValueError(f"a zone without a time: {text!r}")
        return WrittenDate(day, False, None, other)
    clock = _since_midnight([token for token in tokens if token.kind in "hT"])
    zone = agreed(zones, day + clock) if zones else None
    return WrittenDate(day + clock, True, zone, other and other + clock)


def _is_in_order(before: str, after: str) -> bool:
    """Whether the kinds of tokens before and after a time together are a date in a usual order.

    "Oct 15 10:00 2019" is one. A year of two digits must be on the same side as its day and month.
    """
    date = before + after
    return date in _ORDERS and (date != "nmn" or date in (before, after))


def _tokens(text: str, *, day_first: bool) -> Iterator[_Token]:
    """Split a text into the tokens of a date. Raises ValueError for a part that is none."""
    at, previous = 0, _Token("")
    if text.startswith("-"):  # years before the first are written so
        raise ValueError(f"no date begins with a dash: {text!r}")
    while at < len(text):
        tokens, at = _next(text, at, previous, day_first=day_first)
        for previous in tokens:
            yield previous


def _next(text: str, at: int, previous: _Token, *, day_first: bool) -> _TokensAndEnd:
    """Read the tokens at offset `at`, with the offset of their end; no token for a separator."""
    if text[at].isdigit():
        return _numeric(text, at, day_first=day_first)
    if previous.kind == "T":
        _refuse_range(text, at, previous)
    zoned = previous.kind in ("T", "Z") or _LAST_OFFSET.match(text, at)
    if zoned and (zone := read_zone(text, at, previous=previous.zone)):
        return (_Token("Z", zone=zone[0]),), zone[1]
    if (end := eastern_day(text, at)) > at:
        return (_Token("w"),), end
    if mark := _T.match(text, at) or _SEPARATORS.match(text, at):
        return (), mark.end()
    noon, end = eastern_noon(text, at)
    return ((_Token("h", (noon,)),), end) if end > at else _word(text, at, previous)


def _refuse_range(text: str, at: int, begin: _Token) -> None:
    """Raise ValueError for a range of times such as "10:00-12:00", whose end looks like an offset.

    `begin` is the token of the time before offset `at`.
    """
    until = _UNTIL.match(text, at)
    if until and (int(until[1]), int(until[2])) > begin.numbers[:2]:
        raise ValueError(f"a range of times: {text!r}")


def _word(text: str, at: int, previous: _Token) -> _TokensAndEnd:
    word = _WORD.match(text, at)
    name, end = (word[0].lower(), word.end()) if word else ("", at)
    if month := MONTHS.get(name):
        return (_Token("x" if name in WEEKDAYS else "m", (month,)),), end
    if (name in UNITS and previous.kind) or (name in BEFORE and _MORE.search(text, end)):
        return (), end
    if name in WEEKDAYS:
        return (_Token("w"),), end
    if zone := read_zone(text, at, previous=None):
        return (_Token("Z", zone=zone[0]),), zone[1]
    if month := month_of(name):  # misspelt
        return (_Token("m", (month,)),), end
    raise ValueError(f"{text[at:]!r} is no part of a date")


def _numeric(text: str, at: int, *, day_first: bool) -> _TokensAndEnd:
    if digits := _DIGITS.match(text, at):
        return _of_digits(*digits.groups()), digits.end()
    if day := _YEAR_FIRST.match(text, at):
        numbers = tuple(int(part) for part in day.groups() if part and part.isdigit())
        return (_Token("D", numbers),), day.end()
    if day := _YEAR_LAST.match(text, at):
        return (_Token("D", _year_last(*day.groups(""), day_first=day_first)),), day.end()
    for form in _CLOCKS:
        if clock := form.match(text, at):
            return _with_half(text, clock)
    if year := _YEAR.match(text, at):
        return (_Token("y", (int(year[0]),)),), year.end()
    if number := _NUMBER.match(text, at):
        return (_Token("n", (int(number[1]), 0 if number[2] else len(number[1]))),), number.end()
    raise ValueError(f"{text[at:]!r} begins with no number of a date")


def _of_digits(year: str, month: str, day: str, *clock: str | None) -> Sequence[_Token]:
    date = _Token("D", (int(year), int(month), int(day)))
    return (date, _clock(*clock)) if clock[0] else (date,)


def _year_last(
    first: str, mark: str, space: str, second: str, year: str, *, day_first: bool
) -> tuple[int, ...]:
    """Return year, month and day of a date such as 3/4/2022, 03-04-2022 or 3.4.22; then month and
    day in the other order, if that is possible as well.

    With slashes the language decides whether the day is first, unless only one order is valid.
    Raises ValueError for a year of two digits after a dash or a space, where the first number may
    be the year.
    """
    short = len(year) == 2
    if short and mark not in ("/", "."):
        raise ValueError(f"the year in {first}-{second}-{year} is ambiguous")
    swapped = not day_first and mark not in (".", "-")
    day, month = (int(second), int(first)) if swapped else (int(first), int(second))
    if month > 12 and not (short and mark == "."):  # 10.30.22 may be a time
        day, month = month, day
    date = _century(int(year)) if short else int(year), month, day
    return (*date, day, month) if max(day, month) <= 12 and day != month and mark != "." else date


def _century(year: int) -> int:
    """Complete a year of two digits: 69 to 99 are in the 20th century, as in POSIX, 0 to 68 in the
    21st."""
    return year + (1900 if year >= 69 else 2000)


def _with_half(text: str, clock: re.Match[str]) -> _TokensAndEnd:
    """Read a time, with a.m. or p.m. if it follows; return the token and the offset of its end.

    The German "am" before a day ("10:00 am 4. Mai") means "on" and is passed over.
    """
    token = _clock(*clock.groups())
    half = _HALF.match(text, clock.end())
    if not half:
        return (token,), clock.end()
    if not _GERMAN_AM.match(text, clock.end()):
        noon = (half[1] or "").lower() in ("p", "μ") or half[2] is not None
        return (_of_half(token, noon=noon),), half.end()
    if token.numbers[0] == _NOON:
        raise ValueError(f"12 o'clock may be noon or midnight: {text!r}")
    return (token,), half.end()


def _clock(
    hour: str | None, minute: str | None = None, second: str | None = None, part: str | None = None
) -> _Token:
    numbers = int(hour or 0), int(minute or 0), int(second or 0)
    micros = int((part or "0")[:6].ljust(6, "0"))
    if numbers > (24, 0, 0) or (numbers[0] == 24 and micros) or numbers[1] > 59 or numbers[2] > 60:
        raise ValueError(f"no time: {numbers}")
    return _Token("T", (*numbers, micros))


def _of_half(clock: _Token, *, noon: bool) -> _Token:
    """Convert the token of a 12-hour time to 24 hours; `noon` says that it is p.m.

    13:55 PM is accepted; 13:55 AM raises ValueError.
    """
    hour, *rest = clock.numbers
    if hour > _NOON and not noon:
        raise ValueError(f"{hour} o'clock is not a.m.")
    hour = hour % _NOON + (_NOON if noon else 0) if hour <= _NOON else hour
    return clock._replace(numbers=(hour, *rest))


def _since_midnight(tokens: Sequence[_Token]) -> timedelta:
    """Compute the time since midnight from a time token, which a token for a.m. or p.m. may
    precede.

    A leap second becomes the second before it.
    """
    *half, clock = tokens
    if half:
        clock = _of_half(clock, noon=half[0].numbers[0] > 0)
    hour, minute, second, micros = clock.numbers
    return timedelta(hours=hour, minutes=minute, seconds=min(second, 59), microseconds=micros)


def _days(tokens: Sequence[_Token]) -> tuple[datetime, datetime | None]:
    """Build midnight of the day that one token gives in numbers, or three tokens as day, month and
    year; and midnight of the other day that it may mean, None if there is none."""
    if tokens[0].kind == "D":
        year, month, day, *other = tokens[0].numbers
        return _midnight(year, month, day), _midnight(year, *other) if other else None
    if [token.kind for token in tokens] == ["n", "m", "n"]:
        year, digits = tokens[2].numbers
        if digits != 2:
            raise ValueError("a year has two digits or four")
        return _midnight(_century(year), tokens[1].numbers[0], tokens[0].numbers[0]), None
    numbers = {token.kind: token.numbers[0] for token in tokens}
    return _midnight(numbers["y"], numbers["m"], numbers["n"]), None


def _midnight(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day)  # noqa: DTZ001 - the zone comes later


def _without_weekday(tokens: Sequence[_Token]) -> Sequence[_Token]:
    """Remove one day of the week, at any position. It is not checked, because feeds get it wrong.

    Some words name both a month and a day: "mar" is March or martes. Beside another month, or a
    date in numbers, such a word at the beginning or the end is a day of the week; between the
    parts of a date it is a second month, and the date is refused.
    """
    in_numbers = any(token.kind == "D" for token in tokens)
    two_months = in_numbers or sum(token.kind in ("m", "x") for token in tokens) > 1
    last = len(tokens) - 1
    first = next(
        (
            n
            for n, token in enumerate(tokens)
            if token.kind == "w" or (two_months and token.kind == "x" and n in (0, last))
        ),
        len(tokens),
    )
    rest = (*tokens[:first], *tokens[first + 1 :])
    return [token._replace(kind="m") if token.kind == "x" else token for token in rest]


def _with_military_time(tokens: Sequence[_Token]) -> Sequence[_Token]:
    """Read four digits between a complete date and a zone as a time: 3 Apr 2002 1500 GMT.

    1900 to 2099 are not read as a time, because they may be a second year.
    """
    *date, time, zone = ("", "", *(token.kind for token in tokens))
    if (time, zone) != ("y", "Z") or "".join(date) not in _ORDERS:
        return tokens
    hour, minute = divmod(tokens[-2].numbers[0], 100)
    if hour in (19, 20):
        return tokens
    return (*tokens[:-2], _clock(str(hour), str(minute)), tokens[-1])
