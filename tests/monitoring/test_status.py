"""The state of real servers is told as it is, and reading it costs a fixed number of trips."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from tests.make import NOW, article, dead, record
from tests.store.stored import statements
from tests.support.counted_work import traffic
from tests.support.requests import requested
from tests.support.stores import sqlite_first
from tests.support.transport import message, peer
from worker.broker.batch_counters import pending_counters
from worker.broker.connection import BrokerConnection
from worker.broker.ledger_check import write_ledger_check
from worker.broker.presence import WorkerState, announce
from worker.celery import make_app
from worker.client.producer import Producer
from worker.config.monitoring_rules import load_monitoring_rules
from worker.config.worker_rules import load_worker_rules
from worker.model.receipts import new_message_id
from worker.model.records import OutcomeKind
from worker.monitoring.slow_facts import SlowFactReader
from worker.monitoring.status import read_status
from worker.monitoring.status_values import Status
from worker.store.sql_store import SqlStore

RULES, MONITORING = load_worker_rules(), load_monitoring_rules()
LEASE_S = RULES.time.visibility_timeout_s
STATE = WorkerState(
    node="celery@web1",
    processes=4,
    busy=3,
    version="0.3.0",
    digest="1b2c",
    refused=False,
    memory_bytes=600_000_000,
    started=datetime.now(UTC),
)
OWN = {"own_queues": ["articles", "articles.quarantine"]}

Read = Callable[[], Status]


@pytest.fixture
def connection(valkey_url: str, valkey: redis.Redis) -> Iterator[BrokerConnection]:
    pending_counters.take()  # of other tests
    connection = BrokerConnection(make_app(valkey_url, RULES))
    yield connection
    connection.close()


@pytest.fixture
def read(connection: BrokerConnection, store: SqlStore) -> Read:
    slow = SlowFactReader(store)
    return lambda: read_status(connection, store, slow, RULES, MONITORING, now=datetime.now(UTC))


def broker_time(valkey: redis.Redis) -> float:
    seconds, micros = valkey.time()
    return float(seconds + micros / 1e6)


def names(status: Status) -> set[str]:
    return {item.name for item in status.attention}


def test_an_empty_system_is_well_and_needs_no_worker(read: Read, valkey: redis.Redis) -> None:
    found = read()
    assert found.attention == found.unreachable == found.workers == ()
    assert [lane.lane for lane in found.lanes] == ["live", "bulk", "quarantine"]
    assert {lane.oldest_s for lane in found.lanes} == {None}
    assert found.scale.replicas == found.waiting == found.leased == 0
    assert abs(found.at.timestamp() - broker_time(valkey)) < 5
    assert found.outcomes is not None
    assert set(found.outcomes.outcomes) == set(OutcomeKind)


def test_it_takes_one_round_trip_and_two_statements_whatever_there_is(
    read: Read, store: SqlStore, valkey: redis.Redis
) -> None:
    def cost() -> tuple[int, int]:
        with traffic() as sent, statements() as asked:
            found = read()
        assert found.unreachable == ()
        return sent.sends, len([text for text in asked if text.lstrip()[:6] != "PRAGMA"])

    read()
    with store._reading() as connection:
        begin = 0 if connection.dialect.name == "postgresql" else 2  # BEGIN of each reading
    assert cost() == (1, 2 + begin)
    for number in range(30):
        for queue in ("articles", "articles\x06\x163", "articles.replay", "articles.quarantine"):
            valkey.lpush(queue, message(number))
        valkey.lpush("articles.dead", "{}\n")
    sources = [record(article(source=f"s{n}", key=f"id:{n}")) for n in range(20)]
    store.write(sources, [], [dead() for _ in range(5)], now=NOW)
    assert cost() == (1, 2 + begin)


@sqlite_first
def test_messages_are_counted_on_all_lanes_and_priorities(read: Read, valkey: redis.Redis) -> None:
    numbers = {
        "articles": (1, 2, 3, 4),
        "articles.replay": (5, 0, 0, 1),
        "articles.quarantine": (0, 0, 2, 0),
    }
    for queue, waiting in numbers.items():
        for step, count in zip((0, 3, 6, 9), waiting, strict=True):
            key = queue if step == 0 else f"{queue}\x06\x16{step}"
            for number in range(count):
                valkey.lpush(key, message(number))
    for name in ("articles.dead", "unknown.dead"):
        valkey.lpush(name, "{}\nno message")
    found = read()
    assert {lane.queue: lane.waiting for lane in found.lanes} == numbers
    assert found.waiting == 18
    assert found.undeliverable == 2
    assert names(found) == {"no-workers"}


def aged_id(age_s: float, of: str) -> str:
    """A message id of this package's form, made so long ago."""
    stamp = f"{int((time.time() - age_s) * 1000):012x}"
    return f"{stamp[:8]}-{stamp[8:]}{of[13:]}"


