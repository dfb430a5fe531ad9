"""A flood of one source waits in the bulk lane, and the articles of other sources pass it."""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests import commands
from tests.support.transport import body, peer
from tests.worker_rules import own_rules
from worker import AsyncProducer, Producer
from worker.broker.claim_order import ClaimOrder
from worker.errors import Busy

LANES = ("articles", "articles.replay", "articles.quarantine")


def of(source: str, count: int, first: int = 0) -> list[dict[str, Any]]:
    numbers = range(first, first + count)
    return [{"id": f"{source}-{n}", "title": "t", "source": {"id": source}} for n in numbers]


def waiting(valkey: redis.Redis, lane: str) -> list[str]:
    """The ids of the articles that wait in a lane, in the order of arrival."""
    found: list[str] = []
    for message in reversed(valkey.lrange(lane, 0, -1)):
        args, _, _ = json.loads(base64.b64decode(json.loads(message)["body"]))
        found += [raw["id"] for raw in args[0]]
    return found


def ids(raws: list[dict[str, Any]]) -> list[str]:
    return [raw["id"] for raw in raws]


@pytest.fixture
def producer(
    valkey_url: str, valkey: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Producer]:
    """Fifty articles of one source may be pushed; messages have ten."""
    rules = own_rules(tmp_path, source_articles=50, articles=10)
    monkeypatch.setenv("WORKER_CONFIG_DIR", str(rules))
    with Producer(valkey_url) as producer:
        yield producer


def in_one_call(producer: Producer, raws: list[dict[str, Any]]) -> None:
    producer.enqueue(iter(raws))


def one_by_one(producer: Producer, raws: list[dict[str, Any]]) -> None:
    for raw in raws:
        producer.enqueue([raw])


def in_calls_of_ten(producer: Producer, raws: list[dict[str, Any]]) -> None:
    for start in range(0, len(raws), 10):
        producer.enqueue(raws[start : start + 10])


def by_a_producer_each(producer: Producer, raws: list[dict[str, Any]]) -> None:
    for start in range(0, len(raws), 30):
        with Producer(producer._broker) as another:
            another.enqueue(raws[start : start + 30])


def by_an_async_producer(producer: Producer, raws: list[dict[str, Any]]) -> None:
    async def push() -> None:
        async with AsyncProducer(producer._broker) as another:
            await another.enqueue(raws)

    asyncio.run(push())


Push = Callable[[Producer, list[dict[str, Any]]], None]
PUSHES = pytest.mark.parametrize(
    "push", [in_one_call, one_by_one, in_calls_of_ten, by_a_producer_each, by_an_async_producer]
)


@PUSHES
def test_fifty_articles_of_a_source_are_live_and_with_one_more_all_wait_in_the_bulk_lane(
    producer: Producer, valkey: redis.Redis, push: Push
) -> None:
    raws = of("wire", 61)
    push(producer, raws[:50])
    assert waiting(valkey, "articles") == ids(raws[:50])
    assert waiting(valkey, "articles.replay") == []
    push(producer, raws[50:])
    assert waiting(valkey, "articles") == []
    assert waiting(valkey, "articles.replay") == ids(raws)


@PUSHES
def test_articles_of_another_source_wait_at_most_three_batches_for_a_flood(
    producer: Producer, valkey_url: str, valkey: redis.Redis, push: Push
) -> None:
    push(producer, of("wire", 400))
    push(producer, of("desk", 10))
    batches = 0
    desk: set[str] = set()
    with peer(valkey_url, *LANES, coalesce_messages=50) as worker:
        while len(desk) < 10:
            [taken] = worker.take()
            desk |= {raw["id"] for raw in body(taken) if raw["id"].startswith("desk")}
            batches += 1
    assert batches <= 3


def test_a_flood_in_a_message_with_other_sources_leaves_them_live(
    producer: Producer, valkey: redis.Redis
) -> None:
    flood, others = of("wire", 80), of("desk", 20)
    raws = [raw for n in range(20) for raw in (*flood[4 * n : 4 * n + 4], others[n])]
    receipts = producer.enqueue(raws)
    assert len(set(receipts)) == 100
    live, bulk = waiting(valkey, "articles"), waiting(valkey, "articles.replay")
    assert [id_ for id_ in live if id_.startswith("desk")] == ids(others)
    assert sorted(live + bulk) == sorted(ids(raws))
    assert set(bulk) <= set(ids(flood))
    assert len(bulk) >= 30
    sent = {r for m in valkey.lrange("articles.replay", 0, -1) for r in _receipts(m)}
    assert sent == {r for r, raw in zip(receipts, raws, strict=True) if raw["id"] in bulk}


def _receipts(message: bytes) -> list[str]:
    _, kwargs, _ = json.loads(base64.b64decode(json.loads(message)["body"]))
    return list(kwargs["receipts"])


def test_what_is_no_message_or_of_other_sources_stays_where_it_waits(
    producer: Producer, valkey: redis.Redis
) -> None:
    valkey.lpush("articles", "no message", b"\xff")
    producer.enqueue(of("desk", 10))
    producer.enqueue(of("wire", 60))
    assert valkey.lrange("articles", -2, -1) == [b"\xff", b"no message"]
    assert valkey.llen("articles") == 3
    assert len(waiting(valkey, "articles.replay")) == 60


