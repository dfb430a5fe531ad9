"""Enqueue copies of the same articles at once in processes that die; check for one canonical each.

    python -m bench.race [--stories 1500] [--processes 8] [--crash 0.02]

Real pipelines on a real store and a real index take batches off a list. Copies of a story lie
side by side in different batches, some batches are delivered twice. With --crash a process kills
itself (SIGKILL) with that probability before each round trip to the index and before and after
the write, and once a second a random one is killed from outside; what it held is
delivered again. Exit code 1 unless every story has exactly one canonical article.
"""

import argparse
import json
import multiprocessing
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from typing import Any

import psycopg  # noqa: F401  its import takes longer than a batch
import redis

from bench.stories import stories
from devtools.servers import private_postgres, private_valkey, unix_url
from worker.bootstrap import warm
from worker.config.loader import Config, load_config
from worker.errors import Unavailable
from worker.index.memory_index import MemoryIndex
from worker.index.redis_index import RedisIndex
from worker.model.records import Outcome
from worker.pipeline.ingestion import Delivery, Pipeline
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore

WAITING, HELD = "race:waiting", "race:held:{}"
BATCH = 3  # articles: small, so that many batches meet
TWICE = 0.1  # of the batches are delivered twice
KILL_EVERY_S = 1.0
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

Deliveries = list[tuple[str, Any]]  # receipt, raw article


@dataclass(frozen=True)
class Race:
    store_url: str
    index_url: str
    processes: int
    crash: float


@dataclass(frozen=True)
class Result:
    """What became of the stories."""

    stories: int
    articles: int
    one_canonical: int
    several: int
    none: int
    mixed: int  # stories that share a cluster with another
    lost: int  # receipts without outcome
    killed: int  # processes
    wall_s: float
    cpu_s: float

    @property
    def right(self) -> bool:
        return self.one_canonical == self.stories and not (self.mixed or self.lost)


def race(its: Race, told: Sequence[Sequence[Any]]) -> Result:
    """Run it. Forks, so call it from a process without threads."""
    config = load_config()
    _warm(config)
    client = redis.Redis.from_url(unix_url(its.index_url))
    deliveries = [
        [(f"{number}-{copy}", raw) for copy, raw in enumerate(copies)]
        for number, copies in enumerate(told)
    ]
    client.rpush(WAITING, *map(json.dumps, dealt(deliveries)))
    client.close()
    began, before_s = time.monotonic(), _children_s()
    killed = _supervise(its, config)
    took = (time.monotonic() - began, _children_s() - before_s)
    return _judged(its, deliveries, killed, took)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _warm(config: Config) -> None:
    """Whatever a worker loads on first use is loaded now: one that starts again starts at once."""
    warm()
    with tempfile.TemporaryDirectory() as folder:
        migrate(f"sqlite:///{folder}/warm.db")
        store = SqlStore(f"sqlite:///{folder}/warm.db")
        raw = stories(1, seed=1)[0][0]
        given = [Delivery(receipt="warm", raw=raw)]
        Pipeline(config, store, MemoryIndex(config.dedup)).ingest(given, now=NOW)
        store.close()


def dealt(told: Sequence[Deliveries]) -> list[Deliveries]:
    """Batches; the copies of a story lie in batches that follow each other."""
    rng = random.Random(5)
    batches = []
    for start in range(0, len(told), BATCH):
        some = [list(copies) for copies in told[start : start + BATCH]]
        for copies in some:
            rng.shuffle(copies)
        while any(some):
            batch = [copies.pop() for copies in some if copies]
            batches += [batch, batch] if rng.random() < TWICE else [batch]
    return batches


def _supervise(its: Race, config: Config) -> int:
    """Keep the processes running until nothing waits; returns how many were killed."""
    fork, rng = multiprocessing.get_context("fork"), random.Random(7)
    client = redis.Redis.from_url(unix_url(its.index_url))
    running: dict[int, BaseProcess] = {}
    seeds, killed, next_kill = iter(range(10**9)), 0, time.monotonic() + KILL_EVERY_S

    def start(slot: int) -> None:
        running[slot] = fork.Process(target=_work, args=(its, config, slot, next(seeds)))
        running[slot].start()

    for slot in range(its.processes):
        start(slot)
    while running:
        for slot, process in list(running.items()):
            process.join(0.005)
            if process.exitcode is None:
                continue
            del running[slot]
            killed += process.exitcode == -signal.SIGKILL
            if process.exitcode not in (0, -signal.SIGKILL):
                raise RuntimeError(f"a worker ended with {process.exitcode}")
            while client.lmove(HELD.format(slot), WAITING, "RIGHT", "LEFT"):
                pass
            if client.llen(WAITING):
                start(slot)
        if its.crash and running and time.monotonic() > next_kill:
            next_kill = time.monotonic() + KILL_EVERY_S
            rng.choice([*running.values()]).kill()
    client.close()
    return killed


