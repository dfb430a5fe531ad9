"""Measure a running system with a load: CPU time, throughput, latency at half load, memory."""

import random
import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

from bench.peer.loads import Load, Raw
from bench.peer.processes import cpu_s, largest_mb
from bench.peer.running import Running, wait_until_idle

_LIMIT_S = 1200.0
_BURST = 10  # articles that a poll of a feed brings together
_LONGEST_PACED_S = 20.0


class Result(NamedTuple):
    """Figures of one system with one load. CPU is in milliseconds per article."""

    system: str
    store: str
    load: str
    articles: int
    worker_ms: float
    broker_ms: float
    producer_ms: float
    store_ms: float  # of a database server; SQLite runs in the worker
    per_second: float
    p50_ms: float
    p99_ms: float
    memory_mb: float  # resident, of the largest process of the pool

    @property
    def all_ms(self) -> float:
        """Workers, broker and producer."""
        return self.worker_ms + self.broker_ms + self.producer_ms

    @property
    def with_store_ms(self) -> float:
        """Workers, broker, producer and database server."""
        return self.all_ms + self.store_ms


class Cpu(NamedTuple):
    """CPU seconds that parts of a system have used so far."""

    worker: float
    broker: float
    store: float
    producer: float

    @classmethod
    def of(cls, running: Running) -> "Cpu":
        store = cpu_s(running.store_pid) if running.store_pid else 0.0
        worker = cpu_s(running.process.pid)
        return cls(worker, cpu_s(running.broker_pid), store, time.process_time())


def warm(running: Running, articles: Sequence[Raw]) -> None:
    """Process articles that are not measured, in messages small enough for every process."""
    for begin in range(0, len(articles), 5):
        running.push(articles[begin : begin + 5], False, None)
    wait_until_idle(running, _LIMIT_S)


def measure(running: Running, load: Load, system: str, store: str, *, latency: bool) -> Result:
    """Push a load at once and wait for its end; then push more of it at half that rate."""
    before, began = Cpu.of(running), time.monotonic()
    running.push(load.articles, load.foreign, None)
    producer_s = time.process_time() - before.producer
    wait_until_idle(running, _LIMIT_S)
    took_s = time.monotonic() - began
    after = Cpu.of(running)
    if missing := running.missing(load.articles):
        raise AssertionError(f"{system}, {load.name}: {missing} articles are not stored")
    count = len(load.articles)
    rate = count / took_s
    latencies = _paced_latencies(running, load, rate / 2) if latency else []
    return Result(
        system=system,
        store=store,
        load=load.name,
        articles=count,
        worker_ms=(after.worker - before.worker) / count * 1000,
        broker_ms=(after.broker - before.broker) / count * 1000,
        producer_ms=producer_s / count * 1000,
        store_ms=(after.store - before.store) / count * 1000,
        per_second=rate,
        p50_ms=percentile(latencies, 0.5) * 1000,
        p99_ms=percentile(latencies, 0.99) * 1000,
        memory_mb=largest_mb(running.process.pid),
    )


def _paced_latencies(running: Running, load: Load, rate: float) -> list[float]:
    """Seconds from the push of each paced article until it is stored, at this rate per second.

    Bursts of ten come after random pauses, whatever the system has finished.
    """
    articles = load.paced[: max(_BURST, int(rate * _LONGEST_PACED_S))]
    rng, due = random.Random(11), time.time()
    running.latencies()  # those of other articles
    for at in range(0, len(articles), _BURST):
        due += rng.expovariate(rate / _BURST)
        time.sleep(max(0.0, due - time.time()))
        running.push(articles[at : at + _BURST], load.foreign, due)
    wait_until_idle(running, _LIMIT_S)
    return running.latencies()


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed; NaN of none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def median_of_rounds(results: Sequence[Result]) -> list[Result]:
    """One result for each system, store and load: the median of each figure over all rounds."""
    groups: dict[tuple[str, str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.system, result.store, result.load), []).append(result)
    return [
        group[0]._replace(
            **{
                name: statistics.median(getattr(result, name) for result in group)
                for name in Result._fields[4:]
            }
        )
        for group in groups.values()
    ]