@sqlite_first
def test_the_id_of_the_oldest_message_tells_its_age(read: Read, valkey: redis.Redis) -> None:
    for age_s in (500, 50, 5):
        valkey.lpush("articles", message(id=aged_id(age_s, new_message_id())))
    valkey.lpush("articles\x06\x169", message(id=aged_id(1000, new_message_id())))
    live = read().lanes[0]
    assert live.oldest_s is not None
    assert 1000 <= live.oldest_s < 1030
    assert not live.is_at_least


@sqlite_first
def test_a_full_message_of_a_producer_dates_itself(
    read: Read, producer: Producer, valkey: redis.Redis
) -> None:
    long_text = {"type": "text/plain", "value": '"id": "x" ' * 1000}
    producer.enqueue([{"title": f"t {n}", "content": [long_text]} for n in range(60)])
    assert len(valkey.lindex("articles", -1) or "") > 500_000
    live = read().lanes[0]
    assert live.oldest_s is not None
    assert live.oldest_s < 60
    assert not live.is_at_least


def set_back(valkey: redis.Redis, seconds: float) -> None:
    """Let everything that was noted of the lists be that long ago."""
    for field, value in valkey.hgetall("articles.oldest").items():
        if field.isdigit():
            at, first_seen, *rest = value.decode().split(" ")
            times = (f"{float(moment) - seconds:.3f}" for moment in (at, first_seen))
            valkey.hset("articles.oldest", field, " ".join((*times, *rest)))


@sqlite_first
def test_a_foreign_message_is_as_old_as_it_was_seen_at_least(
    read: Read, valkey: redis.Redis
) -> None:
    valkey.lpush("articles", message(1))
    assert read().lanes[0].is_at_least
    set_back(valkey, 100)
    valkey.lpush("articles", message(2))  # later ones change nothing
    oldest_s = read().lanes[0].oldest_s
    assert oldest_s is not None
    assert 100 <= oldest_s < 130
    valkey.rpop("articles")
    set_back(valkey, 10)  # the look is too old to be believed
    oldest_s = read().lanes[0].oldest_s
    assert oldest_s is not None
    assert oldest_s < 30  # another message: its clock starts now
    valkey.rpop("articles")
    assert read().lanes[0].oldest_s is None


@sqlite_first
def test_the_clock_of_a_foreign_message_goes_on_while_nobody_looks(
    read: Read, valkey: redis.Redis
) -> None:
    valkey.lpush("articles.replay", message(1))
    read()
    set_back(valkey, 1000)
    assert 1000 <= (read().lanes[1].oldest_s or 0) < 1030
    set_back(valkey, 1000)
    assert 2000 <= (read().lanes[1].oldest_s or 0) < 2060


@sqlite_first
def test_a_list_is_looked_at_once_in_five_seconds(read: Read, valkey: redis.Redis) -> None:
    def looks() -> int:
        return int(valkey.info("commandstats").get("cmdstat_lindex", {}).get("calls", 0))

    valkey.lpush("articles", message(1))
    valkey.config_resetstat()
    for _ in range(3):
        read()
    assert looks() == 1
    set_back(valkey, 4)
    read()
    assert looks() == 1
    set_back(valkey, 1.5)
    read()
    assert looks() == 2
    set_back(valkey, -3600)  # the clock of the server was set back
    read()
    assert looks() == 3


@sqlite_first
@pytest.mark.parametrize(
    "body",
    [
        '{"headers": {"id": "0193a4b2-7c00-7000-8000-000000000000"}, "body": "' + "x" * 9000 + '"}',
        '{"body": "{\\"id\\": \\"0193a4b2-7c00-7000-8000-000000000000\\"}", "headers": {}}',
        "no json at all",
        "\xff\x00",
        "",
    ],
)
def test_whatever_a_message_holds_it_has_an_age_at_least(
    read: Read, valkey: redis.Redis, body: str
) -> None:
    valkey.lpush("articles", body)
    live = read().lanes[0]
    assert live.is_at_least
    assert live.oldest_s is not None
    assert live.oldest_s < 60


@sqlite_first
def test_leases_of_a_killed_worker_are_overdue(
    read: Read, valkey: redis.Redis, valkey_url: str
) -> None:
    for number in range(3):
        valkey.lpush("articles", message(number))
    with peer(valkey_url) as worker:
        worker.take()  # and dies with its messages
    leased = valkey.hlen("unacked")
    found = read()
    assert (found.leased, found.overdue) == (leased, 0)
    assert names(found) == {"no-workers"}
    for tag in valkey.zrange("unacked_index", 0, -1):
        valkey.zincrby("unacked_index", -LEASE_S - 1, tag)
    found = read()
    assert (found.leased, found.overdue) == (leased, leased)


