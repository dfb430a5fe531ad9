import time
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.clean.ordinary import NOW, RULES
from tests.support.cleaning_tables import WRITTEN_DATES
from worker.clean.cleaning_rules import DateRules
from worker.clean.dates.date_reader import ParsedDate, day_first, read_date

NOON = datetime(2022, 12, 2, 12, 0, tzinfo=UTC)
DAY = datetime(2022, 12, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-12-02T12:00:00Z", NOON),
        ("2022-12-02T12:00:00.000+00:00", NOON),
        ("2022-12-02 14:00+02:00", NOON),
        ("20221202T120000Z", NOON),
        ("2022-12-02", DAY),
        ("20221202", DAY),
        ("2022-12-02 12:00", NOON),
        ("Fri, 02 Dec 2022 12:00:00 GMT", NOON),
        ("Fri, 02 Dec 2022 12:00:00 +0000", NOON),
        ("Fri, 2 Dec 2022 07:00:00 EST", NOON),
        ("Fri, 02 Dec 2022 13:00:00 CET", NOON),
        ("Fri, 02 Dec 2022 17:30:00 IST", NOON),
        ("02 Dec 22 12:00 UT", NOON),
        ("1669982400", NOON),
        ("1669982400000", NOON),
        ("1669982400.0", NOON),
        ("December 2, 2022 7:00 AM EST", NOON),
        ("Dec. 2, 2022, 12:00 p.m.", NOON),
        ("2 December 2022", DAY),
        ("Friday, December 2nd, 2022", DAY),
        ("2. Dezember 2022, 12:00 Uhr", NOON),
        ("02.12.2022 12:00", NOON),
        ("2 décembre 2022", DAY),
        ("2 de diciembre de 2022", DAY),
        ("2 dicembre 2022", DAY),
        ("ven., 2 déc. 2022 13:00:00 +0100", NOON),
        ("vendredi 2 décembre 2022", DAY),
        ("mar. 1er mars 2022", datetime(2022, 3, 1, tzinfo=UTC)),
        ("vie 2 dic 2022 12:00", NOON),
        ("2 декабря 2022 г.", DAY),
        (" 2022-12-02 ", DAY),
    ],
)
def test_dates_in_common_use_are_read(text: str, expected: datetime) -> None:
    assert read_date(text, RULES.dates, NOW) == ParsedDate(expected)


ORDERS = {"any": (False, True), "month_first": (False,), "day_first": (True,)}


@pytest.mark.parametrize(
    ("text", "first", "expected"),
    [
        (text, first, expected)
        for order, firsts in ORDERS.items()
        for text, expected in WRITTEN_DATES[order].items()
        for first in firsts
    ],
)
def test_a_date_is_read_whole(text: str, first: bool, expected: str) -> None:
    at = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert read_date(text, RULES.dates, NOW, day_first=first) == ParsedDate(at)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("text", WRITTEN_DATES["none"]["texts"])
def test_what_can_not_be_read_whole_is_no_date_and_flagged(text: str, first: bool) -> None:
    assert read_date(text, RULES.dates, NOW, day_first=first) == ParsedDate(None, "bad-date")


@pytest.mark.parametrize(
    "text", ["soon", "12:30", "March 5", "0001-01-01", "1066-10-14", "9" * 40, "32/32/2022", "١٢٣٤"]
)
def test_what_is_no_date_is_flagged(text: str) -> None:
    assert read_date(text, RULES.dates, NOW) == ParsedDate(None, "bad-date")


def test_no_date_is_no_bad_date() -> None:
    assert read_date("  ", RULES.dates, NOW) == ParsedDate(None)


def test_the_future_is_now_unless_a_clock_may_be_wrong() -> None:
    tolerated = NOW + RULES.dates.tolerance
    assert read_date(tolerated.isoformat(), RULES.dates, NOW) == ParsedDate(tolerated)
    beyond = tolerated + timedelta(seconds=1)
    assert read_date(beyond.isoformat(), RULES.dates, NOW) == ParsedDate(NOW, "future-date")


@pytest.mark.parametrize(
    ("language", "declared", "month"), [("en", "", 3), ("en", "en-GB", 4), ("fr", "", 4)]
)
def test_the_day_comes_first_where_it_is_written_so(
    language: str, declared: str, month: int
) -> None:
    read = read_date("3/4/2022", RULES.dates, NOW, day_first=day_first(language, declared))
    assert read.at is not None
    assert read.at.month == month


def test_the_zone_of_the_machine_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert read_date("Dec 2, 2022 12:00 JST", RULES.dates, NOW).at == NOON - timedelta(hours=9)
        assert read_date("Dec 2, 2022 12:00", RULES.dates, NOW).at == NOON
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.one_of(st.text(), st.text("0123456789-:/., TZ+AaPpMm"), st.datetimes().map(str)))
def test_every_date_is_aware_and_within_bounds(text: str) -> None:
    at = read_date(text, RULES.dates, NOW).at
    assert at is None or (at.tzinfo is UTC and at <= NOW + RULES.dates.tolerance)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-05-03 08:00", "2026-05-03T06:00:00+00:00"),
        ("3. Mai 2026, 8:00 Uhr", "2026-05-03T06:00:00+00:00"),
        ("2026-05-03T08:00:00Z", "2026-05-03T08:00:00+00:00"),
        ("2026-05-03", "2026-05-03T00:00:00+00:00"),
    ],
)
def test_a_source_that_leaves_its_zone_out_is_read_in_its_own(given: str, expected: str) -> None:
    rules = RULES.dates.model_copy(update={"zones": {"blatt": "Europe/Berlin"}})
    read = read_date(given, rules, NOW, day_first=True, zone=rules.zone_of("blatt"))
    assert read.at is not None
    assert read.at.isoformat() == expected


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError, match="no time zone 'Europe/Berlim'"):
        DateRules.model_validate(RULES.dates.model_dump() | {"zones": {"x": "Europe/Berlim"}})


@settings(deadline=None)
@given(st.integers(1, 1_790_000_000), st.integers(-14 * 60, 14 * 60))
def test_dates_as_feeds_write_them_are_read_as_the_mail_parser_reads_them(
    seconds: int, minutes: int
) -> None:
    text = format_datetime(datetime.fromtimestamp(seconds, timezone(timedelta(minutes=minutes))))
    expected = parsedate_to_datetime(text).astimezone(UTC)
    assert read_date(text, RULES.dates, NOW).at == expected
