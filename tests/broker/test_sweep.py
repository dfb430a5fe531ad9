"""Expired leases are found whatever else stands in the index, and other applications' are left."""

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


def restored(worker: Peer, number: int = 7) -> None:
    """Wait at most two lease durations for the message of the vanished worker."""
    until(
        lambda: [body(taken)[0]["n"] for taken in worker.got] == [number],
        "the message comes back",
        2 * LEASE_S * stretch(),
        pause=worker._drain,
    )


def test_tags_without_a_message_hide_no_expired_lease(worker: Peer, valkey: redis.Redis) -> None:
    valkey.zadd("unacked_index", {f"orphan:{n}": n for n in range(3 * MANY)})
    age(valkey, lease(valkey, "t:0", 7), 60)
    restored(worker)
    assert valkey.zcard("unacked_index") == 1  # of the message that this worker has now


def test_a_lease_stamped_an_hour_ahead_expires_all_the_same(
    worker: Peer, valkey: redis.Redis
) -> None:
    age(valkey, lease(valkey, "t:0", 7), -3600)
    restored(worker)


def test_a_leased_message_without_a_tag_in_the_index_comes_back(
    worker: Peer, valkey: redis.Redis
) -> None:
    valkey.zadd("unacked_index", {f"orphan:{n}": valkey.time()[0] for n in range(9)})
    lease(valkey, "t:0", 7)
    restored(worker)


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
    restored(worker)
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
    restored(worker)
    assert valkey.hlen("unacked") == 31


def test_a_tag_that_is_no_text_names_a_lease_like_any_other(
    worker: Peer, valkey: redis.Redis
) -> None:
    age(valkey, lease(valkey, b"\xff:0", 7), 60)
    restored(worker)


@pytest.mark.parametrize("gap_s", [3600, -3600])
def test_after_a_gap_or_a_step_of_the_clock_every_worker_can_renew_its_leases_first(
    worker: Peer, valkey: redis.Redis, gap_s: int
) -> None:
    valkey.lpush("articles", message(1))
    worker.take()
    end = time.monotonic() + 1.5 * LEASE_S  # sweeps go on without a gap
    while time.monotonic() < end:
        worker._drain()
    [tag] = valkey.hkeys("unacked") or [b"t:0"]
    lease(valkey, tag, 1)
    age(valkey, tag, 60)
    valkey.hset("unacked_index.sweeps", "last", valkey.time()[0] - gap_s)
    assert worker.channel.qos.sweep() == 0
    assert valkey.hexists("unacked", tag)
    valkey.hset("unacked_index.sweeps", "since", 0)
    assert worker.channel.qos.sweep() == 1
