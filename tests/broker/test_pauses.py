"""Pauses of lanes and sources, from the operator's call to what a worker claims."""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from kombu import Connection

from devtools.waiting import stretch, until
from tests.support.transport import Peer, body, claimed, message, peer
from worker.broker import pauses
from worker.broker.known_pauses import KnownPauses
from worker.broker.pauses import Pause, Pauses, new_pause

LANES = ("articles", "articles.replay", "articles.quarantine")
QUEUE_OF = {"live": "articles", "bulk": "articles.replay", "quarantine": "articles.quarantine"}
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@contextmanager
def worker_of_all_lanes(url: str) -> Iterator[Peer]:
    with peer(url, *LANES, own_queues=LANES) as worker:
        yield worker


@pytest.fixture
def channel(valkey_url: str, valkey: redis.Redis) -> Iterator[Any]:
    """An operator's connection."""
    with Connection(valkey_url) as connection:
        yield connection.default_channel


def pause(reason: str = "", by: str = "ann@desk") -> Pause:
    return new_pause(by, reason, NOW)


def sent_commands(valkey: redis.Redis) -> int:
    return int(valkey.info("stats")["total_commands_processed"])


@pytest.mark.parametrize("lane", QUEUE_OF)
def test_workers_take_nothing_from_a_paused_lane_until_it_is_resumed(
    lane: str, valkey_url: str, valkey: redis.Redis, channel: Any
) -> None:
    pauses.pause_lane(channel, "articles", lane, pause())
    for number, queue in enumerate(LANES):
        valkey.lpush(queue, message(number))
    with worker_of_all_lanes(valkey_url) as worker:
        worker.take(2)
        assert worker.stays_empty()
        assert [queue for queue in LANES if valkey.llen(queue)] == [QUEUE_OF[lane]]
        pauses.resume_lane(channel, "articles", lane)
        began = time.monotonic()
        worker.take(1)
        assert time.monotonic() - began < 3 * stretch()  # usually a fourth of a second


def test_a_worker_that_waits_notices_a_pause_within_a_second(
    valkey_url: str, valkey: redis.Redis, channel: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with worker_of_all_lanes(valkey_url) as worker, caplog.at_level(logging.INFO):
        assert worker.stays_empty(1)
        pauses.pause_lane(channel, "articles", "live", pause("the store moves"))
        began = time.monotonic()
        until(lambda: "lane.paused" in caplog.text, "the worker notices", pause=worker._drain)
        assert time.monotonic() - began < 3 * stretch()  # usually a fourth of a second
        pauses.resume_lane(channel, "articles", "live")
        until(lambda: "lane.resumed" in caplog.text, "the worker notices", pause=worker._drain)
    [paused] = [line for line in caplog.messages if line.startswith("lane.paused")]
    for part in (
        "lane=live",
        "by=ann@desk",
        "since=2026-11-30T12:00:00",
        'reason="the store moves"',
    ):
        assert part in paused


def test_what_is_leased_already_is_finished_in_a_paused_lane(
    valkey_url: str, valkey: redis.Redis, channel: Any
) -> None:
    valkey.lpush("articles", message(1))
    with worker_of_all_lanes(valkey_url) as worker:
        [taken] = worker.take()
        pauses.pause_lane(channel, "articles", "live", pause())
        assert worker.stays_empty(1)
        taken.ack()
        assert not valkey.hlen("unacked")


def test_all_priorities_of_a_paused_lane_wait(
    valkey_url: str, valkey: redis.Redis, channel: Any
) -> None:
    pauses.pause_lane(channel, "articles", "live", pause())
    for list_ in ("articles\x06\x169", "articles\x06\x163", "articles"):
        valkey.lpush(list_, message())
    with worker_of_all_lanes(valkey_url) as worker:
        assert worker.stays_empty()


@pytest.mark.parametrize("paused", [("live",), ("bulk",), ("live", "bulk", "quarantine")])
def test_an_idle_worker_does_not_spin_on_paused_lanes_that_are_full(
    paused: tuple[str, ...], valkey_url: str, valkey: redis.Redis, channel: Any
) -> None:
    for lane in paused:
        valkey.lpush(QUEUE_OF[lane], message(1), message(2))
        pauses.pause_lane(channel, "articles", lane, pause())
    with worker_of_all_lanes(valkey_url) as worker:
        assert worker.stays_empty(1)  # it learns of the pauses
        before, began = sent_commands(valkey), time.monotonic()
        assert worker.stays_empty(10)
        per_s = (sent_commands(valkey) - before) / (time.monotonic() - began)
    # A script counts once and each of its commands: about 30 for the 12 lists of the three lanes.
    assert per_s < 250


def test_a_pause_survives_a_worker_and_is_gone_without_a_trace(
    valkey_url: str, valkey: redis.Redis, channel: Any
) -> None:
    first, second = pause("one"), pause("two")
    assert pauses.pause_lane(channel, "articles", "bulk", first) is None
    assert pauses.pause_lane(channel, "articles", "bulk", second) == first
    assert pauses.lane_pauses(channel, "articles") == {"bulk": second}
    assert pauses.resume_lane(channel, "articles", "live") is None
    assert pauses.resume_lane(channel, "articles", "bulk") == second
    assert pauses.lane_pauses(channel, "articles") == {}
    assert not valkey.exists("articles.pauses")


def test_each_change_has_another_version_also_after_all_pauses_were_gone(
    valkey: redis.Redis, channel: Any
) -> None:
    versions = set()
    for lane in ("live", "bulk"):
        pauses.pause_lane(channel, "articles", lane, pause())
        versions.add(valkey.hget("articles.pauses", "version"))
    pauses.resume_lane(channel, "articles", "live")
    versions.add(valkey.hget("articles.pauses", "version"))
    pauses.resume_lane(channel, "articles", "bulk")
    pauses.pause_lane(channel, "articles", "live", pause())
    versions.add(valkey.hget("articles.pauses", "version"))
    assert len(versions) == 4


def test_an_unknown_lane_is_refused_before_anything_is_written(
    valkey: redis.Redis, channel: Any
) -> None:
    with pytest.raises(KeyError):
        pauses.pause_lane(channel, "articles", "fast", pause())
    assert not valkey.exists("articles.pauses")


def test_a_lane_can_be_paused_while_the_broker_is_full(valkey: redis.Redis, channel: Any) -> None:
    valkey.lpush("articles", message())
    valkey.config_set("maxmemory", 1)
    try:
        pauses.pause_lane(channel, "articles", "live", pause())
        assert set(pauses.lane_pauses(channel, "articles")) == {"live"}
        pauses.resume_lane(channel, "articles", "live")
    finally:
        valkey.config_set("maxmemory", 0)
    assert not pauses.lane_pauses(channel, "articles")


def test_the_pauses_of_another_application_on_the_same_broker_are_its_own(
    valkey_url: str, valkey: redis.Redis, channel: Any
) -> None:
    pauses.pause_lane(channel, "orders", "live", pause())
    valkey.lpush("articles", message(1))
    with worker_of_all_lanes(valkey_url) as worker:
        worker.take(1)


def test_a_key_of_another_type_in_the_place_of_the_pauses_stops_no_worker(
    valkey_url: str, valkey: redis.Redis
) -> None:
    valkey.set("articles.pauses", "what?")
    valkey.lpush("articles", message(1))
    with worker_of_all_lanes(valkey_url) as worker:
        worker.take(1)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"at": "noon"}', '{"at": 3}'])
