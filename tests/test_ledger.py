"""The ledger: every receipt a producer returned is accounted for, and what is lost is named."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from click.testing import CliRunner

from devtools.chaos.stack import Stack
from devtools.generated_articles import generate
from devtools.waiting import until
from tests.make import dead, record
from tests.worker_rules import own_rules
from worker import Producer
from worker.broker.connection import BrokerConnection
from worker.celery import make_app
from worker.cli.ledger_command import ledger
from worker.client import receipt_journal
from worker.config.worker_rules import load_worker_rules
from worker.errors import Unavailable
from worker.maintenance.receipt_audit import DayBalance, ReceiptBalance, balance
from worker.maintenance.undeliverable import drain, give_up
from worker.model.records import JournalEntry
from worker.store.database.schema import journal_messages
from worker.store.dead_letter_values import DeadLetterQuery
from worker.store.sql_store import SqlStore

NOW = datetime.now(UTC)
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
DAY = timedelta(days=1)
QUEUES = ["articles", "articles.replay", "articles.quarantine"]


@pytest.fixture
def link(valkey_url: str, valkey: redis.Redis) -> Iterator[BrokerConnection]:
    link = BrokerConnection(make_app(valkey_url, load_worker_rules()))
    yield link
    link.close()


def look(
    link: BrokerConnection, store: SqlStore, grace_s: float = 0, since: datetime = NOW - 2 * DAY
) -> ReceiptBalance:
    with link.channel() as channel:
        return balance(channel, QUEUES, store, since, NOW + DAY, grace_s=grace_s)


def lease(valkey: redis.Redis, tag: str) -> None:
    """What a claim does with the oldest message of the queue."""
    valkey.hset("unacked", tag, b"[" + valkey.rpop("articles") + b',"","articles"]')


def test_every_place_a_receipt_may_be_in_is_found(
    producer: Producer, link: BrokerConnection, valkey: redis.Redis, store: SqlStore
) -> None:
    sent = [producer.enqueue([{"title": "t"}] * count) for count in (1, 2, 4, 8, 16)]
    valkey.rpop("articles")  # its two ended
    [stored], [buried] = sent[0], producer.enqueue([{"title": "t"}])
    valkey.lpop("articles")
    store.write([record(receipt=stored)], [], [dead(receipt=buried)], now=NOW)
    lease(valkey, "leased")
    valkey.lpush("articles.dead", b'{"reason": "x"}\n' + valkey.rpop("articles"))
    valkey.lpush("articles.replay\x06\x169", valkey.rpop("articles"))
    valkey.lpush("articles", "no message at all")

    found = look(link, store)
    assert found.missing == []
    [day] = found.days
    assert day == DayBalance(
        day=f"{datetime.now(UTC):%Y-%m-%d}",
        received=32,
        ended={"new": 1, "dead": 1},
        waiting=8 + 16,
        leased=2,
        undeliverable=4,
        held=0,
        missing=0,
        foreign=0,
    )


def test_a_message_lost_behind_our_back_is_named_receipt_by_receipt(
    producer: Producer, link: BrokerConnection, valkey: redis.Redis, store: SqlStore
) -> None:
    producer.enqueue([{"title": "kept"}])
    lost = producer.enqueue([{"title": "lost"}] * 3)
    message_id = json.loads(valkey.lpop("articles"))["headers"]["id"]
    found = look(link, store, grace_s=0.1)
    assert [entry.receipt for entry in found.missing] == sorted(lost)
    assert {entry.message_id for entry in found.missing} == {message_id}
    assert [(day.received, day.waiting, day.missing) for day in found.days] == [(4, 1, 3)]


def test_what_is_enqueued_again_under_the_same_receipts_is_missing_no_more(
    producer: Producer, link: BrokerConnection, valkey: redis.Redis, store: SqlStore
) -> None:
    producer.enqueue([{"title": "t", "receipt": "r1"}])
    valkey.delete("articles")
    assert [entry.receipt for entry in look(link, store).missing] == ["r1"]
    producer.enqueue([{"title": "t", "receipt": "r1"}])
    assert look(link, store).missing == []


def test_what_could_not_be_delivered_is_found_where_it_is_buried(
    producer: Producer, link: BrokerConnection, valkey: redis.Redis, store: SqlStore
) -> None:
    producer.enqueue([{"title": "t"}] * 2)
    valkey.lpush("articles.dead", b'{"reason": "x", "at": 1}\n' + valkey.rpop("articles"))
    with link.channel() as channel:
        assert drain(channel, QUEUES, store) == 1
    found = look(link, store)
    assert (found.days[0].undeliverable, found.days[0].foreign, found.missing) == (2, 0, [])


def test_outcomes_that_no_producer_journalled_are_counted_apart(
    link: BrokerConnection, valkey: redis.Redis, store: SqlStore
) -> None:
    store.write([record()], [], [], now=NOW)
    [day] = look(link, store).days
    assert (day.received, day.foreign) == (0, 1)


def test_a_day_is_a_utc_day_of_the_journal(
    link: BrokerConnection, valkey: redis.Redis, store: SqlStore
) -> None:
    moments = [TODAY - timedelta(microseconds=1), TODAY, TODAY - DAY]
    store.add_journal_entries(
        [JournalEntry(receipt=f"r{m}", message_id="m", at=m) for m in moments]
    )
    ends = [record(receipt=f"r{m}") for m in moments]
    for end in ends:
        store.write([end], [], [], now=NOW)
    days = look(link, store, since=TODAY - DAY).days
    assert [(day.day, day.received) for day in days] == [
        (f"{TODAY - DAY:%Y-%m-%d}", 2),
        (f"{TODAY:%Y-%m-%d}", 1),
    ]


def test_a_message_that_moves_while_the_ledger_reads_is_not_missing(
    producer: Producer, link: BrokerConnection, valkey: redis.Redis, store: SqlStore
) -> None:
    producer.enqueue([{"title": "t"}])
    ended = threading.Event()

    def move() -> None:
        while not ended.is_set():
            lease_and_restore(valkey)

    mover = threading.Thread(target=move)
    mover.start()
    try:
        assert all(look(link, store, grace_s=5).missing == [] for _ in range(20))
    finally:
        ended.set()
        mover.join()


def lease_and_restore(valkey: redis.Redis) -> None:
    """Each step is atomic, as the scripts of the broker are."""
    take = (
        "redis.call('HSET','unacked','t','['..redis.call('RPOP','articles')..',\"\",\"articles\"]')"
    )
    back = """redis.call('RPUSH', 'articles', string.sub(redis.call('HGET','unacked','t'), 2, -16))
              redis.call('HDEL', 'unacked', 't')"""
    with suppress(redis.ConnectionError):
        valkey.eval(take, 0)
        valkey.eval(back, 0)


def test_the_command_exits_with_1_and_the_list_when_something_is_missing(
    valkey_url: str,
    valkey: redis.Redis,
    sqlite_store_url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("WORKER_BROKER_URL", valkey_url)
    monkeypatch.setenv("WORKER_STORE_URL", sqlite_store_url)
    monkeypatch.setenv("WORKER_CONFIG_DIR", str(own_rules(tmp_path, grace_s=0)))
    with Producer() as producer:
        [receipt] = producer.enqueue([{"title": "t"}])
    before = CliRunner().invoke(ledger, [])
    assert (before.exit_code, "missing" in before.output) == (0, True), before.output
    valkey.rpop("articles")
    lost = CliRunner().invoke(ledger, ["--day", f"{datetime.now(UTC):%Y-%m-%d}", "--json"])
    assert lost.exit_code == 1
    assert [entry["receipt"] for entry in json.loads(lost.output)["missing"]] == [receipt]
    shown = CliRunner().invoke(ledger, [])
    assert (shown.exit_code, receipt in shown.output) == (1, True), shown.output
    earlier = CliRunner().invoke(ledger, ["--day", "2020-02-02"])
    assert (earlier.exit_code, "nothing was received" in earlier.output) == (0, True)


def test_under_load_nothing_is_ever_missing_and_in_the_end_the_balance_is_even(
    tmp_path: Path,
    valkey_url: str,
    valkey: redis.Redis,
    link: BrokerConnection,
    postgres_store_url: str,
) -> None:
    stack = Stack(tmp_path, valkey_url, postgres_store_url)
    articles = [*generate(600, chars=300), *(["no article"] * 20)]
    sent: list[str] = []

    def send() -> None:
        for start in range(0, len(articles), 10):
            sent.extend(stack.enqueue(articles[start : start + 10]))

    sender = threading.Thread(target=send)
    try:
        stack.start_worker()
        sender.start()
        looks: list[Any] = []

        def all_ended() -> bool:
            looks.append(look(link, stack.store, grace_s=5))
            return not sender.is_alive() and len(stack.store.outcomes(sent)) == len(articles)

        until(all_ended, "every receipt has its outcome")
        sender.join()
        assert [entry for each in looks for entry in each.missing] == []
        last = look(link, stack.store, grace_s=0)
        assert sum(sum(day.ended.values()) for day in last.days) == len(articles)
        assert sum(day.received for day in last.days) == len(articles)
        assert sum(day.ended.get("dead", 0) for day in last.days) == 20
        assert {day.foreign for day in last.days} == {0}
        assert any(day.waiting + day.leased for each in looks for day in each.days)
    finally:
        sender.join()
        stack.close()


def test_a_producers_own_journal_names_what_a_lost_broker_took_along(
    valkey_url: str, valkey: redis.Redis, link: BrokerConnection, store: SqlStore, tmp_path: Path
) -> None:
    file = tmp_path / "sent.jsonl"
    with Producer(valkey_url, journal=file) as producer:
        sent = producer.enqueue([{"title": "t"}] * 2)
    valkey.flushall()
    assert look(link, store).missing == []
    with file.open("a") as cut:
        cut.write('{"message": "cut o')
    store.add_journal_entries(list(receipt_journal.read_journal(file)))
    assert sorted(entry.receipt for entry in look(link, store).missing) == sorted(sent)


def lose_newest(valkey: redis.Redis) -> None:
    """Lose the newest message with its journal entry, as a failover to a late replica does."""
    valkey.lpop("articles")
    [(entry, _)] = valkey.xrevrange("articles.journal", count=1)
    valkey.xdel("articles.journal", entry)


def lost_numbers(balance: ReceiptBalance) -> list[tuple[int, int, bool]]:
    return [(gap.first, gap.last, gap.after is None) for gap in balance.lost]


def test_messages_lost_with_their_journal_entries_are_named_by_their_numbers(
    producer: Producer, link: BrokerConnection, valkey: redis.Redis, store: SqlStore
) -> None:
    lost = {1, 4, 5}
    for number in range(1, 8):
        producer.enqueue([{"title": "t"}] * 2)
        if number in lost:
            lose_newest(valkey)
    found = look(link, store)
    assert lost_numbers(found) == [(1, 1, True), (4, 5, False)]
    assert sum(gap.count for gap in found.lost) == len(lost)
    assert len({gap.producer for gap in found.lost}) == 1
    assert (found.missing, found.days[0].waiting) == ([], 8)
    assert look(link, store, since=NOW + DAY).lost == []


def test_a_push_that_the_broker_refused_is_no_lost_message(
    producer: Producer, link: BrokerConnection, valkey: redis.Redis, store: SqlStore
) -> None:
    producer.enqueue([{"title": "t"}])
    valkey.config_set("maxmemory", 1)
    try:
        with pytest.raises(Unavailable):
            producer.enqueue([{"title": "t"}], pace=False)
    finally:
        valkey.config_set("maxmemory", 0)
    producer.enqueue([{"title": "t"}])
    found = look(link, store)
    assert (found.lost, found.days[0].received) == ([], 2)


def test_a_message_whose_receipts_were_sent_before_is_no_lost_message(
    producer: Producer, link: BrokerConnection, store: SqlStore
) -> None:
    for receipt in ("r1", "r1", "r1", "r2"):
        producer.enqueue([{"title": "t", "receipt": receipt}])
    assert look(link, store).lost == []


def test_reprocessing_and_other_producers_leave_no_gap_in_the_numbers(
    producer: Producer, link: BrokerConnection, valkey_url: str, store: SqlStore
) -> None:
    producer.enqueue([{"title": "t"}])
    producer.redo("retag", ["a1"])
    with Producer(valkey_url) as other:
        other.enqueue([{"title": "t"}])
    producer.enqueue([{"title": "t"}])
    assert look(link, store).lost == []


def test_entries_that_an_earlier_version_stored_without_numbers_are_not_lost(
    producer: Producer, link: BrokerConnection, valkey: redis.Redis, store: SqlStore, store_url: str
) -> None:
    for number in range(1, 7):
        producer.enqueue([{"title": "t"}])
        if number == 4:
            lose_newest(valkey)
    assert lost_numbers(look(link, store)) == [(4, 4, False)]
    engine = sa.create_engine(store_url)
    with engine.begin() as connection:
        connection.execute(sa.delete(journal_messages).where(journal_messages.c.number < 6))
    engine.dispose()
    assert lost_numbers(look(link, store)) == [(4, 4, True)]


def test_the_command_exits_with_1_for_lost_messages_and_says_what_to_do(
    valkey_url: str,
    valkey: redis.Redis,
    sqlite_store_url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("WORKER_BROKER_URL", valkey_url)
    monkeypatch.setenv("WORKER_STORE_URL", sqlite_store_url)
    monkeypatch.setenv("WORKER_CONFIG_DIR", str(own_rules(tmp_path, grace_s=0)))
    with Producer(journal=tmp_path / "sent.jsonl") as producer:
        for number in range(1, 4):
            [receipt] = producer.enqueue([{"title": "t"}])
            if number == 2:
                lose_newest(valkey)
                lost = receipt
    shown = CliRunner().invoke(ledger, [])
    assert (shown.exit_code, "1 message lost with the journal" in shown.output) == (1, True)
    assert "enqueue the articles of that time again" in shown.output
    # The producer's own journal has the receipts.
    named = CliRunner().invoke(ledger, ["--journal", str(tmp_path / "sent.jsonl"), "--json"])
    audit = json.loads(named.output)
    assert ([entry["receipt"] for entry in audit["missing"]], audit["lost"]) == ([lost], [])


def test_a_journal_in_the_store_needs_no_broker_to_name_what_is_missing(
    valkey_url: str, valkey: redis.Redis, link: BrokerConnection, store: SqlStore, store_url: str
) -> None:
    with Producer(valkey_url, journal=store_url) as producer:
        sent = producer.enqueue([{"title": "t"}] * 2)
    assert look(link, store).missing == []
    valkey.flushall()
    assert sorted(entry.receipt for entry in look(link, store).missing) == sorted(sent)


def test_nothing_is_sent_that_the_journal_did_not_take(
    valkey_url: str, valkey: redis.Redis, tmp_path: Path
) -> None:
    with (
        Producer(valkey_url, journal=f"sqlite:///{tmp_path}/nowhere/s.db") as producer,
        pytest.raises(Unavailable, match="store"),
    ):
        producer.enqueue([{"title": "t"}])
    assert valkey.llen("articles") == 0


def test_dropping_an_undeliverable_letter_leaves_nothing_missing(
    producer: Producer, link: BrokerConnection, valkey: redis.Redis, store: SqlStore
) -> None:
    receipts = producer.enqueue([{"title": "t"}] * 2)
    why = json.dumps({"reason": "unknown task", "queue": "articles", "at": NOW.timestamp()})
    valkey.lpush("articles.dead", why.encode() + b"\n" + valkey.rpop("articles"))
    with link.channel() as channel:
        drain(channel, QUEUES, store)
    ids = store.letter_ids(DeadLetterQuery())
    give_up(store, store.letters(ids), NOW)
    assert store.drop_letters(ids) == 1
    assert look(link, store).missing == []
    assert {store.outcomes(receipts)[each].reason for each in receipts} == {"undeliverable"}
