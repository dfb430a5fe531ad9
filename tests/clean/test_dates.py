import time
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.clean.ordinary import NOW, RULES
from tests.support.cleaning_tables import FOREIGN_DATES, WRITTEN_DATES
from worker.clean.cleaning_rules import DateRules
from worker.clean.dates.date_order import date_order
from worker.clean.dates.date_reader import ParsedDate, day_first, read_date


def read(text: str, latest: datetime = NOW, **options: Any) -> tuple[datetime | None, str]:
    """The instant and the flag of a date."""
    parsed = read_date(text, RULES.dates, latest, **options)
    return parsed.at, parsed.flag


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
    assert read(text) == (expected, "")


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
    assert read(text, day_first=first) == (at, "")


@pytest.mark.parametrize(("text", "expected"), FOREIGN_DATES["read"].items())
def test_a_date_is_read_in_the_form_of_its_language(text: str, expected: str) -> None:
    at = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert read(text, day_first=True) == (at, "")


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("text", WRITTEN_DATES["none"]["texts"] + FOREIGN_DATES["none"]["texts"])
def test_what_can_not_be_read_whole_is_no_date_and_flagged(text: str, first: bool) -> None:
    assert read(text, day_first=first) == (None, "bad-date")


@pytest.mark.parametrize(
    "text", ["soon", "12:30", "March 5", "0001-01-01", "1066-10-14", "9" * 40, "32/32/2022", "١٢٣٤"]
)
def test_what_is_no_date_is_flagged(text: str) -> None:
    assert read(text) == (None, "bad-date")


def test_no_date_is_no_bad_date() -> None:
    assert read_date("  ", RULES.dates, NOW) == ParsedDate(None)


def test_nothing_later_than_the_fetch_is_kept() -> None:
    soon = NOW + timedelta(minutes=3)
    assert read(soon.isoformat()) == (NOW, "")  # a clock may be a little fast
    later = NOW + timedelta(hours=2)
    assert read(later.isoformat()) == (NOW, "future-date")
    assert read("2031-05-04T10:00:00Z") == (NOW, "future-date")


def test_a_day_that_has_begun_somewhere_is_not_in_the_future() -> None:
    evening = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
    parsed = read_date("2026-11-23", RULES.dates, evening)
    assert parsed == ParsedDate(evening, "", date(2026, 11, 23), "")
    assert read("2026-11-24", evening) == (evening, "future-date")


def test_the_local_day_of_a_date_in_the_near_future_is_kept() -> None:
    night = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    parsed = read_date("2026-11-23 01:30", RULES.dates, night)  # a time somewhere in Asia
    assert (parsed.at, parsed.flag, parsed.day) == (night, "future-date", date(2026, 11, 23))
    parsed = read_date("2027-03-01 01:30", RULES.dates, night)
    assert parsed.day == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("language", "declared", "month"), [("en", "", 3), ("en", "en-GB", 4), ("fr", "", 4)]
)
def test_the_day_comes_first_where_it_is_written_so(
    language: str, declared: str, month: int
) -> None:
    at, _ = read("3/4/2022", day_first=day_first(language, declared))
    assert at is not None
    assert at.month == month


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
    assert at is None or (at.tzinfo is UTC and at <= NOW)


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
    parsed = read_date(given, rules, NOW, day_first=True, zone=rules.zone_of("blatt"))
    assert parsed.at is not None
    assert parsed.at.isoformat() == expected
    assert (parsed.day, parsed.zone) == (date(2026, 5, 3), "Europe/Berlin")


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


@pytest.mark.parametrize(
    ("text", "day", "zone"),
    [
        ("Fri, 14 Apr 2023 23:30:00 -0700", "2023-04-14", "-07:00"),
        ("Fri, 14 Apr 2023 23:30:00 EST", "2023-04-14", "-05:00"),
        ("Fri, 14 Apr 2023 23:30:00 GMT", "2023-04-14", "UTC"),
        ("2023-04-14T23:30:00Z", "2023-04-14", "UTC"),
        ("2023-04-15T00:30:00+07:00", "2023-04-15", "+07:00"),
        ("2023-04-14T23:30:00+05:30", "2023-04-14", "+05:30"),
        ("2023-04-14 23:30", "2023-04-14", ""),
        ("2023-04-14", "2023-04-14", ""),
        ("14 April 2023", "2023-04-14", ""),
        ("2023-04-14 23:30 Europe/Paris", "2023-04-14", "Europe/Paris"),
        ("14 Apr 2023 11:30 PM ET", "2023-04-14", "America/New_York"),
        ("15/04/2023 00:30 GMT+7", "2023-04-15", "+07:00"),
        ("2023-04-14T24:00:00-05:00", "2023-04-15", "-05:00"),
        ("1681515000", "2023-04-14", "UTC"),
        ("/Date(1681515000000+0200)/", "2023-04-15", "+02:00"),
        ("/Date(1681515000000-0730)/", "2023-04-14", "-07:30"),
    ],
)
def test_a_date_tells_the_day_and_the_zone_of_its_publisher(text: str, day: str, zone: str) -> None:
    parsed = read_date(text, RULES.dates, NOW, day_first=True)
    assert (parsed.day, parsed.zone) == (date.fromisoformat(day), zone)


