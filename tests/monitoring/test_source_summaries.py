"""Sources are judged by one process, and others read from the broker what it found."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import redis

from tests.store.stored import statements
from tests.support.deliveries import Deliveries
from tests.support.transport import message
from worker.broker.connection import BrokerConnection
from worker.broker.pauses import new_pause, pause_source
from worker.celery import make_app
from worker.config.monitoring_rules import load_monitoring_rules
from worker.config.worker_rules import load_worker_rules
from worker.model.queue_place import QueuePlace
from worker.monitoring.slow_facts import SlowFactReader
from worker.monitoring.source_summaries import KEPT, read_summary, write_summary
from worker.monitoring.status import read_status
from worker.monitoring.status_values import SilentSource, SourceNumbers, SourceSummary, Status
from worker.store.held_values import HeldArticle
from worker.store.hourly_values import hour_of
from worker.store.sql_store import SqlStore

RULES, MONITORING = load_worker_rules(), load_monitoring_rules()
NOW = datetime.now(UTC)
PLACE = QueuePlace(queue="articles", priority=0, quarantined=0)


@pytest.fixture
def connection(valkey_url: str, valkey: redis.Redis) -> Iterator[BrokerConnection]:
    connection = BrokerConnection(make_app(valkey_url, RULES))
    yield connection
    connection.close()


@pytest.fixture
def store(sqlite_store_url: str) -> Iterator[SqlStore]:
    store = SqlStore(sqlite_store_url)
    yield store
    store.close()


def deliver(store_url: str, silent: int, well: int, snoozed: int = 0) -> None:
    """Sources that brought an article an hour for weeks; the silent ones stopped two days ago."""
    now_h, found = hour_of(NOW), Deliveries()
    for number in range(silent):
        found.add(f"silent {number}", range(now_h - 900, now_h - 48))
    for number in range(well):
        found.add(f"well {number}", range(now_h - 900, now_h + 1))
    for number in range(snoozed):
        found.add(f"snoozed {number}", range(now_h - 900, now_h - 48))
        found.snoozes[f"snoozed {number}"] = NOW + timedelta(days=1)
    found.store_in(store_url)


def read(
    connection: BrokerConnection, store: SqlStore, *, judges: bool = True, now: datetime = NOW
) -> Status:
    slow = SlowFactReader(store, judges=judges)
    return read_status(connection, store, slow, RULES, MONITORING, now=now)


def told(status: Status) -> set[tuple[str, str]]:
    return {(item.name, item.about) for item in status.attention}


@pytest.mark.parametrize(
    ("silent", "well", "snoozed", "expected"),
    [
        (2, 9, 0, {("source-silent", "silent 0"), ("source-silent", "silent 1")}),
        (1, 9, 3, {("source-silent", "silent 0")}),
        (0, 3, 5, set()),
        (4, 6, 0, {("nothing-arrives", "")}),
    ],
)
def test_few_silent_sources_are_named_and_many_are_told_once(
    connection: BrokerConnection, store: SqlStore, sqlite_store_url: str,
    silent: int, well: int, snoozed: int, expected: set[tuple[str, str]],
) -> None:  # fmt: skip
    deliver(sqlite_store_url, silent, well, snoozed)
    found = read(connection, store)
    assert told(found) == expected
    assert found.sources == SourceNumbers(ok=well, silent=silent + snoozed)


def test_the_clocks_of_sources_stop_while_messages_wait(
    connection: BrokerConnection, store: SqlStore, sqlite_store_url: str, valkey: redis.Redis
) -> None:
    deliver(sqlite_store_url, 1, 9)
    stamp = f"{int((NOW - timedelta(days=3)).timestamp() * 1000):012x}"
    waiting_id = f"{stamp[:8]}-{stamp[8:]}-7000-8000-000000000000"
    valkey.lpush("articles.quarantine", message(id=waiting_id))
    found = read(connection, store)
    assert ("source-silent", "silent 0") not in told(found)
    assert found.sources.silent == 0


def test_a_source_whose_articles_are_held_or_go_back_is_paused_and_not_silent(
    connection: BrokerConnection, store: SqlStore, sqlite_store_url: str
) -> None:
    deliver(sqlite_store_url, 3, 9)
    held = [
        HeldArticle(receipt=f"r{n}", source="silent 1", text="{}", digest=str(n), place=PLACE)
        for n in range(4)
    ]
    store.held.hold(held, now=NOW)
    with connection.channel() as channel:
        pause_source(channel, "articles", "silent 0", new_pause("ann@host", "", NOW))
    found = read(connection, store)
    assert told(found) == {("source-silent", "silent 2")}
    assert found.sources == SourceNumbers(ok=9, silent=1, paused=2)
    assert found.held == 4
    assert (found.scale.replicas, found.scale.reason) == (1, "held articles")
    assert list(found.pauses.sources) == ["silent 0"]


def test_whoever_looks_once_reads_what_another_process_found(
    connection: BrokerConnection, store: SqlStore, sqlite_store_url: str, valkey: redis.Redis
) -> None:
    def look(now: datetime = NOW) -> tuple[bool, Status]:
        """Also returns whether the sources were judged anew."""
        with statements() as asked:
            found = read(connection, store, judges=False, now=now)
        return any("hourly_traits" in text for text in asked), found

    deliver(sqlite_store_url, 1, 9)
    assert look()[0]
    assert not valkey.exists("articles.sources")  # it is not kept up to date by this process
    judged = read(connection, store)
    assert 0 < valkey.ttl("articles.sources") <= 600
    again, found = look()
    assert not again
    assert found.source_summary == judged.source_summary
    assert told(found) == {("source-silent", "silent 0")}
    assert look(NOW + KEPT + timedelta(seconds=1))[0]
    with connection.channel() as channel:
        pause_source(channel, "articles", "silent 0", new_pause("ann@host", "", NOW))
    again, found = look()
    assert again  # what was found before the pause is not true any more
    assert told(found) == set()


def test_a_note_that_cannot_be_read_counts_as_none() -> None:
    summary = SourceSummary(
        at=NOW,
        numbers=SourceNumbers(ok=1, silent=1),
        silent=(SilentSource(name="a", since=NOW, cause="x"), SilentSource(name="b", since=None)),
        nothing_since=NOW,
        paused=("p",),
    )
    text = write_summary(summary)
    assert read_summary(text, {"p": None}, NOW) == summary
    assert read_summary(text, {}, NOW) is None
    assert read_summary(write_summary(replace(summary, at=None)), {"p": None}, NOW) is None
    for other in ("", "{}", "[]", "[" * 100_000, text[:-5], text.replace('"ok"', '"fine"')):
        assert read_summary(other, {"p": None}, NOW) is None
