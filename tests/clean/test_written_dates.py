"""A date in any form, language and zone gives the instant that it means, or no date."""

import re
import time
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.clean.ordinary import NOW, RULES
from tests.support.cleaning_tables import WRITTEN_DATES
from tests.support.examples import examples
from worker.clean.dates.date_reader import day_first, read_date


def read(text: str, language: str, zone: tzinfo = UTC) -> tuple[datetime | None, str]:
    """The instant and the flag of a date in a language."""
    parsed = read_date(text, RULES.dates, NOW, day_first=day_first(language, ""), zone=zone)
    return parsed.at, parsed.flag


MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro "
    "dezembro",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
    "dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października "
    "listopada grudnia",
}
DAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Mo Di Mi Do Fr Sa So",
    "fr": "lun. mar. mer. jeu. ven. sam. dim.",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "pt": "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "nl": "ma di wo do vr za zo",
    "ru": "понедельник вторник среда четверг пятница суббота воскресенье",
    "pl": "pon. wt. śr. czw. pt. sob. niedz.",
}


def days_of(day: datetime, language: str) -> tuple[str, ...]:
    """A day in all forms of a language."""
    y, m, d = day.year, day.month, day.day
    month = MONTHS[language].split()[m - 1]
    weekday = DAYS[language].split()[day.weekday()]
    year_first = tuple(
        form
        for mark in "-/."
        for form in (f"{y}{mark}{m:02}{mark}{d:02}", f"{y}{mark}{m}{mark}{d}")
    )
    own = {
        "en": (f"{month} {d}, {y}", f"{weekday}, {month[:3]} {d}, {y}", f"{m}/{d}/{y}"),
        "de": (f"{weekday}, {d}. {month} {y}", f"{d:02}.{m:02}.{y}", f"{d}.{m}.{y}"),
        "es": (f"{weekday}, {d} de {month} de {y}", f"{d:02}/{m:02}/{y}"),
        "pt": (f"{weekday}, {d} de {month} de {y}", f"{d:02}/{m:02}/{y}"),
    }.get(language, (f"{weekday} {d} {month} {y}", f"{d:02}-{m:02}-{y}", f"{d}/{m}/{y}"))
    far_east = (f"{y}年{m}月{d}日", f"{y}년 {m}월 {d}일", f"{y} {m:02} {d:02}")
    return (*year_first, *far_east, f"{d} {month} {y}", *own)


def times_of(at: datetime, language: str) -> tuple[str, ...]:
    hour, half = at.hour % 12 or 12, "PM" if at.hour >= 12 else "AM"
    clock = f"{at:%H:%M}" if at.second == 0 else f"{at:%H:%M:%S}"
    short = f"{hour}:{clock[3:]}"
    forms = (clock, f"{short} {half}", f"{short}{half.lower()}", f"{short} {half[0].lower()}. m.")
    if at.second:
        return forms
    own = {"de": f"{clock} Uhr", "fr": f"{at:%Hh%M}", "es": f"{clock} h", "it": f"ore {at:%H.%M}"}
    return (*forms, own.get(language, clock))


def zones_of(minutes: int) -> tuple[str, ...]:
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    long, short = f"{sign}{hours:02}:{rest:02}", f"{sign}{hours}" + (f":{rest:02}" if rest else "")
    bare = long.replace(":", "")
    named = (f"GMT{bare}", f"GMT{long}", f"UTC{short}", f"(GMT{short})", f"UTC {long}")
    comments = (f"{bare} (Some Other Time)", f"GMT{bare} (Heure d’ailleurs)")
    return (bare, long, *named, *comments, *(("Z", "GMT", "UTC") if not minutes else ()))


MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2026, 11, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0)
)


@st.composite
def written(draw: st.DrawFn) -> tuple[str, str, datetime]:
    """A date in a language, form and zone, with its instant."""
    at, language = draw(MOMENTS), draw(st.sampled_from(sorted(MONTHS)))
    if draw(st.booleans()):
        at = at.replace(second=0)
    day = draw(st.sampled_from(days_of(at, language)))
    clock = draw(st.sampled_from(times_of(at, language)))
    minutes = draw(st.integers(-56, 56).map(lambda quarters: 15 * quarters))
    zone = draw(st.sampled_from(zones_of(minutes)))
    join = draw(st.sampled_from([" ", ", ", " - "]))
    instant = at.replace(tzinfo=timezone(timedelta(minutes=minutes))).astimezone(UTC)
    return f"{day}{join}{clock} {zone}", language, instant


@settings(deadline=None, max_examples=examples(2))
@given(written())
def test_a_date_in_any_form_is_the_instant_it_means(date: tuple[str, str, datetime]) -> None:
    text, language, instant = date
    assert read(text, language) == (instant, "")


@settings(deadline=None)
@given(MOMENTS, st.sampled_from(sorted(MONTHS)), st.data())
def test_a_day_without_a_time_stays_the_day_it_is(
    at: datetime, language: str, data: st.DataObject
) -> None:
    text = data.draw(st.sampled_from(days_of(at, language)))
    zone = ZoneInfo("America/New_York")
    midnight = at.replace(hour=0, minute=0, second=0, tzinfo=UTC)
    assert read(text, language, zone=zone) == (midnight, "")


@settings(deadline=None)
@given(
    MOMENTS,
    st.sampled_from(
        [
            ("ET", "America/New_York"),
            ("CT", "America/Chicago"),
            ("MT", "America/Denver"),
            ("PT", "America/Los_Angeles"),
            ("Pacific Time", "America/Los_Angeles"),
            ("Europe/Berlin", "Europe/Berlin"),
            ("Asia/Ho_Chi_Minh", "Asia/Ho_Chi_Minh"),
        ]
    ),
)
def test_the_day_decides_whether_a_zone_has_summer(at: datetime, zone: tuple[str, str]) -> None:
    name, region = zone
    instant = at.replace(tzinfo=ZoneInfo(region)).astimezone(UTC)
    assert read(f"{at:%b %d, %Y %H:%M:%S} {name}", "en") == (instant, "")


JUNK = st.one_of(
    st.sampled_from(
        "foo ca. until vor modifié bis ? # ~ + ... 5% v2 1.2.3.4 x10 (sic) 10:61".split()
    ),
    st.sampled_from("XYZT EDST Ortszeit GMT+99 +2500 Foo/Bar 2023 May 2022-05-04".split()),
    st.integers(0, 99).map(str),
    st.text("bcfjqx", min_size=3, max_size=9),
)


@settings(deadline=None, max_examples=examples(4))
@given(
    st.one_of(written(), st.sampled_from([(text, "de", None) for text in WRITTEN_DATES["any"]])),
    JUNK,
    st.integers(0, 12),
)
def test_what_does_not_belong_never_makes_another_date(
    date: tuple[str, str, datetime | None], junk: str, position: int
) -> None:
    text, language, _ = date
    alone = read(text, language)
    words = text.split()
    # "Mar May 3 2022" is a whole date in Spanish: martes, 3 May.
    assume(junk != "May" or "mar" not in re.split(r"\W+", text.casefold()))
    words.insert(position, junk)
    assert read(" ".join(words), language) in ((None, "bad-date"), alone)


@pytest.mark.parametrize(
    "text", ["1 " * 59, "a " * 59, "(" * 120, "-5" * 60, "10:" * 40, "x" * 1_000_000]
)
def test_no_text_takes_long_to_refuse(text: str) -> None:
    start = time.process_time()
    for _ in range(100):
        assert read(text, "en") == (None, "bad-date")
    assert time.process_time() - start < 1
