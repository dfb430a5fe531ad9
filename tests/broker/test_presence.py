"""Workers say in the broker that they are at work; who falls silent vanishes by itself."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from click.testing import CliRunner

from worker.broker.connection import BrokerConnection
from worker.broker.presence import (
    FORGOTTEN_S,
    SILENT_S,
    WorkerState,
    announce,
    present_workers,
)
from worker.celery import make_app
from worker.cli import group
from worker.config.worker_rules import load_worker_rules
from worker.runtime.worker_state import resident_bytes

NODES, TIMES = "articles.workers", "articles.workers.times"
STATE = WorkerState(
    node="celery@web1",
    processes=4,
    busy=3,
    version="0.3.0",
    digest="1b2c",
    refused=False,
    memory_bytes=600_000_000,
    started=datetime(2026, 11, 22, 12, tzinfo=UTC),
)


@contextmanager
def channel(url: str) -> Iterator[Any]:
    connection = BrokerConnection(make_app(url, load_worker_rules()))
    with connection.channel() as channel:
        yield channel
    connection.close()


def silent(valkey: redis.Redis, node: str, seconds: float) -> None:
    """Let the last word of a worker be that long ago."""
    valkey.zincrby(TIMES, -seconds, node)


def test_workers_of_all_hosts_are_listed_with_what_they_said_last(
    valkey: redis.Redis, valkey_url: str
) -> None:
    second = replace(STATE, node="celery@web0", refused=True)
    with channel(valkey_url) as broker:
        assert present_workers(broker, "articles") == []
        assert announce(broker, "articles", replace(STATE, busy=0)) == 1
        assert announce(broker, "articles", second) == 2
        assert announce(broker, "articles", STATE) == 2
        found = present_workers(broker, "articles")
        assert [worker.state for worker in found] == [second, STATE]
        assert all(worker.age_s < SILENT_S for worker in found)
        assert present_workers(broker, "other") == []


@pytest.mark.parametrize(("seconds", "listed"), [(25, True), (36, False), (1000, False)])
def test_a_worker_that_is_silent_is_no_longer_listed(
    valkey: redis.Redis, valkey_url: str, seconds: float, listed: bool
) -> None:
    with channel(valkey_url) as broker:
        announce(broker, "articles", STATE)
        silent(valkey, STATE.node, seconds)
        assert bool(present_workers(broker, "articles")) is listed


def test_a_worker_whose_last_word_is_late_may_have_ended(
    valkey: redis.Redis, valkey_url: str
) -> None:
    with channel(valkey_url) as broker:
        announce(broker, "articles", STATE)
        [on_time] = present_workers(broker, "articles")
        assert on_time.last_word == "0 s ago"
        silent(valkey, STATE.node, 20)
        [late] = present_workers(broker, "articles")
        assert re.fullmatch(r"2\d s ago, may have ended", late.last_word)


def test_silent_workers_are_forgotten_when_another_one_speaks(
    valkey: redis.Redis, valkey_url: str
) -> None:
    with channel(valkey_url) as broker:
        for number in range(50):
            announce(broker, "articles", replace(STATE, node=f"celery@pod-{number}"))
            silent(valkey, f"celery@pod-{number}", FORGOTTEN_S - number / 10)
        announce(broker, "articles", STATE)
        left = valkey.hkeys(NODES)
        assert sorted(left) == sorted(valkey.zrange(TIMES, 0, -1))
        assert b"celery@web1" in left
        assert b"celery@pod-0" not in left


def test_when_all_workers_are_silent_nothing_stays(valkey: redis.Redis, valkey_url: str) -> None:
    with channel(valkey_url) as broker:
        announce(broker, "articles", STATE)
    assert 0 < valkey.ttl(NODES) <= FORGOTTEN_S
    assert 0 < valkey.ttl(TIMES) <= FORGOTTEN_S


@pytest.mark.parametrize(
    "text", ["", "no JSON", "[]", "{}", "null", '"text"', '{"node": "n"}', "[" * 100_000, b"\xff"]
)
def test_an_entry_that_is_no_state_is_left_out(
    valkey: redis.Redis, valkey_url: str, text: str | bytes
) -> None:
    with channel(valkey_url) as broker:
        announce(broker, "articles", STATE)
        announce(broker, "articles", replace(STATE, node="celery@other"))
        valkey.hset(NODES, "celery@other", text)
        assert [w.state for w in present_workers(broker, "articles")] == [STATE]


def test_a_worker_of_a_later_version_may_say_more(valkey: redis.Redis, valkey_url: str) -> None:
    with channel(valkey_url) as broker:
        announce(broker, "articles", STATE)
        said = json.loads(valkey.hget(NODES, STATE.node) or "")
        valkey.hset(NODES, STATE.node, json.dumps(said | {"stages": [1, 2]}))
        assert [w.state for w in present_workers(broker, "articles")] == [STATE]


def test_the_command_lists_workers_and_says_when_they_differ(
    valkey: redis.Redis, valkey_url: str
) -> None:
    def run(*options: str) -> str:
        environment = {"WORKER_BROKER_URL": valkey_url}
        done = CliRunner().invoke(group, ["workers", *options], env=environment)
        assert done.exit_code == 0, done.output
        return done.output

    assert "no worker is at work" in run()
    assert json.loads(run("--json")) == []
    with channel(valkey_url) as broker:
        announce(broker, "articles", STATE)
        assert "differ" not in run()
        evil = replace(STATE, node="celery@\x1b[31mweb2", digest="9f9f", refused=True)
        announce(broker, "articles", evil)
    printed = run()
    assert "2 workers at work" in printed
    assert "600 MB" in printed
    assert "9f9f refused" in printed
    assert "the rules of the workers differ" in printed
    assert "\x1b" not in printed
    assert [w["state"]["processes"] for w in json.loads(run("--json"))] == [4, 4]


def test_memory_of_processes_that_have_ended_counts_nothing() -> None:
    assert resident_bytes([2**30]) == 0
    assert resident_bytes([]) == 0
