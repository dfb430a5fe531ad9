"""Expired leases are found whatever else stands in the index, and other applications' are left."""

import logging
import time
from collections.abc import Iterator

import pytest
import redis

from devtools.waiting import limit_s, stretch, until
from tests.support.transport import LEASE_S, OPTIONS, Peer, body, message, peer
from worker import broker
from worker.broker import leases, qos
from worker.broker.qos import RESTORED_PER_SWEEP
from worker.celery import make_app
from worker.config.worker_rules import load_worker_rules

broker.register()

LANES = ("articles", "articles.replay")
MANY = RESTORED_PER_SWEEP + 100


def lease(
    valkey: redis.Redis, tag: str | bytes, number: int, queue: str = "articles", task: str = ""
) -> str | bytes:
    """The lease of a worker that vanished, without a tag in the index."""
    text = message(number, task or "articles.ingest")
    valkey.hset("unacked", tag, f'[{text},"","{queue}"]')
    return tag


def age(valkey: redis.Redis, tag: str | bytes, seconds: float) -> None:
    """Put the tag of a lease into the index, stamped so many seconds ago by the broker's clock."""
    valkey.zadd("unacked_index", {tag: valkey.time()[0] - seconds})


@pytest.fixture
def worker(valkey_url: str, valkey: redis.Redis) -> Iterator[Peer]:
    with peer(valkey_url, *LANES, own_queues=LANES) as worker:
        yield worker


def restored(worker: Peer, *numbers: int) -> None:
    """Wait at most two lease durations for these messages of the vanished worker."""
    until(
        lambda: sorted(body(taken)[0]["n"] for taken in worker.got) == sorted(numbers),
        "the messages come back",
        2 * LEASE_S * stretch(),
        pause=worker._drain,
    )


def test_whatever_stands_in_the_index_every_lease_of_a_vanished_worker_ends(
    worker: Peer, valkey: redis.Redis
) -> None:
    """Tags without a message, a lease an hour ahead, one without a tag, one with an odd tag."""
    valkey.zadd("unacked_index", {f"orphan:{n}": n for n in range(3 * MANY)})
    age(valkey, lease(valkey, "old:0", 1), 60)
    age(valkey, lease(valkey, "ahead:0", 2), -3600)
    lease(valkey, "untagged:0", 3)
    age(valkey, lease(valkey, b"\xff:0", 4), 60)
    restored(worker, 1, 2, 3, 4)
    assert valkey.zcard("unacked_index") == 4  # of the messages that this worker has now


def test_connections_that_are_cut_more_often_than_a_lease_lasts_starve_no_sweep(
    valkey_url: str, valkey: redis.Redis
) -> None:
    """Every connection sweeps, and none of them is as old as a lease."""
    age(valkey, lease(valkey, "t:0", 7), 0)
    ended = time.monotonic() + limit_s()
    got: list[int] = []
    while not got and time.monotonic() < ended:
        with peer(valkey_url) as short_lived:
            until_s = time.monotonic() + LEASE_S / 4
            while not got and time.monotonic() < until_s:
                short_lived._drain()
                got = [body(taken)[0]["n"] for taken in short_lived.got]
    assert got == [7]


def test_the_loop_of_a_worker_sweeps_while_all_connections_are_cut_again_and_again(
    valkey_url: str, valkey: redis.Redis
) -> None:
    age(valkey, lease(valkey, "t:0", 7), 0)
    app = make_app(valkey_url, load_worker_rules())
    app.conf.broker_transport_options.update(OPTIONS)
    loop = leases.start_sweeps(app)
    try:
        until(lambda: _cut_all(valkey) or valkey.llen("articles") == 1, "the message comes back")
    finally:
        loop.stop()


def _cut_all(valkey: redis.Redis) -> None:
    for connection in valkey.client_list():
        if connection["cmd"] != "client|list":
            valkey.client_kill_filter(_id=connection["id"])


def test_leases_of_another_application_are_left_as_they_are_and_hide_none(
    worker: Peer, valkey: redis.Redis
) -> None:
    for number in range(MANY):
        age(valkey, lease(valkey, f"old:{number}", 1, "celery", "shop.mail"), 600 + number)
    age(valkey, lease(valkey, "ahead:0", 1, "celery", "shop.mail"), -3600)
    lease(valkey, "untagged:0", 1, "celery", "shop.mail")
    before = valkey.zrange("unacked_index", 0, -1, withscores=True)
    age(valkey, lease(valkey, "t:0", 7), 60)
    restored(worker, 7)
    worker.got.pop().ack()
    assert valkey.zrange("unacked_index", 0, -1, withscores=True) == before
    assert valkey.hlen("unacked") == MANY + 2
    assert valkey.llen("celery") == 0


def test_messages_that_can_not_be_put_back_keep_no_other_from_its_turn(
    worker: Peer, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qos, "RESTORED_PER_SWEEP", 20)
    valkey.set("articles.replay", "not a list")
    for number in range(30):
        age(valkey, lease(valkey, f"stuck:{number}", 1, "articles.replay"), 600 + number)
    age(valkey, lease(valkey, "t:0", 7), 60)
    restored(worker, 7)
    assert valkey.hlen("unacked") == 31


@pytest.mark.parametrize("gap_s", [3600, -3600])
def test_after_a_gap_or_a_step_of_the_clock_every_worker_can_renew_its_leases_first(
    worker: Peer, valkey: redis.Redis, gap_s: int
) -> None:
    age(valkey, lease(valkey, "t:0", 1), 60)
    now = valkey.time()[0]
    valkey.hset("unacked_index.sweeps", mapping={"last": now - gap_s, "since": 0})
    assert worker.channel.qos.sweep() == 0
    assert valkey.hexists("unacked", "t:0")
    valkey.hset("unacked_index.sweeps", "since", 0)
    assert worker.channel.qos.sweep() == 1


def test_a_read_only_broker_is_one_outage_however_often_it_refuses_the_search(
    worker: Peer, valkey: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "worker.broker")
    lanes = worker.channel.qos
    valkey.replicaof("127.0.0.1", 1)
    try:
        assert [lanes.sweep() for _ in range(3)] == [0, 0, 0]
    finally:
        valkey.replicaof("NO", "ONE")
    lanes.sweep()
    events = [record.getMessage().split()[0] for record in caplog.records]
    assert events == ["broker.unavailable", "broker.available"]
