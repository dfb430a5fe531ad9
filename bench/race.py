"""Ingest copies of the same story in concurrent processes that die; expect one canonical per story.

    python -m bench.race [--stories 1500] [--processes 8] [--crash 0.02]

Pipelines on a real store and a real index take batches from a list. The copies of a story are in
neighbouring batches, and one batch in ten is delivered twice. With --crash a process kills itself
(SIGKILL) with that probability before and after each round trip to the index and each write, and
once a second a random process is killed from outside; its batch is then delivered again. The exit
code is 1 unless every story has exactly one canonical article.
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

import psycopg  # noqa: F401  imported before the fork: the import takes longer than a batch
import redis

from bench.stories import stories
from devtools.servers import private_postgres, private_valkey, unix_url
from worker.bootstrap import warm
from worker.config.loader import Config, load_config
from worker.errors import Unavailable
from worker.index.memory_index import MemoryIndex
from worker.index.redis_index import RedisIndex
from worker.model.records import Outcome
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore

WAITING, IN_WORK = "race:waiting", "race:held:{}"
BATCH = 3  # articles: small, so that many batches have copies of the same stories
TWICE = 0.1  # share of the batches that are delivered twice
KILL_INTERVAL_S = 1.0
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

Deliveries = list[tuple[str, Any]]  # receipt, raw article


@dataclass(frozen=True)
class Race:
    """The servers and settings of one run."""

    store_url: str
    index_url: str
    processes: int
    crash: float  # probability that a process kills itself at a call


@dataclass(frozen=True)
class Result:
    """How many stories ended with one canonical article, and the cost of the run."""

    stories: int
    articles: int
    one_canonical: int
    several: int  # stories whose copies are in several clusters
    none: int  # stories without a canonical article
    mixed: int  # stories that share a cluster with another
    lost: int  # receipts without outcome
    killed: int  # processes
    wall_s: float
    cpu_s: float

    @property
    def passed(self) -> bool:
        return self.one_canonical == self.stories and not (self.mixed or self.lost)


def race(settings: Race, stories_: Sequence[Sequence[Any]]) -> Result:
    """Ingest the copies of these stories. Forks, so the calling process must have no threads."""
    config = load_config()
    _warm(config)
    client = redis.Redis.from_url(unix_url(settings.index_url))
    deliveries = [
        [(f"{number}-{copy}", raw) for copy, raw in enumerate(copies)]
        for number, copies in enumerate(stories_)
    ]
    client.rpush(WAITING, *map(json.dumps, to_batches(deliveries)))
    client.close()
    began, before_s = time.monotonic(), _children_s()
    killed = _supervise(settings, config)
    took = (time.monotonic() - began, _children_s() - before_s)
    return _result(settings, deliveries, killed, took)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _warm(config: Config) -> None:
    """Load whatever a worker loads on first use, so that a replaced process starts at once."""
    warm()
    with tempfile.TemporaryDirectory() as folder:
        migrate(f"sqlite:///{folder}/warm.db")
        store = SqlStore(f"sqlite:///{folder}/warm.db")
        raw = stories(1, seed=1)[0][0]
        deliveries = [Delivery(receipt="warm", raw=raw)]
        Pipeline(config, store, MemoryIndex(config.dedup)).ingest(deliveries, now=NOW)
        store.close()


def to_batches(stories_: Sequence[Deliveries]) -> list[Deliveries]:
    """Distribute the articles over batches; the copies of a story are in consecutive batches."""
    rng = random.Random(5)
    batches = []
    for start in range(0, len(stories_), BATCH):
        unsent = [list(copies) for copies in stories_[start : start + BATCH]]
        for copies in unsent:
            rng.shuffle(copies)
        while any(unsent):
            batch = [copies.pop() for copies in unsent if copies]
            batches += [batch, batch] if rng.random() < TWICE else [batch]
    return batches


def _supervise(settings: Race, config: Config) -> int:
    """Restart killed processes until the list is empty; return the number of processes killed."""
    fork, rng = multiprocessing.get_context("fork"), random.Random(7)
    client = redis.Redis.from_url(unix_url(settings.index_url))
    running: dict[int, BaseProcess] = {}
    seeds, killed, next_kill = iter(range(10**9)), 0, time.monotonic() + KILL_INTERVAL_S

    def start(slot: int) -> None:
        running[slot] = fork.Process(target=_work, args=(settings, config, slot, next(seeds)))
        running[slot].start()

    for slot in range(settings.processes):
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
            while client.lmove(IN_WORK.format(slot), WAITING, "RIGHT", "LEFT"):
                pass
            if client.llen(WAITING):
                start(slot)
        if settings.crash and running and time.monotonic() > next_kill:
            next_kill = time.monotonic() + KILL_INTERVAL_S
            rng.choice([*running.values()]).kill()
    client.close()
    return killed


def _work(settings: Race, config: Config, slot: int, seed: int) -> None:
    rng = random.Random(seed)

    def perhaps_die() -> None:
        if rng.random() < settings.crash:
            os.kill(os.getpid(), signal.SIGKILL)

    client = redis.Redis.from_url(unix_url(settings.index_url))
    index, store = RedisIndex(settings.index_url, config.dedup), SqlStore(settings.store_url)
    _die_around(index.client, "execute", perhaps_die)
    _die_around(store, "write", perhaps_die)
    pipeline = Pipeline(config, store, index)
    while batch := client.lmove(WAITING, IN_WORK.format(slot), "LEFT", "RIGHT"):
        deliveries = [Delivery(receipt=receipt, raw=raw) for receipt, raw in json.loads(batch)]
        with suppress(Unavailable):  # requeue the batch, as a worker does
            pipeline.ingest(deliveries, now=NOW)
            client.lrem(IN_WORK.format(slot), 1, batch)
            continue
        client.rpush(WAITING, batch)
        client.lrem(IN_WORK.format(slot), 1, batch)


def _die_around(target: Any, method: str, perhaps_die: Callable[[], None]) -> None:
    """Replace a method of `target` by one that calls `perhaps_die` before and after it."""
    real = getattr(target, method)

    def wrapper(*arguments: Any, **named: Any) -> Any:
        perhaps_die()
        answer = real(*arguments, **named)
        perhaps_die()
        return answer

    setattr(target, method, wrapper)


def _result(
    settings: Race, stories_: Sequence[Deliveries], killed: int, took: tuple[float, float]
) -> Result:
    store = SqlStore(settings.store_url)
    receipts = [receipt for copies in stories_ for receipt, _ in copies]
    listing: list[tuple[Outcome, Any]] = store.listing(receipts)
    store.close()
    articles = {outcome.receipt: (outcome.article_id, article) for outcome, article in listing}
    one_canonical = several = none = 0
    cluster_ids: list[set[str]] = []
    for copies in stories_:
        members = [articles[receipt] for receipt, _ in copies if receipt in articles]
        cluster_ids.append({article.cluster_id for _, article in members if article})
        canonical = {
            article_id
            for article_id, article in members
            if article and article.cluster_id == article_id
        }
        one_canonical += len(canonical) == len(cluster_ids[-1]) == 1
        several += len(cluster_ids[-1]) > 1
        none += not canonical
    shared = sum(map(len, cluster_ids)) - len(set().union(*cluster_ids))
    return Result(
        stories=len(stories_),
        articles=len(receipts),
        one_canonical=one_canonical,
        several=several,
        none=none,
        mixed=shared,
        lost=len(receipts) - len(articles),
        killed=killed,
        wall_s=round(took[0], 1),
        cpu_s=round(took[1], 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stories", type=int, default=1500)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--crash", type=float, action="append")
    parser.add_argument("--store", help="default: a private SQLite, then a private PostgreSQL")
    parser.add_argument("--index", help="default: a private Valkey")
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
    sys.exit(0 if all(result.passed for result in results) else 1)


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
            settings = Race(store_url, index_url, options.processes, crash)
            return race(settings, stories(options.stories))
        sys.exit(130)


if __name__ == "__main__":
    main()
