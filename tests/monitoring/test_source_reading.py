"""Both stores tell of the sources what was delivered, and their health follows from that."""

import random
from datetime import UTC, datetime, timedelta

from tests.store.stored import statements
from tests.support.deliveries import Deliveries
from worker.monitoring.outages import find_outages
from worker.monitoring.rhythm_learning import as_hours
from worker.monitoring.source_health import SilenceCause, SourceState
from worker.monitoring.source_reading import (
    LearnedSourceCache,
    read_learned_sources,
    read_source_health,
)
from worker.store.hourly_values import hour_of
from worker.store.sql_store import SqlStore

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
NOW_H = hour_of(NOW)


def some_deliveries() -> Deliveries:
    """Sources of all kinds, one of them silent for longer than the weeks that are learned from."""
    choose, deliveries = random.Random(4), Deliveries()
    for number in range(12):
        ages = choose.sample(range(1, 1500), 40 * number + 1)
        until = choose.choice((0, 0, 80, 1000))
        for age in ages:
            traits = ("language:en", *choose.sample(("short", "undated"), choose.randint(0, 2)))
            kind = choose.choice(("new", "new", "duplicate", "variant", "revision", "dead"))
            deliveries.add(f"source {number:02}", [NOW_H - until - age], kind, number + 1, traits)
    deliveries.add("source 03", range(NOW_H - 1500, NOW_H), "unchanged", 7)
    deliveries.add("unchanged only", [NOW_H], "unchanged")
    deliveries.snoozes = {"source 05": NOW + timedelta(days=1)}
    return deliveries


def test_both_stores_tell_what_was_delivered(store: SqlStore, store_url: str) -> None:
    deliveries = some_deliveries()
    deliveries.store_in(store_url)
    assert store.source_clocks() == deliveries.source_clocks()
    assert store.source_hours(NOW, 840) == deliveries.source_hours(NOW, 840)
    assert sorted(store.window_counts(NOW, 72, 11)) == sorted(deliveries.window_counts(NOW, 72, 11))
    assert read_learned_sources(store, NOW) == read_learned_sources(deliveries, NOW)
    health = read_source_health(store, NOW)
    assert health == read_source_health(deliveries, NOW)
    assert {s.state for s in health} >= {SourceState.OK, SourceState.SILENT, SourceState.NEW}
    assert {s.name for s in health if s.snoozed_until} == {"source 05"}


def test_a_look_at_all_sources_is_two_statements(store: SqlStore, store_url: str) -> None:
    some_deliveries().store_in(store_url)
    learned = LearnedSourceCache(store)
    for expected in (5, 2):
        with statements() as sent:
            read_source_health(store, NOW, learned=learned.get(NOW))
        assert len([s for s in sent if not s.startswith("BEGIN")]) == expected


def test_a_source_falls_silent_and_comes_back(store: SqlStore, store_url: str) -> None:
    deliveries = Deliveries()
    deliveries.add("wire", range(NOW_H - 700, NOW_H - 40))
    deliveries.store_in(store_url)
    (wire,) = read_source_health(store, NOW)
    assert (wire.state, wire.cause) == (SourceState.SILENT, SilenceCause.NOTHING_DELIVERED)
    assert store.snooze_source("wire", NOW + timedelta(hours=1))
    (snoozed,) = read_source_health(store, NOW)
    assert snoozed.state is SourceState.SILENT
    assert not snoozed.needs_attention
    assert read_source_health(store, NOW + timedelta(hours=1))[0].needs_attention


def test_a_store_that_is_younger_than_a_week_has_no_outage() -> None:
    assert find_outages([as_hours((100 + n, 102 + n, 140)) for n in range(6)]) == frozenset()
