"""How long the articles of one source wait behind a flood of another source.

    python -m bench.flood [--articles 20000]

First the flood is pushed to a stopped worker, in one call, in calls of 100, or article by article,
and then ten articles of another source. Batches are counted as a worker claims them. Then a worker
starts, and the time is taken from its first batch until the ten articles have their outcomes.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import redis
from kombu import Connection

from devtools.chaos.stack import Stack, until
from devtools.generated_articles import generate
from devtools.servers import private_valkey, unix_url
from worker import broker
from worker.broker import bodies
from worker.client.producer import Producer
from worker.config.worker_rules import load_worker_rules
from worker.store.migrate import migrate

LANES = ("articles", "articles.replay", "articles.quarantine")
CALLS = {"one call": 0, "calls of 100": 100, "one by one": 1}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.flood", description=__doc__)
    parser.add_argument("--articles", type=int, default=20_000)
    options = parser.parse_args()
    print(
        f"{options.articles:,} articles of 3 KB of one source, then ten of another; "
        f"{os.cpu_count()} cores, Python {platform.python_version()}"
    )
    for name, per_call in CALLS.items():
        print(f"{name:14}", *_figures(options.articles, per_call), sep="   ", flush=True)


def _figures(articles: int, per_call: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="aw-", ignore_cleanup_errors=True) as folder:
        store_url = f"sqlite:///{folder}/store.db"
        migrate(store_url)
        with private_valkey() as url, redis.Redis.from_url(unix_url(url)) as client:
            # Without the pauses and limits of a full broker: the whole flood waits at once.
            stack = Stack(Path(folder), url, store_url, slow_messages=10**8, stop_messages=10**9)
            os.environ["WORKER_CONFIG_DIR"] = stack.environment["WORKER_CONFIG_DIR"]
            try:
                with Producer(url) as producer:
                    began = time.monotonic()
                    _push(producer, _of("wire", articles, seed=1), per_call)
                    took_ms = (time.monotonic() - began) * 1000 / articles
                    receipts = producer.enqueue(_of("desk", 10, seed=2))
                yield f"{took_ms:.3f} ms of the producer an article"
                yield f"{client.llen('articles.replay'):,} messages in the bulk lane"
                yield f"{_batches_before(url)} batches before the ten"
                yield f"{_seconds(stack, receipts):.1f} s to their outcomes"
            finally:
                stack.close()


def _of(source: str, count: int, seed: int) -> Iterator[dict[str, Any]]:
    return (raw | {"source": {"id": source}} for raw in generate(count, seed=seed))


def _push(producer: Producer, raws: Iterator[dict[str, Any]], per_call: int) -> None:
    while chunk := list(islice(raws, per_call)) if per_call else list(raws):
        producer.enqueue(chunk)


def _batches_before(url: str) -> int:
    """Claim batches as a worker does, until one holds the ten articles; then give all back."""
    broker.register()
    rules = load_worker_rules().queue
    options = {
        "coalesce_messages": rules.coalesce_messages,
        "coalesce_bytes": rules.coalesce_bytes,
        "visibility_timeout": 600,
    }
    taken: list[Any] = []
    with Connection(url, transport_options=options) as connection:
        channel = connection.default_channel
        for lane in LANES:
            channel.basic_consume(lane, False, taken.append, lane)
        while not taken or "desk" not in _text(taken[-1]):
            try:
                connection.drain_events(timeout=1)
            except TimeoutError:
                continue
        for message in taken:
            message.requeue()
    return len(taken) - 1


def _text(taken: Any) -> str:
    messages, _, _ = taken.payload
    return json.dumps([raw["source"] for m in messages for _, raw in bodies.articles(m)])


def _seconds(stack: Stack, receipts: list[str]) -> float:
    """Seconds from the end of the first batch until the ten articles have their outcomes."""
    stack.start_worker()
    until(lambda: "batch.ingested" in stack.logs(100), "the first batch", 300)
    began = time.monotonic()
    stack.outcomes(receipts)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
