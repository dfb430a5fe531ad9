"""Counters of the batches that workers have run, kept in a hash of the broker for all workers.

Counted are messages by lane and by how they ended, the seconds that pool processes were busy, and
histograms of the seconds that a batch took and that its oldest message had waited. The main process
notes them in memory, and the script that acks a message carries them to the broker, so they cost no
round trip. The hash has a fixed set of fields, so it can't grow. The numbers are measurements: some
are lost if a worker is killed, and counted twice if the connection breaks during an ack. What must
be exact is counted in the store (worker.store.writing.outcome_counts).
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from math import inf
from typing import Any

from worker.broker import BULK, QUARANTINE

BATCH_BOUNDS_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 240.0)
WAIT_BOUNDS_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14400.0)
LANES = ("live", "bulk", "quarantine")


class MessageEnd(StrEnum):
    """How the run of a message ended.

    It was acked (`done`), or put back on its queue (`returned`), because the store did not answer,
    for example; or it was moved to the quarantine queue (`quarantined`) or the dead list (`dead`).
    """

    DONE = "done"
    RETURNED = "returned"
    QUARANTINED = "quarantined"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How many measured times were not longer than each bound, as Prometheus counts them.

    `counts` has one number more than `bounds_s`: the last counts all. `sum_s` adds up all times, in
    seconds.
    """

    bounds_s: tuple[float, ...]
    counts: tuple[int, ...]
    sum_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneCounters:
    """What all workers have counted for one lane: `live`, `bulk` or `quarantine`.

    `batch` has the seconds that batches ran in a pool process; their sum is the time for which
    processes were busy. `wait` has the seconds from the push of a message to its claim, for those
    whose id tells when they were pushed.
    """

    messages: Mapping[MessageEnd, int]
    batch: Histogram
    wait: Histogram


def lane_of(queue: str) -> str:
    """Return the name of the lane that a queue is: `live`, `bulk` or `quarantine`."""
    if queue.endswith(QUARANTINE):
        return "quarantine"
    return "bulk" if queue.endswith(BULK) else "live"


def counters_key(queue: str) -> str:
    """Return the key of the hash with the counters of the workers of the live lane `queue`."""
    return f"{queue}.counters"


class PendingCounters:
    """Counts of ended batches in this process that the broker has not been told yet.

    Threads may share it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(
        self, lane: str, end: MessageEnd, messages: int, batch_s: float | None, wait_s: float | None
    ) -> None:
        """Count a batch that ended; a time in seconds is None if it was not measured."""
        counts = Counter({f"messages:{lane}:{end}": messages})
        for name, seconds, bounds_s in (
            ("batch", batch_s, BATCH_BOUNDS_S),
            ("wait", wait_s, WAIT_BOUNDS_S),
        ):
            if seconds is not None:
                bucket = (*bounds_s, inf)[bisect_left(bounds_s, seconds)]
                counts[f"{name}:{lane}:{bucket:g}"] += 1
                counts[f"{name}_us:{lane}"] += round(seconds * 1e6)
        with self._lock:
            self._counts.update(counts)

    def take(self) -> dict[str, int]:
        """Return field of the hash -> number to add, and forget them here."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return dict(counts)

    def put_back(self, counts: Mapping[str, int]) -> None:
        """Keep counts that were taken but did not reach the broker."""
        with self._lock:
            self._counts.update(counts)


pending_counters = PendingCounters()


def read_counters(channel: Any, queue: str) -> dict[str, LaneCounters]:
    """Return lane -> what all workers of the live lane `queue` have counted, in one round trip.

    All lanes are there, with zeros if nothing was counted. Raises RedisError or OSError when the
    broker does not answer.
    """
    with channel.conn_or_acquire() as client:
        fields = client.hgetall(channel.global_keyprefix + counters_key(queue))
    counts = {name.decode("utf-8", "replace"): int(number) for name, number in fields.items()}
    return {lane: _lane(counts, lane) for lane in LANES}


def _lane(counts: Mapping[str, int], lane: str) -> LaneCounters:
    return LaneCounters(
        messages={end: counts.get(f"messages:{lane}:{end}", 0) for end in MessageEnd},
        batch=_histogram(counts, "batch", lane, BATCH_BOUNDS_S),
        wait=_histogram(counts, "wait", lane, WAIT_BOUNDS_S),
    )


def _histogram(
    counts: Mapping[str, int], name: str, lane: str, bounds_s: tuple[float, ...]
) -> Histogram:
    numbers = (counts.get(f"{name}:{lane}:{bound:g}", 0) for bound in (*bounds_s, inf))
    return Histogram(
        bounds_s=bounds_s,
        counts=tuple(accumulate(numbers)),
        sum_s=counts.get(f"{name}_us:{lane}", 0) / 1e6,
    )
