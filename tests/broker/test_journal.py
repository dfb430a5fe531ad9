"""The journal: receipts are written down with the push, and reach the store once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis
from kombu import Connection

from devtools.chaos.stack import Stack
from devtools.servers import unix_url
from devtools.waiting import limit_s, until
from worker import Producer
from worker.broker import embedded
from worker.broker.connection import BrokerConnection
from worker.broker.journal import collect
from worker.celery import make_app
from worker.config.worker_rules import load_worker_rules
from worker.errors import Unavailable
from worker.model.records import JournalEntry, OutcomeKind
from worker.store.sql_store import SqlStore

JOURNAL = "articles.journal"


@pytest.fixture
def channel(valkey_url: str, valkey: redis.Redis) -> Iterator[Any]:
    link = BrokerConnection(make_app(valkey_url, load_worker_rules()))
    with link.channel() as channel:
        yield channel
    link.close()


def test_receipts_are_journalled_with_the_push_and_do_not_travel_in_the_message(
    producer: Producer, valkey: redis.Redis
) -> None:
    receipts = producer.enqueue({"title": f"t{n}"} for n in range(150))
    entries = [fields for _, fields in valkey.xrange(JOURNAL)]
    assert [r for fields in entries for r in json.loads(fields[b"receipts"])] == receipts
    messages = [json.loads(message) for message in reversed(valkey.lrange("articles", 0, -1))]
    assert [m["headers"]["id"].encode() for m in messages] == [f[b"message"] for f in entries]
    assert not [m for m in messages if "receipts" in m["properties"]]


def test_a_push_that_kombu_tries_again_is_journalled_again(
    producer: Producer, valkey: redis.Redis, valkey_url: str
) -> None:
    options = {"journal": JOURNAL}
    with Connection(valkey_url, transport_options=options) as connection:
        channel = connection.default_channel
        message = channel.prepare_message("{}", headers={"id": "m"}, properties={"receipts": ["r"]})
        channel._put("articles", message)
        channel._put("articles", message)
    assert [fields[b"receipts"] for _, fields in valkey.xrange(JOURNAL)] == [b'["r"]'] * 2


def test_entries_move_into_the_store_and_keep_the_time_of_the_first_push(
    producer: Producer, channel: Any, valkey: redis.Redis, store: SqlStore
) -> None:
    before = datetime.now(UTC)
    articles = [{"title": "t", "receipt": f"r{n}"} for n in range(250)]
    producer.enqueue(articles)
    assert collect(channel, store.add_journal_entries) == 250
    assert valkey.xlen(JOURNAL) == 0
    first = store.journal_entries([f"r{n}" for n in range(250)])
    assert len(first) == 250
    assert abs((first[0].at - before).total_seconds()) < 5
    producer.enqueue(articles)
    assert collect(channel, store.add_journal_entries) == 250
    assert store.journal_entries([entry.receipt for entry in first]) == first


def test_a_store_that_does_not_answer_leaves_the_entries_where_they_are(
    producer: Producer, channel: Any, valkey: redis.Redis, store: SqlStore
) -> None:
    producer.enqueue([{"title": "t"}])
    with pytest.raises(Unavailable):
        collect(channel, SqlStore("postgresql://worker@/x?host=/nowhere").add_journal_entries)
    assert valkey.xlen(JOURNAL) == 1
    assert collect(channel, store.add_journal_entries) == 1


def test_dying_between_store_and_broker_enters_nothing_twice(
    producer: Producer, channel: Any, valkey: redis.Redis, store: SqlStore
) -> None:
    receipts = producer.enqueue([{"title": "t"}] * 3)

    def enter_and_die(entries: Sequence[JournalEntry]) -> None:
        store.add_journal_entries(entries)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect(channel, enter_and_die)
    assert valkey.xlen(JOURNAL) == 1
    collect(channel, store.add_journal_entries)
    assert [entry.receipt for entry in store.journal_entries(receipts)] == sorted(receipts)


def test_several_workers_may_collect_at_once(
    producer: Producer, valkey_url: str, valkey: redis.Redis, store: SqlStore, store_url: str
) -> None:
    receipts = producer.enqueue({"title": f"t{n}"} for n in range(3000))

    def work(_: int) -> None:
        link, own = BrokerConnection(make_app(valkey_url, load_worker_rules())), SqlStore(store_url)
        with link.channel() as channel:
            collect(channel, own.add_journal_entries)
        link.close()
        own.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert valkey.xlen(JOURNAL) == 0
    assert len(store.journal_entries(receipts)) == 3000


def test_an_entry_that_is_none_does_not_stand_in_the_way(
    producer: Producer, channel: Any, valkey: redis.Redis, store: SqlStore
) -> None:
    valkey.xadd(JOURNAL, {"note": "hello"})
    valkey.xadd(JOURNAL, {"message": "m", "receipts": "{broken"})
    valkey.xadd(JOURNAL, {"message": "m", "receipts": '[1, "by hand"]'})
    [receipt] = producer.enqueue([{"title": "t"}])
    collect(channel, store.add_journal_entries)
    assert len(store.journal_entries([receipt])) == 1
    assert valkey.xlen(JOURNAL) == 0


def test_a_given_receipt_that_a_worker_would_not_take_is_replaced(producer: Producer) -> None:
    given = ["r" * 201, "two\nlines", "fine"]
    receipts = producer.enqueue([{"title": "t", "receipt": receipt} for receipt in given])
    assert receipts[2] == "fine"
    assert not set(receipts) & set(given[:2])


@pytest.mark.processes
def test_a_process_does_not_fork_while_its_journal_is_being_stored() -> None:
    """Else a child of a prefork pool would inherit SQLite's locks, and wait for them for ever."""
    script = """
import os, threading
from worker.store.database.fork_lock import fork_lock
forked, may_end, inside = threading.Event(), threading.Event(), threading.Event()

def hold():
    with fork_lock():
        inside.set()
        assert may_end.wait(20)
        assert not forked.is_set()

def fork():
    if os.fork() == 0:
        with fork_lock():  # a child may store as well
            os._exit(0)
    forked.set()

threads = [threading.Thread(target=hold), threading.Thread(target=fork)]
threads[0].start()
assert inside.wait(20)
threads[1].start()
assert not forked.wait(0.3)
may_end.set()
[thread.join(20) for thread in threads]
assert forked.is_set()
assert os.wait()[1] == 0
"""
    ignore = ["-W", "ignore::DeprecationWarning"]  # Python 3.12 warns of forks beside threads
    subprocess.run([sys.executable, *ignore, "-c", script], check=True, timeout=limit_s())


