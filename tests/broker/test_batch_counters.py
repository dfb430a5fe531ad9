"""Counters of batches reach the broker with the acks, in no round trip of their own."""

import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from billiard.einfo import ExceptionInfo
from billiard.exceptions import WorkerLostError

from tests.support.requests import requested
from tests.support.transport import Peer, message, peer
from worker.broker.batch_counters import (
    BATCH_BOUNDS_S,
    LANES,
    Histogram,
    LaneCounters,
    LossCause,
    MessageEnd,
    PendingCounters,
    counters_key,
    lane_counters,
    lane_of,
    pending_counters,
    stage_histograms,
)
from worker.broker.messages import ClaimedMessage
from worker.broker.request import waited_s
from worker.model.receipts import new_message_id, new_producer_id, numbered_message_id
from worker.model.stage_times import STAGES, times_in, times_text

KEY = "articles.counters"


@pytest.fixture
def worker(valkey_url: str, valkey: redis.Redis) -> Iterator[Peer]:
    pending_counters.take()  # of other tests
    queues = "articles", "articles.quarantine"
    with peer(valkey_url, *queues, own_queues=["articles", "articles.quarantine"]) as worker:
        yield worker
    pending_counters.take()


def counters(worker: Peer) -> dict[str, LaneCounters]:
    return lane_counters(worker.channel.client.hgetall(counters_key("articles")))


def test_an_ack_carries_what_was_counted_since_the_last_one(
    worker: Peer, valkey: redis.Redis
) -> None:
    assert {ends for lane in counters(worker).values() for ends in lane.messages.values()} == {0}
    for number in range(3):
        valkey.lpush("articles", message(number))
    valkey.config_resetstat()
    first = requested(worker)
    first.running_since = time.monotonic() - 1.5
    first.acknowledge()
    live = counters(worker)["live"]
    assert live.messages[MessageEnd.DONE] == len(first._messages())
    assert 1.5 <= live.batch.sum_s < 10
    assert live.batch.counts[BATCH_BOUNDS_S.index(1.0)] == 0
    assert live.batch.counts[BATCH_BOUNDS_S.index(10.0)] == live.batch.counts[-1] == 1
    assert live.wait.counts[-1] == 0  # the ids tell no time
    assert valkey.info("commandstats")["cmdstat_eval"]["calls"] == 2  # claim and ack
    assert valkey.hlen("unacked") == 0


def test_an_ack_that_is_repeated_by_celery_counts_once(worker: Peer, valkey: redis.Redis) -> None:
    valkey.lpush("articles", message(1))
    request = requested(worker)
    request.acknowledge()
    request.acknowledge()
    assert counters(worker)["live"].messages[MessageEnd.DONE] == 1


def test_failures_are_counted_by_how_they_ended(worker: Peer, valkey: redis.Redis) -> None:
    for number, end in enumerate(("returned", "quarantined", "done")):
        valkey.lpush("articles", message(number))
        request = requested(worker)
        if end == "returned":
            request.reject(requeue=True)
            requested(worker).acknowledge()  # it comes again
        elif end == "quarantined":
            request.fail("no", error="ValueError")
            requested(worker).acknowledge()  # from the quarantine queue
        else:
            request.reject(requeue=False)
    valkey.lpush("articles", message(9))
    requested(worker).acknowledge()
    found = counters(worker)
    assert found["live"].messages == {"done": 2, "returned": 1, "quarantined": 1, "dead": 1}
    assert found["quarantine"].messages[MessageEnd.DONE] == 1


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (WorkerLostError("exited prematurely: signal 9 (SIGKILL)"), {"killed": 1, "time-limit": 0}),
        (SystemExit(1), {"killed": 1, "time-limit": 0}),
        (None, {"killed": 0, "time-limit": 1}),
        (ValueError("a bug"), {"killed": 0, "time-limit": 0}),
    ],
)
def test_a_lost_process_is_counted_once_by_its_cause_and_an_error_is_no_loss(
    worker: Peer, valkey: redis.Redis, error: BaseException | None, lost: dict[str, int]
) -> None:
    valkey.lpush("articles", message(1))
    request = requested(worker)
    if error is None:
        request.on_timeout(soft=False, timeout=60)
        error = WorkerLostError("it was told to end")  # Celery says so, too
    request.on_failure(failure(error))
    requested(worker).acknowledge()  # from the quarantine queue
    found = counters(worker)
    assert found["live"].lost == lost
    assert found["live"].messages[MessageEnd.QUARANTINED] == 1
    assert found["quarantine"].lost == {"killed": 0, "time-limit": 0}


def failure(error: BaseException) -> ExceptionInfo:
    try:
        raise error
    except BaseException:  # noqa: BLE001
        return ExceptionInfo(sys.exc_info())


