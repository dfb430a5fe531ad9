"""The store tells when each source delivered what, in one statement for all sources."""

from datetime import UTC, datetime, timedelta, timezone

from tests.make import NOW, article, dead, record, withdrawal
from tests.store.stored import statements
from worker.model.records import OutcomeKind
from worker.store.hourly_values import hour_of
from worker.store.source_values import SourceClock, SourceHours, WindowCount
from worker.store.sql_store import SqlStore

HOUR = timedelta(hours=1)
THIS_HOUR = hour_of(NOW)


def new(store: SqlStore, key: str, hours_ago: int, source: str = "wire", **changes: object) -> None:
    of = article(key, source=source, **changes)
    store.write([record(of)], [], [], now=NOW - hours_ago * HOUR)


def test_two_clocks_tell_the_last_delivery_from_the_last_new_article(store: SqlStore) -> None:
    new(store, "id:1", 100)
    new(store, "id:2", 90)
    new(store, "id:2", 3)  # unchanged
    new(store, "id:2", 2, text="revised")
    store.write([], [], [dead()], now=NOW - HOUR)
    store.write([], [], [dead(source="broken")], now=NOW)
    broken, wire = store.source_clocks()
    first, last = NOW - 100 * HOUR, NOW - HOUR
    assert wire == SourceClock(
        source="wire", first_seen=first, last_seen=last, articles=2, newest_hour=THIS_HOUR - 90
    )
    assert broken == SourceClock(source="broken", first_seen=NOW, last_seen=NOW, articles=0)


def test_copies_and_variants_are_new_articles_too(store: SqlStore) -> None:
    new(store, "id:1", 10)
    for hours, kind in ((9, OutcomeKind.DUPLICATE), (8, OutcomeKind.VARIANT)):
        of = record(article(f"id:{hours}"), verdict={"kind": kind})
        store.write([of], [], [], now=NOW - hours * HOUR)
    (wire,) = store.source_hours(NOW, 24)
    assert wire.with_new == (THIS_HOUR - 10, THIS_HOUR - 9, THIS_HOUR - 8)
    assert store.source_clocks()[0].newest_hour == THIS_HOUR - 8


def test_the_hours_reach_back_from_the_last_new_article(store: SqlStore) -> None:
    for hours in (1000, 905, 902, 900):  # 900 hours of silence, and polled again at the end
        new(store, f"id:{hours}", hours)
    new(store, "id:900", 500)
    for hours in (2, 1):
        new(store, "id:900", hours)
    new(store, "id:1", 3, source="other")
    new(store, "id:2", 3, source="other")
    store.write([], [withdrawal("id:7", source="other")], [], now=NOW)
    store.write([], [], [dead(source="broken")], now=NOW - 2 * HOUR)
    at = THIS_HOUR
    broken, other, wire = store.source_hours(NOW, 24)
    assert wire == SourceHours(
        "wire", (at - 905, at - 902, at - 900, at - 2, at - 1), (at - 905, at - 902, at - 900), 3
    )
    assert other == SourceHours("other", (at - 3, at), (at - 3,), 2)
    assert broken == SourceHours("broken", (at - 2,), (), 0)


def test_windows_count_outcomes_and_traits(store: SqlStore) -> None:
    new(store, "id:1", 0, words=0, language="de", published=NOW)
    new(store, "id:1", 0, words=0, language="de", published=NOW)
    new(store, "id:2", 71, words=400)
    new(store, "id:3", 72, words=400, published=NOW)
    new(store, "id:4", 3 * 72, words=400, published=NOW)
    store.write([], [], [dead(source="other")], now=NOW)
    found = store.window_counts(NOW, 72, 3)
    wire = {
        (0, "new", 2),
        (0, "unchanged", 1),
        (0, "empty", 1),
        (0, "undated", 1),
        (0, "language:de", 1),
        (0, "language:en", 1),
        (1, "new", 1),
        (1, "language:en", 1),
    }
    assert set(found) == {WindowCount("wire", *count) for count in wire} | {
        WindowCount("other", 0, "dead", 1)
    }


def test_each_reading_is_one_statement(store: SqlStore) -> None:
    for number in range(20):
        new(store, "id:1", number, source=f"source {number}")
    with statements() as sent:
        assert len(store.source_clocks()) == 20
        assert len(store.source_hours(NOW, 840)) == 20
        assert len(store.window_counts(NOW, 72, 9)) == 80
    assert len([s for s in sent if not s.startswith("BEGIN")]) == 3


def test_a_source_is_snoozed_until_a_time_and_woken(store: SqlStore) -> None:
    new(store, "id:1", 0)
    east = timezone(timedelta(hours=9))
    assert store.snooze_source("wire", NOW.astimezone(east))
    assert store.source_clocks()[0].snoozed_until == NOW
    assert store.snooze_source("wire", NOW + HOUR)  # the later word counts
    assert store.source_clocks()[0].snoozed_until == NOW + HOUR
    assert not store.snooze_source("unknown", NOW)
    assert [clock.source for clock in store.source_clocks()] == ["wire"]
    assert store.wake_source("wire")
    assert not store.wake_source("wire")
    assert store.source_clocks()[0].snoozed_until is None


def test_an_empty_store_has_no_sources(store: SqlStore) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert store.source_clocks() == store.source_hours(now, 840) == []
    assert store.window_counts(now, 72, 9) == []
