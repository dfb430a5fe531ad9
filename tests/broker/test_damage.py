"""Keys of the broker that somebody damaged: no message is lost with them, and workers go on."""

import json
from collections.abc import Iterator

import pytest
import redis

from devtools.waiting import until
from tests.support.transport import Peer, body, claimed, message, peer
from worker.broker import dead_letter_queue, journal
from worker.broker.dead_letter_queue import QueuedDeadLetter


@pytest.fixture
def worker(valkey_url: str, valkey: redis.Redis) -> Iterator[Peer]:
    with peer(valkey_url, "articles", "articles.replay") as worker:
        yield worker


def test_a_dead_list_that_is_no_list_loses_nothing_and_is_used_once_it_is_mended(
    worker: Peer, valkey: redis.Redis
) -> None:
    valkey.set("articles.dead", "x")
    valkey.lpush("articles", "{broken", message(1))
    assert body(worker.take()[0])[0]["n"] == 1
    assert [lease for lease in valkey.hvals("unacked") if b"broken" in lease]
    valkey.delete("articles.dead")
    until(lambda: valkey.llen("articles.dead") == 1, "the lease runs out", pause=worker._drain)
    assert valkey.lindex("articles.dead", 0).endswith(b"\n{broken")


@pytest.mark.parametrize("key", ["unacked", "unacked_index"])
def test_leases_that_can_not_be_written_leave_the_messages_on_their_queue(
    worker: Peer, valkey: redis.Redis, key: str
) -> None:
    valkey.set(key, "x")
    valkey.lpush("articles", message(1))
    assert worker.stays_empty(8)
    assert valkey.llen("articles") == 1
    valkey.delete(key)
    worker.take()


def test_a_lane_that_is_no_list_does_not_stop_the_others(worker: Peer, valkey: redis.Redis) -> None:
    valkey.set("articles.replay", "x")
    for number in range(6):
        valkey.lpush("articles", message(number))
        worker.take()[0].ack()


@pytest.mark.parametrize(
    "lease",
    [
        '[{"headers":{}},"",5]',
        '[{"headers":{}},"",null]',
        '[{"headers":{}},"","\\ud800"]',
        '[{"headers":{}},"","a b"]',
        '["text","","articles"]',
        "{broken",
        "[" * 5000,
        "7",
        "",
    ],
)
def test_a_lease_that_is_none_is_kept_as_dead_and_others_come_back(
    worker: Peer, valkey: redis.Redis, lease: str
) -> None:
    good = f'[{message(7)},"","articles"]'
    valkey.hset("unacked", mapping={"junk:0": lease, "gone:0": good})
    valkey.zadd("unacked_index", {"junk:0": 1, "gone:0": 2})
    [taken] = worker.take()
    assert body(taken)[0]["n"] == 7
    taken.ack()
    until(lambda: valkey.hlen("unacked") == 0, "nothing is leased", pause=worker._drain)
    kept = [*valkey.lrange("unknown.dead", 0, -1), *valkey.lrange("articles.dead", 0, -1)]
    assert [entry for entry in kept if lease.encode() in entry or b"text" in entry]


def test_a_lease_as_kombu_writes_it_comes_back_too(worker: Peer, valkey: redis.Redis) -> None:
    valkey.hset("unacked", "stock", json.dumps([json.loads(message(3)), "", "articles"]))
    valkey.zadd("unacked_index", {"stock": 1})
    [taken] = worker.take()
    assert claimed(taken)[0].deliveries == 1


def test_tags_without_a_message_hide_no_lease_behind_them(
    worker: Peer, valkey: redis.Redis
) -> None:
    valkey.zadd("unacked_index", {f"orphan{n}": 1 for n in range(600)})
    valkey.hset("unacked", "gone:0", f'[{message(7)},"","articles"]')
    valkey.zadd("unacked_index", {"gone:0": 2})
    [taken] = worker.take()
    taken.ack()
    assert valkey.zcard("unacked_index") == 0


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_message_in_another_charset_survives_being_given_back(
    worker: Peer, valkey: redis.Redis, charset: str
) -> None:
    valkey.lpush("articles", message(5).encode(charset))
    worker.take()[0].requeue()
    [again] = worker.take()
    assert body(again)[0]["n"] == 5
    assert valkey.llen("articles.dead") == 0


@pytest.mark.parametrize(
    "head", ["[" * 100_000, '{"reason": ' + "[" * 5000 + "]" * 5000 + ', "at": 1}', '{"at": 1e300}']
)
def test_a_dead_list_with_junk_is_emptied(worker: Peer, valkey: redis.Redis, head: str) -> None:
    valkey.lpush("articles.dead", head + "\nmessage", b'{"reason": "r\\nr", "at": 1}\nmessage')
    kept: list[QueuedDeadLetter] = []
    moved = dead_letter_queue.move_entries(worker.channel, ["articles"], kept.append)
    assert len(list(moved)) == 2
    assert [entry.reason for entry in kept] == ["no reason given", "r r"]
    assert max(len(entry.reason) for entry in kept) <= 500


def test_an_entry_that_another_process_removed_meanwhile_was_moved_by_that_one(
    worker: Peer, valkey: redis.Redis
) -> None:
    valkey.lpush("articles.dead", b"first\n1", b"second\n2")
    moved: list[bytes] = []

    def other_process(entry: QueuedDeadLetter) -> None:
        if not moved:
            entries = dead_letter_queue.move_entries(
                worker.channel, ["articles"], lambda _: moved.append(b"begun")
            )
            next(entries)

    mine = dead_letter_queue.move_entries(worker.channel, ["articles"], other_process)
    assert [entry.message for entry in mine] == [b"second\n2"]


@pytest.mark.parametrize(
    ("id_", "receipts"),
    [
        ("*", "[" * 100_000),
        ("18446744073709551614-1", '["x"]'),
        ("*", '{"a": 1}'),
        ("*", '"abc"'),
        ("*", '["' + "x" * 300 + '"]'),
    ],
)
def test_a_journal_with_junk_is_collected(
    valkey_url: str, valkey: redis.Redis, id_: str, receipts: str
) -> None:
    with peer(valkey_url, journal="articles.journal") as worker:
        valkey.xadd("articles.journal", {"message": "m", "receipts": '["good"]'})
        valkey.xadd("articles.journal", {"message": "m", "receipts": receipts}, id=id_)
        found: list[str] = []
        journal.collect(worker.channel, lambda entries: found.extend(e.receipt for e in entries))
        assert found == ["good"]
        assert valkey.xlen("articles.journal") == 0