@sqlite_first
def test_workers_of_two_hosts_are_counted_and_compared(
    read: Read, connection: BrokerConnection, valkey: redis.Redis
) -> None:
    now = datetime.now(UTC)
    first = replace(STATE, busy_share=0.75, progress_at=now - timedelta(seconds=3))
    second = replace(STATE, node="celery@web2", processes=2, waits_for="store", version="0.2.0")
    with connection.channel() as channel:
        for state in (first, second):
            announce(channel, "articles", state)
    for number in range(120):
        valkey.lpush("articles", message(number))
    found = read()
    assert [worker.state for worker in found.workers] == [first, second]
    assert found.breakers == {"celery@web2": "store"}
    assert names(found) == {"worker-waits", "workers-differ"}
    assert found.scale.drain_s == pytest.approx(120 * 0.5 / 6)
    assert found.last_worker_at is not None
    valkey.zincrby("articles.workers.times", -40, "celery@web1")  # one falls silent
    assert [worker.state.node for worker in read().workers] == ["celery@web2"]
    valkey.delete("articles.workers", "articles.workers.times")
    found = read()
    [item] = found.attention
    assert item.name == "no-workers"
    assert item.since == found.last_worker_at  # it is known although all are forgotten


@sqlite_first
def test_a_worker_of_a_version_that_says_less_is_listed(read: Read, valkey: redis.Redis) -> None:
    said = (
        '{"node": "celery@old", "processes": 2, "busy": 0, "version": "0.2.1", "digest": "9f",'
        '"refused": false, "memory_bytes": 0, "started": "2026-11-30T12:00:00+00:00"}'
    )
    valkey.hset("articles.workers", "celery@old", said)
    valkey.zadd("articles.workers.times", {"celery@old": broker_time(valkey)})
    [worker] = read().workers
    assert worker.state.processes == 2
    assert worker.state.busy_share is worker.state.progress_at is None
    assert worker.state.waits_for == ""