def test_the_local_day_of_a_source_that_writes_utc_is_that_of_its_zone() -> None:
    rules = RULES.dates.model_copy(update={"zones": {"herald": "America/New_York"}})
    parsed = read_date("2023-04-15T01:30:00Z", rules, NOW, zone=rules.zone_of("herald"))
    assert (parsed.day, parsed.zone) == (date(2023, 4, 14), "America/New_York")
    abroad = read_date("2023-04-15T01:30:00+02:00", rules, NOW, zone=rules.zone_of("herald"))
    assert (abroad.day, abroad.zone) == (date(2023, 4, 15), "+02:00")


@pytest.mark.parametrize(
    ("text", "options", "day", "flag"),
    [
        ("12/03/2026", {"day_first": True}, "2026-03-12", ""),
        ("12/03/2026", {}, "2026-03-12", "ambiguous-date"),  # 3 December is in the future
        ("03/12/2026 10:00", {"day_first": True}, "2026-03-12", "ambiguous-date"),
        ("03-12-2026", {"day_first": True}, "2026-03-12", "ambiguous-date"),
        ("11/10/2026", {"day_first": True}, "2026-10-11", ""),
        ("10/11/2026", {"day_first": False}, "2026-10-11", ""),
        ("05/11/2023", {"certain": False}, "2023-05-11", "ambiguous-date"),
        ("20/11/2026", {"certain": False}, "2026-11-20", ""),  # there is no month 20
        ("11/11/2023", {"certain": False}, "2023-11-11", ""),
        ("07/11/2026", {"certain": False}, "2026-07-11", "ambiguous-date"),
        ("Fri 1/03/2020 12:00 PM", {"day_first": True}, "2020-01-03", ""),  # 1 March is a Sunday
        ("Sun 1/03/2020 12:00 PM", {"day_first": False}, "2020-03-01", ""),
        ("1/03/2020 12:00 PM EST", {"day_first": True}, "2020-01-03", ""),  # of America
        ("1/03/2020 12:00 PM GMT", {"day_first": True}, "2020-03-01", ""),
    ],
)
def test_an_ambiguous_date_is_chosen_by_evidence_and_flagged(
    text: str, options: dict[str, bool], day: str, flag: str
) -> None:
    parsed = read_date(text, RULES.dates, NOW, **{"day_first": False} | options)
    assert (parsed.day, parsed.flag) == (date.fromisoformat(day), flag)


def test_of_two_orders_the_one_near_to_the_fetch_is_chosen_where_nothing_else_tells() -> None:
    fetched = datetime(2023, 11, 6, 12, tzinfo=UTC)
    parsed = read_date("05/11/2023", RULES.dates, fetched, certain=False)
    assert (parsed.day, parsed.flag) == (date(2023, 11, 5), "ambiguous-date")


@pytest.mark.parametrize(
    ("language", "declared", "address", "dates", "order"),
    [
        ("en", "", "", (), (False, False)),
        ("und", "", "", (), (False, False)),
        ("fr", "", "", (), (True, True)),
        ("en", "en-GB", "", (), (True, True)),
        ("en", "en-us", "", (), (False, True)),
        ("en", "", "https://www.paper.co.uk/a", (), (True, True)),
        ("en", "", "https://www.state.gov/a", (), (False, True)),
        ("en", "", "https://paper.example/a", ("", "13/04/2022 10:00"), (True, True)),
        ("en", "en-GB", "", ("04/13/2022",), (False, True)),
        ("en", "", "", ("04/04/2022", "2022-13-04", "99/99/2022"), (False, False)),
        ("en", "", "http://[", (), (False, False)),
    ],
)
def test_the_order_of_day_and_month_is_told_by_language_country_and_other_dates(
    language: str, declared: str, address: str, dates: tuple[str, ...], order: tuple[bool, bool]
) -> None:
    assert date_order(language, declared, (address,), dates) == order