def test_a_broker_that_counts_nothing_still_gets_the_articles(
    producer: Producer, valkey: redis.Redis
) -> None:
    now = valkey.time()[0]
    for number in (now // 60 - 1, now // 60, now // 60 + 1):
        valkey.set(f"flood:articles:{number}", "not a hash")
    producer.enqueue(of("wire", 60))
    assert len(waiting(valkey, "articles")) == 60


def test_counts_of_sources_expire(producer: Producer, valkey: redis.Redis) -> None:
    producer.enqueue(of("wire", 60))
    [key] = valkey.keys("flood:articles:*")
    assert 0 < valkey.ttl(key) <= 120


def test_an_idle_worker_waits_on_the_live_lane_even_when_the_bulk_lane_is_due() -> None:
    order, lists = ClaimOrder(), [(lane, lane) for lane in reversed(LANES)]
    for _ in range(5):
        order.note("articles")
    arranged = order.arrange(lists)
    assert arranged[0][0] == "articles.replay"
    assert order.list_to_wait_on(arranged) == "articles"
    assert order.list_to_wait_on([("articles.replay", "key")]) == "key"


def test_of_four_claims_the_bulk_lane_gets_one_while_other_messages_wait_and_all_when_none_do() -> (
    None
):
    order = ClaimOrder()
    lists = [("articles", "a"), ("articles.replay", "r"), ("articles.quarantine", "q")]
    claimed = []
    for _ in range(8):
        queue, _ = order.arrange(lists)[0]
        order.note(queue)
        claimed.append(queue)
    assert claimed == [*["articles"] * 3, "articles.replay"] * 2
    for _ in range(3):
        order.note("articles.replay")
        assert [queue for queue, _ in order.arrange(lists)] == [
            *("articles", "articles.quarantine"),
            "articles.replay",
        ]


def test_a_worker_of_bulk_and_live_takes_three_of_four_messages_from_the_live_lane(
    valkey_url: str, valkey: redis.Redis, producer: Producer
) -> None:
    one_by_one(producer, of("desk", 9))
    producer.replay(producer._pack(of("wire", 30), "raise"))
    with peer(valkey_url, *LANES) as worker:
        taken = [body(worker.take()[0])[0]["source"]["id"] for _ in range(12)]
    assert taken == [*["desk"] * 3, "wire"] * 3


def test_articles_that_a_full_broker_does_not_take_do_not_count(
    valkey_url: str, valkey: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = own_rules(tmp_path, source_articles=50, slow_messages=1, stop_messages=2)
    monkeypatch.setenv("WORKER_CONFIG_DIR", str(rules))
    valkey.lpush("articles.quarantine", "1", "2")
    with Producer(valkey_url) as producer:
        for _ in range(3):
            with pytest.raises(Busy):
                producer.enqueue(of("wire", 40))
        valkey.delete("articles.quarantine")
        producer.enqueue(of("wire", 50))
    assert len(waiting(valkey, "articles")) == 50


@pytest.fixture
def full_bulk(
    valkey_url: str, valkey: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Producer]:
    """A producer to a broker whose bulk lane is full, with ten articles a message."""
    rules = own_rules(
        tmp_path, source_articles=50, articles=10, slow_messages=20, stop_messages=21, stop_s=0.01
    )
    monkeypatch.setenv("WORKER_CONFIG_DIR", str(rules))
    with Producer(valkey_url) as producer:
        producer.enqueue(of("wire", 60))
        valkey.delete("articles.replay")
        valkey.lpush("articles.replay", *range(30))
        yield producer


def test_a_full_bulk_lane_holds_back_the_flood_and_nobody_else(
    full_bulk: Producer, valkey: redis.Redis
) -> None:
    full_bulk.enqueue(of("desk", 40))
    assert waiting(valkey, "articles") == ids(of("desk", 40))
    for _ in range(3):
        with pytest.raises(Busy, match="the bulk lane included") as caught:
            full_bulk.enqueue(of("wire", 5, first=60))
        assert caught.value.receipts == []
    assert valkey.llen("articles.replay") == 30


def test_of_a_batch_the_articles_of_other_sources_are_sent_though_the_bulk_lane_is_full(
    full_bulk: Producer, valkey: redis.Redis
) -> None:
    raws = [*of("desk", 3), *of("wire", 2, first=60), *of("desk", 3, first=3)]
    raws = [{**raw, "receipt": f"r-{raw['id']}"} for raw in raws]
    with pytest.raises(Busy) as caught:
        full_bulk.enqueue(raws)
    # What a caller sends again after these receipts misses no article.
    assert caught.value.receipts == ["r-desk-0", "r-desk-1", "r-desk-2"]
    assert waiting(valkey, "articles") == ids(of("desk", 6))
    assert full_bulk.enqueue(raws, on_stop=lambda _: valkey.delete("articles.replay") and None)
    assert waiting(valkey, "articles.replay") == ids(of("wire", 2, first=60))


def test_reprocessing_waits_for_room_in_the_bulk_lane(
    full_bulk: Producer, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        valkey.delete("articles.replay")

    monkeypatch.setattr("worker.client.producer.time.sleep", pause)
    full_bulk.redo("retag", ["a"])
    assert pauses == [0.01, 0.0]
    assert valkey.llen("articles.replay") == 1


def test_the_command_sends_a_flood_to_the_bulk_lane(
    valkey_url: str, valkey: redis.Redis, sqlite_store_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "flood.jsonl"
    file.write_text("\n".join(json.dumps(raw) for raw in of("wire", 501)))
    worker = commands.on(sqlite_store_url, valkey_url)
    assert "enqueued 501 raw articles" in worker("enqueue", str(file)).output
    assert valkey.llen("articles") == 0
    assert len(waiting(valkey, "articles.replay")) == 501