@sqlite_first
def test_a_full_broker_is_told_as_full_and_still_read(read: Read, valkey: redis.Redis) -> None:
    for number in range(20):
        valkey.lpush("articles", message(number))
    used = int(valkey.info("memory")["used_memory"])
    valkey.config_set("maxmemory", used // 2)
    try:
        for _ in range(2):
            found = read()
            assert found.waiting == 20
            assert found.lanes[0].oldest_s is not None
            assert found.broker_bytes > found.broker_limit_bytes > 0
            assert names(found) == {"no-workers", "broker-full"}
            assert found.advice is not None
            assert found.advice.answer == "stop"
            valkey.config_set("maxmemory", 0)
            set_back(valkey, 10)
            valkey.config_set("maxmemory", used // 2)
        assert (read().lanes[0].oldest_s or 0) > 10  # its clock goes on
    finally:
        valkey.config_set("maxmemory", 0)


@sqlite_first
def test_a_read_only_broker_is_read(read: Read, valkey: redis.Redis) -> None:
    valkey.lpush("articles", message(1))
    read()
    valkey.replicaof("127.0.0.1", 1)
    try:
        found = read()
        assert found.waiting == 1
        assert found.lanes[0].oldest_s is not None
    finally:
        valkey.replicaof("NO", "ONE")


def test_without_the_store_the_queues_are_known_and_nothing_is_scaled(
    connection: BrokerConnection, valkey: redis.Redis, tmp_path: Any
) -> None:
    with connection.channel() as channel:
        announce(channel, "articles", STATE)
    for number in range(3000):
        valkey.lpush("articles", message(number))
    nowhere = SqlStore("postgresql+psycopg://nobody@127.0.0.1:1/none")
    slow = SlowFactReader(nowhere)
    found = read_status(connection, nowhere, slow, RULES, MONITORING, now=datetime.now(UTC))
    assert found.unreachable == ("store",)
    assert (found.outcomes, found.dead_letters, found.lately) == (None, {}, None)
    assert found.waiting == 3000
    assert (found.scale.replicas, found.scale.reason) == (1, "the store does not answer")
    assert "unreachable" in names(found)


def test_without_the_broker_the_store_is_known(store: SqlStore) -> None:
    store.write([], [], [dead()], now=NOW)
    away = BrokerConnection(make_app("redis://127.0.0.1:1/0", RULES))
    found = read_status(away, store, SlowFactReader(store), RULES, MONITORING, now=NOW)
    assert found.unreachable == ("broker",)
    assert found.lanes == found.workers == ()
    assert found.dead_letters == {"malformed": 1}
    assert found.scale.replicas == 1
    assert {item.about for item in found.attention} == {"broker"}


def test_outcomes_are_told_in_all_and_of_late(
    read: Read, store: SqlStore, valkey: redis.Redis
) -> None:
    now = datetime.now(UTC)
    for hours in (0, 1, 5, 50):
        at = now - timedelta(hours=hours)
        store.write([record(article(f"id:{hours}"))], [], [dead(f"{hours}")], now=at)
    found = read()
    assert found.outcomes is not None
    assert found.lately is not None
    assert found.outcomes.outcomes[OutcomeKind.NEW] == found.outcomes.dead["malformed"] == 4
    assert found.lately.outcomes[OutcomeKind.NEW] == found.lately.dead["malformed"] == 2
    assert found.dead_letters == {"malformed": 4}
    assert not found.lacks_originals


@sqlite_first
def test_what_messages_took_lately_decides_the_drain_time(
    read: Read, connection: BrokerConnection, valkey: redis.Redis, valkey_url: str
) -> None:
    with connection.channel() as channel:
        announce(channel, "articles", STATE)
    with peer(valkey_url, "articles", "articles.quarantine", **OWN) as worker:
        for _ in range(2):
            valkey.lpush("articles", message(1))
            request = requested(worker)
            request.running_since = time.monotonic() - 6
            request.acknowledge()
    for number in range(10):
        valkey.lpush("articles", message(number))
    found = read()
    assert 6 <= found.scale.busy_s_per_message < 9
    assert found.scale.drain_s == pytest.approx(10 * found.scale.busy_s_per_message / 4)
    assert found.last_message_at is not None
    assert abs(found.last_message_at.timestamp() - broker_time(valkey)) < 30
    for minute in valkey.hkeys("articles.recent"):  # a quarter of an hour goes by
        if minute.isdigit():
            number, rest = valkey.hget("articles.recent", minute).decode().split(" ", 1)
            valkey.hset("articles.recent", minute, f"{int(number) - 15} {rest}")
    assert read().scale.busy_s_per_message == MONITORING.scale.message_s


def test_minutes_of_work_take_a_bounded_number_of_fields(
    valkey: redis.Redis, valkey_url: str
) -> None:
    valkey.hset(
        "articles.recent", mapping={"3": "no number", "4": "1 2", "5": b"\xff", "last": "x"}
    )
    with peer(valkey_url, "articles", "articles.quarantine", **OWN) as worker:
        for number in range(3):
            valkey.lpush("articles", message(number))
            requested(worker).acknowledge()
    assert valkey.hlen("unacked") == 0
    assert valkey.hlen("articles.recent") <= 16 + 2


@sqlite_first
def test_keys_that_hold_something_else_leave_their_part_unknown(
    read: Read, valkey: redis.Redis
) -> None:
    for name in ("counters", "recent", "ledger", "workers", "workers.times", "oldest", "journal"):
        valkey.set(f"articles.{name}", "text")
    valkey.lpush("articles", message(1))
    found = read()
    assert found.unreachable == ()
    assert found.waiting == 1
    assert found.lanes[0].oldest_s is None
    assert found.ledger is None
    assert found.journal == 0


@sqlite_first
def test_the_last_ledger_is_told_with_the_first_that_missed_something(
    read: Read, connection: BrokerConnection, valkey: redis.Redis
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with connection.channel() as channel:
        for hours, missing in ((50, 0), (20, 3), (10, 2)):
            at = now - timedelta(hours=hours)
            write_ledger_check(channel, "articles", at, missing, 0)
        found = read()
        assert found.ledger is not None
        assert (found.ledger.missing, found.ledger.since) == (2, now - timedelta(hours=20))
        assert names(found) == {"articles-missing"}
        write_ledger_check(channel, "articles", now, 0, 0)
    found = read()
    assert found.ledger is not None
    assert found.ledger.since is None
    assert found.attention == ()


@sqlite_first
def test_the_number_of_messages_is_kept_for_an_hour(read: Read, valkey: redis.Redis) -> None:
    valkey.lpush("articles", message(1))
    [now] = read().history
    assert now.messages == 1
    minute = int(now.at.timestamp()) // 60
    for ago, messages in ((5, 50), (59, 59), (60, 60), (500, 500)):
        valkey.hset(
            "articles.oldest", f"m{(minute - ago) % 60 or 60}x{ago}", f"{minute - ago} {messages}"
        )
    found = read().history
    assert [count.messages for count in found] == [59, 50, 1]
    assert [count.at for count in found] == sorted(count.at for count in found)