def test_a_pause_that_somebody_wrote_by_hand_counts(
    text: str, valkey_url: str, valkey: redis.Redis, channel: Any
) -> None:
    valkey.hset("articles.pauses", mapping={"version": "1", "lane:articles": text, "x": "y"})
    valkey.lpush("articles", message(1))
    with worker_of_all_lanes(valkey_url) as worker:
        assert worker.stays_empty()
        assert set(pauses.lane_pauses(channel, "articles")) == {"live"}
        pauses.resume_lane(channel, "articles", "live")
        worker.take(1)


def test_a_claimed_message_names_the_sources_that_are_paused(
    valkey_url: str, valkey: redis.Redis, channel: Any
) -> None:
    pauses.pause_source(channel, "articles", "wire", pause())
    pauses.pause_source(channel, "articles", "café: no. 1", pause())
    valkey.lpush("articles", message(1))
    with worker_of_all_lanes(valkey_url) as worker:
        [taken] = worker.take()
        [first] = claimed(taken)
        assert first.paused_sources == {"wire", "café: no. 1"}
        for source, ended in pauses.read_pauses(channel, "articles").sources.items():
            pauses.end_resuming(channel, "articles", source, ended)
        valkey.lpush("articles", message(2))
        [taken] = worker.take()
        assert body(taken) == [{"n": 2}]
        assert not claimed(taken)[0].paused_sources


def test_held_articles_that_come_back_pass_the_pause_that_ends_and_no_other(
    valkey_url: str, valkey: redis.Redis, channel: Any
) -> None:
    first = pause()
    pauses.pause_source(channel, "articles", "wire", first)
    resuming = pauses.begin_resuming(channel, "articles", "wire", first)
    came_back = message(1, **{"x-resumed": first.pause_id})
    with worker_of_all_lanes(valkey_url) as worker:
        valkey.lpush("articles", came_back)
        assert not claimed(worker.take()[0])[0].paused_sources
        valkey.lpush("articles", message(2))
        assert claimed(worker.take()[0])[0].paused_sources == {"wire"}
        pauses.pause_source(channel, "articles", "wire", pause("again"))
        valkey.lpush("articles", came_back)
        assert claimed(worker.take()[0])[0].paused_sources == {"wire"}
    pauses.end_resuming(channel, "articles", "wire", resuming)  # too late: it is paused again
    assert set(pauses.read_pauses(channel, "articles").sources) == {"wire"}


def test_only_a_change_of_the_pauses_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    known = KnownPauses("articles")
    fields = [b"lane:articles", json.dumps({"at": NOW.isoformat(), "by": "ann"}).encode()]
    with caplog.at_level(logging.INFO):
        known.take(b"1", fields)
        known.take(b"1", [])
        known.take(b"2", [*fields, b"source:a", b"{}"])
        known.take(b"", [])
    events = [line.split()[0] for line in caplog.messages]
    assert events == ["lane.paused", "source.paused", "lane.resumed", "source.resumed"]
    assert not known.is_paused("articles")


def test_fields_that_are_no_pause_are_left_out() -> None:
    fields = {b"version": b"1", b"lane:orders": b"{}", b"\xff": b"", b"lane:articles.replay": b"{}"}
    found = pauses.parse_pauses("articles", fields)
    assert set(found.lanes) == {"bulk"}
    assert found.sources == Pauses(lanes={}, sources={}).sources