def _work(its: Race, config: Config, slot: int, seed: int) -> None:
    rng = random.Random(seed)

    def perhaps_die() -> None:
        if rng.random() < its.crash:
            os.kill(os.getpid(), signal.SIGKILL)

    client = redis.Redis.from_url(unix_url(its.index_url))
    index, store = RedisIndex(its.index_url, config.dedup), SqlStore(its.store_url)
    _dying(index.client, "execute", perhaps_die)
    _dying(store, "write", perhaps_die)
    pipeline = Pipeline(config, store, index)
    while batch := client.lmove(WAITING, HELD.format(slot), "LEFT", "RIGHT"):
        given = [Delivery(receipt=receipt, raw=raw) for receipt, raw in json.loads(batch)]
        with suppress(Unavailable):  # put back and tried again, as a worker does
            pipeline.ingest(given, now=NOW)
            client.lrem(HELD.format(slot), 1, batch)
            continue
        client.rpush(WAITING, batch)
        client.lrem(HELD.format(slot), 1, batch)


def _dying(its: Any, call: str, perhaps_die: Callable[[], None]) -> None:
    """Before and after this call the process may end."""
    real = getattr(its, call)

    def called(*arguments: Any, **named: Any) -> Any:
        perhaps_die()
        answer = real(*arguments, **named)
        perhaps_die()
        return answer

    setattr(its, call, called)


def _judged(
    its: Race, told: Sequence[Deliveries], killed: int, took: tuple[float, float]
) -> Result:
    store = SqlStore(its.store_url)
    receipts = [receipt for copies in told for receipt, _ in copies]
    listing: list[tuple[Outcome, Any]] = store.listing(receipts)
    store.close()
    cluster = {outcome.receipt: (outcome.article_id, found) for outcome, found in listing}
    one = several = none = 0
    homes: list[set[str]] = []
    for copies in told:
        members = [cluster[receipt] for receipt, _ in copies if receipt in cluster]
        homes.append({found.cluster_id for _, found in members if found})
        canonical = {mine for mine, found in members if found and found.cluster_id == mine}
        one += len(canonical) == len(homes[-1]) == 1
        several += len(homes[-1]) > 1
        none += not canonical
    shared = sum(map(len, homes)) - len(set().union(*homes))
    return Result(
        stories=len(told),
        articles=len(receipts),
        one_canonical=one,
        several=several,
        none=none,
        mixed=shared,
        lost=len(receipts) - len(cluster),
        killed=killed,
        wall_s=round(took[0], 1),
        cpu_s=round(took[1], 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stories", type=int, default=1500)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--crash", type=float, action="append")
    parser.add_argument(
        "--store", help="unset: SQLite and PostgreSQL of its own, one after another"
    )
    parser.add_argument("--index", help="unset: a Valkey of its own")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = []
    for crash in options.crash or [0.0, 0.02]:
        for kind in [options.store] if options.store else ["sqlite", "postgresql"]:
            result = _run(options, kind, crash)
            results.append(result)
            name = kind.partition(":")[0]
            line = asdict(result) if options.json else f"{name} crash={crash:g} {result}"
            print(json.dumps(line) if options.json else line, flush=True)
    sys.exit(0 if all(result.right for result in results) else 1)


def _run(options: argparse.Namespace, kind: str, crash: float) -> Result:
    with ExitStack() as stack:
        index_url = options.index or stack.enter_context(private_valkey())
        store_url = kind
        if kind == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="race-"))
            store_url = f"sqlite:///{folder}/race.db"
        elif kind == "postgresql":
            store_url = stack.enter_context(private_postgres())
        with suppress(KeyboardInterrupt):
            migrate(store_url)
            its = Race(store_url, index_url, options.processes, crash)
            return race(its, stories(options.stories))
        sys.exit(130)


if __name__ == "__main__":
    main()
