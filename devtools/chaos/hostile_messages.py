"""Scenarios with hostile articles, with unreadable messages, and with a full broker."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

import redis

from devtools.chaos.load import Cost, measure_cost
from devtools.chaos.stack import Stack
from devtools.generated_articles import generate
from devtools.servers import unix_url
from devtools.waiting import until
from worker.store.dead_letter_values import DeadLetterQuery


def poison(stack: Stack, times: int, *, fault: str) -> Cost:
    """Send batches of ten articles, each with one article that breaks its worker by `fault`."""
    stack.start_worker(faults=True)
    stack.start_worker(faults=True)
    bad: list[str] = []
    good: list[str] = []
    neighbours = generate(1_000_000, chars=600, seed=11)

    def inject(number: int) -> None:
        raws = [next(neighbours) for _ in range(9)]
        raws.insert(4, {"id": f"{fault}-{number}", "title": f"FAULT {fault}", "content": fault})
        receipts = stack.enqueue(raws)
        bad.append(receipts.pop(4))
        good.extend(receipts)
        time.sleep(0.5)

    return measure_cost(stack, times, inject, bad=bad, good=good)


def long_tasks(stack: Stack, times: int, *, sleep_s: float) -> Cost:
    """Send batches that run far longer than a lease."""
    stack.start_worker(faults=True)
    stack.start_worker(faults=True)
    good: list[str] = []
    neighbours = generate(1_000_000, chars=600, seed=12)

    def inject(number: int) -> None:
        slow = {"id": f"slow-{number}", "title": f"FAULT nap {sleep_s}", "content": "slow" * 20}
        good.extend(stack.enqueue([next(neighbours), slow]))

    cost = measure_cost(stack, times, inject, good=good)
    return cost.model_copy(update={"reran": stack.logs(100_000).count("nap began") - times})


def full_broker(stack: Stack, times: int) -> Cost:
    """Fill the broker's memory with foreign data for three seconds.

    The memory limit is then set below the used memory, so that acks do not free enough of it.
    """
    stack.start_worker()
    stack.start_worker()
    client = redis.Redis.from_url(unix_url(stack.broker_url))

    def inject(number: int) -> None:
        client.config_set("maxmemory", client.info("memory")["used_memory"] + 4_000_000)
        try:
            for _ in range(1000):
                client.rpush("somebody-else", b"x" * 100_000)
        except redis.OutOfMemoryError:
            client.config_set("maxmemory", client.info("memory")["used_memory"] - 2_000_000)
            with suppress(AssertionError):
                until(lambda: "used memory > 'maxmemory'" in stack.logs(10_000), "refused", 30)
            time.sleep(3)
        finally:
            client.delete("somebody-else")
            client.config_set("maxmemory", 0)
        time.sleep(1)

    return measure_cost(stack, times, inject)


def foreign_messages(stack: Stack, times: int) -> Cost:
    """Send unreadable messages between good ones of all four priorities."""
    stack.start_worker()
    stack.start_worker()
    client = redis.Redis.from_url(unix_url(stack.broker_url))
    good: list[str] = []
    raws = generate(1_000_000, chars=600, seed=13)
    sent = count()

    def inject(number: int) -> None:
        for garbage in _garbage(sent):
            client.lpush("articles", garbage)
            raw = next(raws) | {"receipt": f"foreign-{uuid4()}"}
            client.lpush(f"articles{_PRIORITIES[next(_turn)]}", message([[raw], {}, {}]))
            good.append(raw["receipt"])
        time.sleep(0.5)

    cost = measure_cost(stack, times, inject, good=good)
    expected = next(sent)
    with suppress(AssertionError):
        until(lambda: _letters(stack) >= expected, "all unreadable messages are dead letters", 15)
    kept = min(_letters(stack), expected) + sum(
        client.llen(name) for name in client.scan_iter("*.dead")
    )
    return cost.model_copy(
        update={
            "published": cost.published + expected,
            "dead": kept,
            "lost": cost.lost + expected - kept,
        }
    )


def _letters(stack: Stack) -> int:
    return len(stack.store.letter_ids(DeadLetterQuery(limit=100_000)))


_PRIORITIES = ("", "\x06\x163", "\x06\x166", "\x06\x169")
_turn = (number % 4 for number in count())


def _garbage(sent: Iterator[int]) -> Iterator[bytes | str]:
    """One message of each kind. All differ, so that each becomes a dead letter of its own."""
    makers: list[Callable[[int], bytes | str]] = [
        lambda n: f"{{broken {n}",
        lambda n: f"[{n}]",
        lambda n: b"\xff\xfe%d" % n,
        lambda n: f'{{"headers": {{}}, "n": {n}}}',
        lambda n: message([[f"no article {n}"], {}, {}]),
        lambda n: message([[{"title": ["no text", n]}], {}, {}]),
        lambda n: message([[], {}, {"unknown": n}]),
        lambda n: message([], task=f"unknown.task{n}"),
        lambda n: message(f"no arguments {n}"),
        partial(_spoilt, body="{broken"),
        partial(_spoilt, body="[" * 100_000),
        partial(_spoilt, body="%%%", properties={"body_encoding": "base64"}),
        partial(_spoilt, body="gAR9lC4=", content_type="application/x-python-serialize"),
        partial(_spoilt, body="{broken", headers={"redelivered": True}),
        partial(_spoilt, body="[" * 100_000, headers={"redelivered": True}),
        partial(
            _spoilt,
            body="gAR9lC4=",
            content_type="application/x-python-serialize",
            headers={"redelivered": True},
        ),
    ]
    for make in makers:
        yield make(next(sent))


def _spoilt(number: int, *, body: str, **more: Any) -> str:
    return _raw(number, body=f"{body}{number}", **more)


def message(body: object, task: str = "articles.ingest") -> str:
    """A message of Celery's task protocol 2, as JSON."""
    return _raw(str(uuid4()), body=json.dumps(body), headers={"task": task})


def _raw(
    number: object,
    *,
    body: str,
    content_type: str = "application/json",
    headers: dict[str, object] | None = None,
    properties: dict[str, object] | None = None,
) -> str:
    return json.dumps(
        {
            "body": body,
            "content-type": content_type,
            "content-encoding": "utf-8",
            "headers": {"task": "articles.ingest", "id": f"foreign-{number}", **(headers or {})},
            "properties": {
                "delivery_info": {"exchange": "", "routing_key": "articles"},
                "delivery_tag": str(uuid4()),
                "correlation_id": str(number),
                "priority": 0,
                **(properties or {}),
            },
        }
    )