def test_counters_that_did_not_reach_the_broker_are_sent_with_the_next_ack() -> None:
    pending = PendingCounters()
    pending.add("live", MessageEnd.DONE, 3, 0.2, None)
    taken = pending.take()
    assert pending.take() == {}
    pending.put_back(taken)
    pending.add("live", MessageEnd.DONE, 1, 0.2, 7.0)
    assert pending.take() == {
        "messages:live:done": 4,
        "batch:live:0.2": 2,
        "batch_us:live": 400_000,
        "wait:live:10": 1,
        "wait_us:live": 7_000_000,
    }


@pytest.mark.parametrize("value", ["no hash", None])
def test_a_key_that_holds_something_else_keeps_no_message_from_its_ack(
    worker: Peer, valkey: redis.Redis, value: str | None
) -> None:
    if value is None:
        valkey.hset(KEY, "messages:live:done", "no number")
    else:
        valkey.set(KEY, value)
    valkey.lpush("articles", message(1))
    requested(worker).acknowledge()
    assert valkey.hlen("unacked") == 0


def stages(valkey: redis.Redis) -> dict[str, Histogram]:
    return stage_histograms(valkey.hgetall(KEY))


def test_the_times_of_stages_come_with_the_result_of_the_task(
    worker: Peer, valkey: redis.Redis
) -> None:
    valkey.lpush("articles", message(1))
    request = requested(worker)
    returned = repr(times_text({"clean": 0.3, "tag": 0.00001}))  # as Celery passes it on
    request.on_success((False, returned, 0.4))
    assert valkey.hlen("unacked") == 0
    found = stages(valkey)
    assert {stage: h.sum_s for stage, h in found.items()} == {
        "clean": 0.3, "dedup": 0.0, "tag": 0.00001, "store": 0.0,
    }  # fmt: skip
    assert [h.counts[-1] for h in found.values()] == [1, 0, 1, 0]
    assert counters(worker)["live"].messages[MessageEnd.DONE] == 1


@pytest.mark.parametrize("returned", ["None", "'unknown=5 x=clean clean=-1 CLEAN=1'", "", "clean="])
def test_a_result_without_times_counts_none(
    worker: Peer, valkey: redis.Redis, returned: str
) -> None:
    valkey.lpush("articles", message(1))
    requested(worker).on_success((False, returned, 0.4))
    assert valkey.hlen("unacked") == 0
    assert {h.counts[-1] for h in stages(valkey).values()} == {0}


def test_the_hash_has_a_fixed_set_of_fields(worker: Peer, valkey: redis.Redis) -> None:
    for lane in LANES:
        for end in MessageEnd:
            for exponent in range(-4, 7):
                pending_counters.add(lane, end, 1, 10.0**exponent, 3.0**exponent)
                pending_counters.add_stages(dict.fromkeys(STAGES, 10.0**exponent))
        for cause in LossCause:
            pending_counters.add_loss(lane, cause)
    valkey.lpush("articles", message(1))
    requested(worker).acknowledge()
    of_lanes = len(LANES) * (len(MessageEnd) + 2 * (14 + 1) + len(LossCause))
    assert valkey.hlen(KEY) <= of_lanes + len(STAGES) * (14 + 1)
    found = counters(worker)["bulk"]
    assert found.batch.counts[-1] == found.wait.counts[-1] == 44
    assert list(found.batch.counts) == sorted(found.batch.counts)


@pytest.mark.parametrize(
    ("queue", "lane"),
    [
        ("articles", "live"),
        ("articles.replay", "bulk"),
        ("articles.quarantine", "quarantine"),
        ("", "live"),
    ],
)
def test_each_queue_is_a_lane(queue: str, lane: str) -> None:
    assert lane_of(queue) == lane


def claimed(message_id: str, **fields: Any) -> ClaimedMessage:
    return ClaimedMessage(task="articles.ingest", message_id=message_id, body="", **fields)


def test_the_id_of_a_message_tells_how_long_it_waited() -> None:
    ids = [new_message_id(), numbered_message_id(new_producer_id(), 7)]
    now = time.time()
    for message_id in ids:
        waited = waited_s([claimed("foreign"), claimed(message_id)], now + 60)
        assert waited is not None
        assert 59 < waited < 70
        assert waited_s([claimed(message_id)], now - 60) == 0.0  # a clock is behind
        assert waited_s([claimed(message_id, redelivered=True)], now) is None
        assert waited_s([claimed(message_id, deliveries=1)], now) is None
    assert waited_s([claimed("foreign"), claimed("")], now) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ({}, ""),
        ({"clean": 0.0012, "store": 2.0}, "clean=1200 store=2000000"),
        ({"dedup": 0.0}, "dedup=0"),
    ],
)
def test_times_of_stages_are_written_and_read(seconds: dict[str, float], text: str) -> None:
    assert times_text(seconds) == text
    assert times_in(text) == times_in(repr(text)) == seconds
