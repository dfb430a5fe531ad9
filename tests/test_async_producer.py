"""The asyncio producer, against a real broker: same messages, and a loop that never waits."""

import asyncio
import base64
import json
import re
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from devtools.waiting import limit_s
from tests.make import NOW, record
from worker import AsyncProducer, InvalidArticles
from worker.config.rule_files import PACKAGED
from worker.errors import Busy, Reason, Unavailable
from worker.store.sql_store import SqlStore

SLOW_S = 0.8


@pytest.fixture(autouse=True)
def _alone(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("WORKER_VAR_DIR", str(tmp_path))
    yield
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("worker-producer")]


def sent(valkey: redis.Redis) -> list[tuple[list[Any], list[str]]]:
    """What waits on the queue, oldest first: (articles, receipts)."""
    found = []
    for message in reversed(valkey.lrange("articles", 0, -1)):
        args, kwargs, _ = json.loads(base64.b64decode(json.loads(message)["body"]))
        found.append((args[0], kwargs["receipts"]))
    return found


def titles(count: int) -> list[dict[str, Any]]:
    return [{"title": f"t{n}", "receipt": f"poll-1/{n}"} for n in range(count)]


async def arriving(articles: list[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    for article in articles:
        await asyncio.sleep(0)
        yield article


@pytest.mark.parametrize("asynchronous", [False, True])
def test_articles_of_any_iterable_are_packed_and_keep_their_receipts(
    valkey_url: str, valkey: redis.Redis, asynchronous: bool
) -> None:
    async def push() -> list[str]:
        async with AsyncProducer(valkey_url) as producer:
            return await producer.enqueue(
                arriving(titles(250)) if asynchronous else iter(titles(250))
            )

    receipts = asyncio.run(push())
    assert receipts == [f"poll-1/{n}" for n in range(250)]
    assert [len(articles) for articles, _ in sent(valkey)] == [100, 100, 50]
    assert [receipt for _, given in sent(valkey) for receipt in given] == receipts


def test_many_tasks_share_one_producer(valkey_url: str, valkey: redis.Redis) -> None:
    async def push() -> list[list[str]]:
        async with AsyncProducer(valkey_url, source="desk") as producer:
            feeds = ([{"title": f"{feed}"}] * 3 for feed in range(20))
            return await asyncio.gather(*(producer.enqueue(feed) for feed in feeds))

    given = [receipt for receipts in asyncio.run(push()) for receipt in receipts]
    assert len(set(given)) == 60
    assert sorted(given) == sorted(r for _, receipts in sent(valkey) for r in receipts)
    assert {raw["source"]["id"] for articles, _ in sent(valkey) for raw in articles} == {"desk"}


def test_invalid_articles_are_raised_in_the_end_with_their_places_in_the_whole(
    valkey_url: str, valkey: redis.Redis
) -> None:
    mixed = [*titles(100), {"title": ["no"]}, *titles(100), 7]

    async def push() -> None:
        async with AsyncProducer(valkey_url) as producer:
            await producer.enqueue(mixed, invalid="collect")
            assert [bad.position for bad in producer.invalid] == [100, 201]
            await producer.enqueue(mixed)

    with pytest.raises(InvalidArticles, match="article 100: malformed") as caught:
        asyncio.run(push())
    assert [(bad.position, bad.reason) for bad in caught.value.invalid] == [
        (100, Reason.MALFORMED),
        (201, Reason.MALFORMED),
    ]
    assert len(caught.value.receipts) == 200
    assert sum(len(articles) for articles, _ in sent(valkey)) == 400


def test_a_broker_that_takes_the_connection_and_says_nothing_is_a_typed_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.client.producer.ANSWER_S", 0.05)
    monkeypatch.setattr("worker.broker.connection._TIMEOUTS", {"socket_timeout": 0.05})

    async def push(url: str) -> None:
        async with AsyncProducer(url) as producer:
            await producer.enqueue(titles(1))

    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(Unavailable, match="broker is unavailable"),
    ):
        asyncio.run(push(f"redis://127.0.0.1:{silent.getsockname()[1]}/0"))


def test_a_full_broker_stops_it_and_the_error_names_all_that_was_sent(
    valkey_url: str, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rules = (PACKAGED / "worker.toml").read_text("utf-8")
    rules = re.sub(r"slow_messages = \d+", "slow_messages = 1", rules)
    (tmp_path / "worker.toml").write_text(
        re.sub(r"stop_messages = \d+", "stop_messages = 3", rules)
    )
    monkeypatch.setenv("WORKER_CONFIG_DIR", str(tmp_path))

    async def push() -> None:
        async with AsyncProducer(valkey_url) as producer:
            await producer.enqueue(titles(500))

    with pytest.raises(Busy) as caught:
        asyncio.run(push())
    assert caught.value.receipts == [f"poll-1/{n}" for n in range(300)]
    assert [r for _, receipts in sent(valkey) for r in receipts] == caught.value.receipts


def test_the_loop_keeps_ticking_while_the_broker_is_slow(
    valkey_url: str, valkey: redis.Redis
) -> None:
    async def push() -> tuple[int, list[str]]:
        loop = asyncio.get_running_loop()
        async with AsyncProducer(valkey_url) as producer:
            await producer.enqueue(titles(1))
            valkey.client_pause(int(SLOW_S * 1000), all=False)  # who writes has to wait
            began = loop.time()
            sending = asyncio.create_task(producer.enqueue(titles(2)))
            ticks = 0
            while not sending.done():
                await asyncio.sleep(0.005)
                ticks += 1
            assert loop.time() - began > SLOW_S * 0.8
            return ticks, await sending

    ticks, receipts = asyncio.run(push())
    assert (len(receipts), ticks > 10) == (2, True)  # had the loop stood still: 1


def test_articles_that_are_there_do_not_wait_for_an_iterable_that_pauses(
    valkey_url: str, valkey: redis.Redis
) -> None:
    async def push() -> None:
        resume = asyncio.Event()

        async def slowly() -> AsyncIterator[dict[str, Any]]:
            yield {"title": "first"}
            await resume.wait()
            yield {"title": "second"}

        async with AsyncProducer(valkey_url, linger_s=0.01) as producer:
            pushing = asyncio.create_task(producer.enqueue(slowly()))
            async with asyncio.timeout(limit_s()):
                while not valkey.llen("articles"):
                    await asyncio.sleep(0.01)
                resume.set()
                await pushing

    asyncio.run(push())
    assert [articles for articles, _ in sent(valkey)] == [
        [{"title": "first"}],
        [{"title": "second"}],
    ]


def test_a_cancelled_call_sends_whole_messages_only_and_can_be_run_again(
    valkey_url: str, valkey: redis.Redis
) -> None:
    large = [article | {"summary": "x" * 60_000} for article in titles(200)]  # 17 a message

    async def push() -> int:
        async with AsyncProducer(valkey_url) as producer:
            await producer.enqueue([{"title": "connected"}])
            valkey.delete("articles")
            valkey.client_pause(int(SLOW_S * 1000), all=False)
            sending = asyncio.create_task(producer.enqueue(large))
            await asyncio.sleep(SLOW_S / 5)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            # Leaving waits for the message that is on its way.
        return len(sent(valkey))

    assert asyncio.run(push()) <= 1
    before = sent(valkey)
    assert all(len(articles) == len(receipts) == 17 for articles, receipts in before)

    async def again() -> list[str]:
        async with AsyncProducer(valkey_url) as producer:
            return await producer.enqueue(large)

    receipts = asyncio.run(again())
    assert receipts == [f"poll-1/{n}" for n in range(200)]
    assert {r for _, given in before for r in given} <= set(receipts)


def test_an_iterable_that_fails_midway_raises_and_leaves_no_task_behind(valkey_url: str) -> None:
    closed = []

    async def broken() -> AsyncIterator[dict[str, Any]]:
        try:
            yield {"title": "a"}
            raise OSError("feed is gone")
        finally:
            closed.append(True)

    async def push() -> None:
        async with AsyncProducer(valkey_url) as producer:
            with pytest.raises(OSError, match="feed is gone"):
                await producer.enqueue(broken())
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(push())
    assert closed == [True]


def test_the_outcome_of_a_receipt_is_awaited(valkey_url: str, sqlite_store_url: str) -> None:
    done = record(receipt="poll-1/0")
    store = SqlStore(sqlite_store_url)
    store.write([done], [], [], now=NOW)
    store.close()

    async def ask() -> tuple[Any, Any]:
        async with AsyncProducer(valkey_url, store=sqlite_store_url) as producer:
            return await producer.outcome("poll-1/0"), await producer.outcome("poll-1/1")

    found, waiting = asyncio.run(ask())
    assert (found.kind, waiting) == ("new", None)