@pytest.mark.processes
def test_a_broker_killed_between_two_pushes_costs_a_retry_and_nothing_else(
    tmp_path: Path, sqlite_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    var_dir = tmp_path / "broker"
    embedded.ensure(var_dir)
    try:
        stack = Stack(tmp_path, embedded.broker_url(var_dir), sqlite_store_url)
        articles = [{"title": f"Story number {n}", "receipt": f"r{n}"} for n in range(300)]
        path = unix_url(embedded.broker_url(var_dir))

        def kill(_: int) -> None:
            with redis.Redis.from_url(path) as broker:
                os.kill(broker.info("server")["process_id"], signal.SIGKILL)

        with Producer(stack.broker_url) as producer:
            with pytest.raises(Unavailable, match="broker is unavailable"):
                producer.enqueue(articles, on_sent=kill)
            embedded.ensure(var_dir)
            receipts = producer.enqueue(articles)
        stack.start_worker(processes=1)
        outcomes = stack.outcomes(receipts)
        assert {outcome.kind for outcome in outcomes.values()} == {OutcomeKind.NEW}
        assert len({outcome.article_id for outcome in outcomes.values()}) == 300
        with redis.Redis.from_url(path) as broker:
            until(lambda: broker.xlen(JOURNAL) == 0, "the worker collects the journal")
        assert len(stack.store.journal_entries(receipts)) == 300
        stack.close()
    finally:
        embedded.stop(var_dir)
