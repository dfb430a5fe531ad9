"""What becomes of a message whose task ended, and of the slot and the credit it had."""

import copy
import logging
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from billiard.einfo import ExceptionInfo
from celery.exceptions import Reject
from celery.worker import state

from tests.support.requests import requested
from tests.support.transport import Peer, claimed, message, peer
from worker.broker import held_messages, leases
from worker.broker.consumer import hand_to_pool
from worker.broker.request import FinishedMessages
from worker.errors import Stalled


class Controller:
    """Of a worker, what has to do with the slots of its pool."""

    def __init__(self) -> None:
        self.pool = object()
        self.free = 0

    def _quick_release(self) -> None:
        self.free += 1


@pytest.fixture
def worker(valkey_url: str, valkey: redis.Redis) -> Iterator[Peer]:
    with peer(valkey_url, "articles", "articles.quarantine", quarantine_passes=3) as worker:
        yield worker


@pytest.mark.parametrize(
    "error",
    [ValueError("no"), MemoryError(), TypeError("pickle")],
)
def test_whatever_handing_a_message_to_the_pool_raises_its_slot_comes_back(
    worker: Peer, valkey: redis.Redis, error: Exception
) -> None:
    valkey.lpush("articles", message(1))
    request = requested(worker)

    def refused(pool: object) -> None:
        raise error

    request.execute_using_pool = refused
    controller = Controller()
    hand_to_pool(controller, request)
    assert controller.free == 1
    assert valkey.llen("articles.quarantine") == 1
    assert valkey.hlen("unacked") == 0
    assert request.acknowledged


def test_a_pool_without_slots_has_none_to_give_back(worker: Peer, valkey: redis.Redis) -> None:
    valkey.lpush("articles", message(1))
    request = requested(worker)
    request.execute_using_pool = lambda pool: (_ for _ in ()).throw(ValueError("no"))
    hand_to_pool(SimpleNamespace(pool=None), request)
    assert request.acknowledged
    assert valkey.llen("articles.quarantine") == 1


def test_what_fails_in_quarantine_three_times_is_dead_with_its_last_error_a_line_a_pass(
    worker: Peer, valkey: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    valkey.lpush("articles", message(1))
    with caplog.at_level(logging.INFO, "worker"):
        for number in range(4):
            requested(worker).fail(f"broke {number}", error="ValueError")
            assert worker.stays_empty(0) is True
    assert valkey.llen("articles.quarantine") == valkey.llen("articles") == 0
    why, _, kept = valkey.lindex("articles.quarantine.dead", 0).partition(b"\n")
    assert b"failed 3 times in quarantine: broke 3" in why
    assert b"id-1" in kept
    failed = [r for r in caplog.records if "message.failed" in r.getMessage()]
    assert len(failed) == 4
    assert len(caplog.records) == 5  # and one that says that it is dead


def test_a_message_that_an_older_worker_put_into_quarantine_counts_as_once_there(
    worker: Peer, valkey: redis.Redis
) -> None:
    valkey.lpush("articles.quarantine", message(1, **{"x-quarantine": True}))
    [taken] = worker.take()
    assert claimed(taken)[0].quarantined == 1


def test_a_time_limit_of_which_celery_tells_twice_counts_once(
    worker: Peer, valkey: redis.Redis
) -> None:
    valkey.lpush("articles", message(1))
    request = requested(worker)
    before = FinishedMessages.count
    request.on_timeout(soft=False, timeout=60)
    request.on_timeout(soft=False, timeout=60)
    assert FinishedMessages.count == before + 1
    assert valkey.llen("articles.quarantine") == 1
    [again] = worker.take()
    assert claimed(again)[0].last_error == "over the hard limit of 60 s"


def test_a_message_whose_articles_stalled_goes_to_the_end_of_its_queue_and_counts_their_runs(
    worker: Peer, valkey: redis.Redis
) -> None:
    valkey.lpush("articles.quarantine", message(1), message(2))
    stalled = copy.copy(Stalled("1 articles stalled", {"r-1": 2}))  # rebuilt as by pickle
    try:
        raise Reject(stalled, requeue=True)
    except Reject:
        requested(worker).on_failure(ExceptionInfo())
    other, again = worker.take(2)
    assert claimed(other)[0].message_id == "id-2"
    assert claimed(again)[0].stalled_runs == (("r-1", 2),)
    assert claimed(again)[0].quarantined == 0


def test_a_time_limit_in_quarantine_is_no_failure_of_articles_but_of_reprocessing(
    worker: Peer, valkey: redis.Redis
) -> None:
    valkey.lpush("articles.quarantine", message(1, **{"x-quarantine": 3}))
    for _ in range(5):
        requested(worker).on_timeout(soft=False, timeout=60)
    assert valkey.llen("articles.quarantine") == 1
    [taken] = worker.take()
    assert claimed(taken)[0].quarantined == 3
    taken.ack()
    valkey.lpush("articles.quarantine", message(2, "articles.redo", **{"x-quarantine": 3}))
    request = requested(worker)
    request.name = "articles.redo"
    request.on_timeout(soft=False, timeout=60)
    assert valkey.llen("articles.quarantine.dead") == 1


def test_of_many_messages_only_those_at_fault_are_dead(worker: Peer, valkey: redis.Redis) -> None:
    valkey.lpush("articles", *(message(n) for n in range(4)))
    worker.channel.coalesce_messages = 50
    [taken] = worker.take()
    assert len(claimed(taken)) == 4
    worker.channel.qos.set_reject_reasons(taken.delivery_tag, {2: "undecodable: no JSON"})
    taken.reject()
    assert valkey.llen("articles.dead") == 1
    assert b"id-2" in valkey.lindex("articles.dead", 0)
    assert valkey.hlen("unacked") == valkey.llen("articles") == 0


def test_a_message_held_beyond_every_limit_is_overdue_and_its_lease_runs_out(
    worker: Peer, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    valkey.lpush("articles", message(1))
    request = requested(worker)
    state.task_reserved(request)
    assert held_messages.overdue(10) == []
    now = time.monotonic()
    monkeypatch.setattr(held_messages.time, "monotonic", lambda: now + 36)
    assert held_messages.overdue(10) == [request.message.delivery_tag]
    renewed: list[Any] = []
    monkeypatch.setattr(worker.channel, "eval", lambda *a: renewed.append(a))
    leases.renew_leases(worker.channel, 10)
    assert renewed == []
    request.running_since = now + 20
    assert held_messages.overdue(10) == []
    state.reset_state()


def test_a_request_shows_no_articles(worker: Peer, valkey: redis.Redis) -> None:
    valkey.lpush("articles", message(1))
    request = requested(worker)
    assert request.info()["args"] == ()
    assert request.info(safe=True)["args"] == "[1 message]"


@pytest.mark.parametrize("junk", ["{", "[]", "7", '{"body": 5}', "[" * 100_000, "\x00", ""])
def test_what_is_published_to_the_workers_and_is_no_command_hurts_none(
    valkey_url: str, valkey: redis.Redis, junk: str
) -> None:
    with peer(valkey_url) as worker:
        channel = worker.channel
        channel.exchange_declare("control", type="fanout")
        channel.queue_declare("mine")
        channel.queue_bind("mine", "control", "")
        channel.basic_consume("mine", True, worker.got.append, "mine")
        assert worker.stays_empty()
        assert valkey.publish("/0.control", junk) == 1
        assert worker.stays_empty()
        valkey.lpush("articles", message(1))
        worker.take()
