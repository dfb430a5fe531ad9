"""Back-pressure: producers learn how full the broker is, and never fill it to the brim."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from devtools.servers import private_valkey, unix_url
from devtools.waiting import limit_s
from tests.worker_rules import own_rules
from worker import Producer
from worker.broker.backpressure import Advice, Answer, Load, Pressure, advise, pressure
from worker.errors import Busy, Unavailable

LIMITS = Pressure(
    slow_messages=100, stop_messages=200, slow_memory=0.6, stop_memory=0.8, slow_s=1, stop_s=5
)


@pytest.fixture
def full_at(
    valkey_url: str, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., Producer]]:
    """A producer of one article a message, with these limits."""
    monkeypatch.setenv("WORKER_VAR_DIR", str(tmp_path))
    made: list[Producer] = []

    def make(url: str = valkey_url, **limits: Any) -> Producer:
        monkeypatch.setenv("WORKER_CONFIG_DIR", str(own_rules(tmp_path, **limits)))
        made.append(Producer(url))
        return made[-1]

    yield make
    for producer in made:
        producer.close()


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        (Load(), 0),
        (Load(waiting=60, leased=40), 0),
        (Load(waiting=100, leased=50), 0.5),
        (Load(waiting=199, leased=1), 1),
        (Load(leased=9_999), 1),
        (Load(waiting=900, bulk=900), 0),  # producers that send to the bulk lane are slowed alone
        (Load(used_bytes=10**12), 0),
        (Load(used_bytes=70, limit_bytes=100), 0.5),
        (Load(waiting=120, used_bytes=75, limit_bytes=100), 0.75),
        (Load(waiting=190, used_bytes=65, limit_bytes=100), 0.9),
        (Load(used_bytes=100, limit_bytes=100), 1),
    ],
)
def test_pressure_is_a_number_from_0_to_1_that_agrees_with_the_advice(
    load: Load, expected: float
) -> None:
    found = pressure(load, LIMITS)
    assert found == pytest.approx(expected)
    answer = Answer.STOP if expected == 1 else Answer.SLOW if expected else Answer.ACCEPT
    assert advise(load, LIMITS).answer == answer


@pytest.mark.parametrize(
    ("load", "answer", "retry_after_s"),
    [
        (Load(), Answer.ACCEPT, 0),
        (Load(waiting=60, leased=40), Answer.ACCEPT, 0),
        (Load(waiting=101), Answer.SLOW, 0.01),
        (Load(waiting=100, leased=50), Answer.SLOW, 0.5),
        (Load(waiting=199, leased=1), Answer.STOP, 5),
        (Load(leased=9_999), Answer.STOP, 5),
        (Load(used_bytes=10**12), Answer.ACCEPT, 0),  # no limit is set
        (Load(used_bytes=60, limit_bytes=100), Answer.ACCEPT, 0),
        (Load(used_bytes=70, limit_bytes=100), Answer.SLOW, 0.5),
        (Load(used_bytes=80, limit_bytes=100), Answer.STOP, 5),
        (Load(waiting=110, used_bytes=70, limit_bytes=100), Answer.SLOW, 0.5),
    ],
)
def test_advice_follows_the_worse_of_messages_and_memory(
    load: Load, answer: Answer, retry_after_s: float
) -> None:
    advice = advise(load, LIMITS)
    assert (advice.answer, advice.retry_after_s) == (answer, pytest.approx(retry_after_s))
    assert bool(advice.reason) == (answer is not Answer.ACCEPT)


@pytest.mark.parametrize(
    ("load", "live", "bulk"),
    [
        (Load(waiting=500, bulk=500), Answer.ACCEPT, Answer.STOP),
        (Load(waiting=500, bulk=350), Answer.SLOW, Answer.STOP),
        (Load(waiting=500, bulk=300), Answer.STOP, Answer.STOP),
        (Load(waiting=150, bulk=150, leased=120), Answer.SLOW, Answer.STOP),
        (Load(waiting=90, bulk=20, leased=5), Answer.ACCEPT, Answer.ACCEPT),
        (Load(waiting=120, bulk=40), Answer.ACCEPT, Answer.SLOW),
        (Load(bulk=1, waiting=1, used_bytes=80, limit_bytes=100), Answer.STOP, Answer.STOP),
    ],
)
def test_messages_of_the_bulk_lane_hold_back_those_only_who_push_to_it(
    load: Load, live: Answer, bulk: Answer
) -> None:
    assert advise(load, LIMITS).answer is live
    assert advise(load, LIMITS, bulk=True).answer is bulk


def test_messages_of_all_lanes_and_priorities_count_and_so_do_leased_ones(
    full_at: Callable[..., Producer], valkey: redis.Redis
) -> None:
    producer = full_at(slow_messages=9, stop_messages=10)
    for lane in ("articles", "articles.replay", "articles.quarantine"):
        for priority in ("", "\x06\x163", "\x06\x166", "\x06\x169"):
            valkey.lpush(lane + priority, "message")
    valkey.lpush("articles.dead", "no longer waits")
    valkey.hset("unacked", mapping={"a": "message", "b": "message"})
    advice = producer.advice()
    assert (advice.waiting, advice.leased) == (12, 2)
    assert (advice.answer, advice.reason) == (
        Answer.STOP,
        "10 messages of 10 wait or are worked on",  # without the four of the bulk lane
    )


def test_a_producer_advised_to_slow_down_paces_itself_unless_told_not_to(
    full_at: Callable[..., Producer], valkey: redis.Redis
) -> None:
    valkey.lpush("articles", "1", "2", "3")
    began = time.monotonic()
    producer = full_at(slow_messages=1, stop_messages=5, slow_s=0.4, articles=1)
    producer.enqueue([{"title": "paced"}])
    assert time.monotonic() - began >= 0.2
    valkey.rpop("articles")
    began = time.monotonic()
    producer = full_at(slow_messages=1, stop_messages=5, slow_s=300, articles=1)
    producer.enqueue([{"title": "not paced"}], pace=False)
    assert time.monotonic() - began < 100


def test_a_producer_advised_to_stop_says_what_it_sent_and_when_to_go_on(
    full_at: Callable[..., Producer], valkey: redis.Redis
) -> None:
    producer = full_at(slow_messages=2, stop_messages=3, slow_s=0.01, stop_s=7, articles=1)
    with pytest.raises(Busy, match="3 messages of 3") as caught:
        producer.enqueue({"title": "t", "receipt": f"r{n}"} for n in range(5))
    assert caught.value.receipts == ["r0", "r1", "r2"]
    assert caught.value.retry_after_s == 7
    assert isinstance(caught.value, Unavailable)
    assert valkey.llen("articles") == 3
    assert producer.advice().answer is Answer.STOP


def test_a_producer_may_wait_for_room_instead(
    full_at: Callable[..., Producer], valkey: redis.Redis
) -> None:
    producer = full_at(slow_messages=1, stop_messages=2, slow_s=0.01, stop_s=0.02, articles=1)
    waits: list[Advice] = []

    def on_stop(advice: Advice) -> None:
        waits.append(advice)
        valkey.rpop("articles")

    assert len(producer.enqueue([{"title": "t"}] * 5, on_stop=on_stop)) == 5
    assert [advice.waiting for advice in waits] == [2, 2, 2]


def test_a_producer_in_a_loop_never_reaches_the_brokers_memory_limit(
    full_at: Callable[..., Producer],
) -> None:
    with private_valkey() as url, redis.Redis.from_url(unix_url(url)) as broker:
        broker.config_set("maxmemory", "30mb")
        broker.config_resetstat()
        producer = full_at(url, slow_s=0.001)
        article = {"title": "t", "content": "x" * 10_000}
        with pytest.raises(Busy, match="of the broker's memory is used"):
            producer.enqueue([article] * 10_000)
        memory = producer.advice().memory
        assert memory is not None
        assert 0.8 <= memory < 1
        assert "errorstat_OOM" not in broker.info("errorstats")
        assert broker.lpush("another", "still takes writes")


def test_a_full_broker_takes_neither_message_nor_receipts(
    valkey_url: str, valkey: redis.Redis, full_at: Callable[..., Producer]
) -> None:
    producer = full_at(slow_s=0.001)
    valkey.config_set("maxmemory", "1mb")
    try:
        batch = list(producer._pack([{"title": "t"}], "raise"))
        with pytest.raises(Unavailable, match="used memory"):
            producer._send(batch)
    finally:
        valkey.config_set("maxmemory", "0")
    assert valkey.exists("articles", "articles.journal") == 0


def test_the_command_ends_when_the_broker_has_enough_or_waits_on_request(
    valkey_url: str, valkey: redis.Redis, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_text('{"title": "t"}\n' * 3)
    rules = own_rules(tmp_path, slow_messages=1, stop_messages=2, stop_s=0.05, slow_s=0.01)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WORKER_")}
    environment |= {"WORKER_CONFIG_DIR": str(rules), "WORKER_BROKER_URL": valkey_url}
    command = [sys.executable, "-m", "worker", "enqueue", str(tmp_path / "a.jsonl")]
    valkey.lpush("articles", "1", "2")
    refused = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=limit_s(), check=False
    )
    assert refused.returncode == 3
    assert "2 messages of 2 wait or are worked on" in refused.stderr
    assert "--wait" in refused.stderr
    waiting = subprocess.Popen(
        [*command, "--wait"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert waiting.stderr is not None
    assert "waiting for workers: 2 messages" in waiting.stderr.readline()
    valkey.delete("articles")
    said, _ = waiting.communicate(timeout=limit_s())
    assert (waiting.returncode, said.splitlines()[0]) == (0, "enqueued 3 raw articles")
    assert json.loads(valkey.lindex("articles", 0))["headers"]["task"] == "articles.ingest"
