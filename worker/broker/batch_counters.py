"""Count how many messages the workers have processed and how long that took, for all workers
together.

A batch is some messages that run together in a pool process. Counted are messages by queue and by
how they ended, and the times that batches ran and that messages waited. The main process of a
worker collects the numbers in memory, and adds them to a hash in the broker whenever it deletes a
finished message there, so they need no round trip of their own.

The numbers are estimates: some are lost if a worker is killed, and some are counted twice if the
connection breaks. Exact numbers are in the store (worker.store.writing.outcome_counts).
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from math import inf

from worker.broker import BULK, QUARANTINE
from worker.model.stage_times import STAGES

BATCH_BOUNDS_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 240.0)
WAIT_BOUNDS_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14400.0)
LANES = ("live", "bulk", "quarantine")


class MessageEnd(StrEnum):
    """What happened to a message when its processing ended.

    `done`: it was processed and deleted. `returned`: it was put back on its queue, for example
    because the store did not answer. `quarantined`: it was moved to the quarantine queue, where
    articles of failed messages are tried one by one. `dead`: it was moved to the list of messages
    that can't be processed.
    """

    DONE = "done"
    RETURNED = "returned"
    QUARANTINED = "quarantined"
    DEAD = "dead"


class LossCause(StrEnum):
    """Why a pool process was lost while it worked on a batch.

    `killed`: it died, by a signal, a crash or for lack of memory. `time-limit`: its batch took
    longer than `time.hard_limit_s`, and so it was ended.
    """

    KILLED = "killed"
    TIME_LIMIT = "time-limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """The distribution of measured times, in the form that Prometheus uses.

    Each number in `counts` says how many times were at most as long as the bound at the same place
    in `bounds_s`, in seconds. One more number at the end counts all times. `sum_s` is the sum of
    all times in seconds.
    """

    bounds_s: tuple[float, ...]
    counts: tuple[int, ...]
    sum_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneCounters:
    """What all workers together have counted for one of their three queues: the live queue for new
    articles, the bulk queue for floods, or the quarantine queue for failed messages.

    `messages` has the number of messages for each way in which they ended. `batch` has the times
    that batches of messages ran in a pool process. `wait` has the times that messages waited on the
    queue; a message whose id does not tell when it was sent is left out. `lost` has the number of
    pool processes that were lost while they worked on a batch, by cause.
    """

    messages: Mapping[MessageEnd, int]
    batch: Histogram
    wait: Histogram
    lost: Mapping[LossCause, int]


def lane_of(queue: str) -> str:
    """Tell which of a worker's three queues the queue with this name is. Returns "quarantine" for
    the queue of failed messages, "bulk" for the queue for floods, and "live" for the queue of new
    articles."""
    if queue.endswith(QUARANTINE):
        return "quarantine"
    return "bulk" if queue.endswith(BULK) else "live"


def counters_key(queue: str) -> str:
    """Return the key of the Redis hash in which all workers of a queue count the messages they
    processed. `queue` is the name of the queue of new articles."""
    return f"{queue}.counters"


class PendingCounters:
    """Numbers about ended batches of messages that this process has collected, but not yet added to
    the counters in the broker. Several threads may use it at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(
        self, lane: str, end: MessageEnd, messages: int, batch_s: float | None, wait_s: float | None
    ) -> None:
        """Count a batch of messages that ended.

        `lane` is the kind of queue it came from: "live", "bulk" or "quarantine". `end` says how it
        ended, and `messages` how many messages it had. `batch_s` is the time that it ran, and
        `wait_s` the time that its oldest message had waited, both in seconds; None if the time is
        unknown.
        """
        counts = Counter({f"messages:{lane}:{end}": messages})
        for name, seconds, bounds_s in (
            ("batch", batch_s, BATCH_BOUNDS_S),
            ("wait", wait_s, WAIT_BOUNDS_S),
        ):
            if seconds is not None:
                counts.update(_measured(name, lane, seconds, bounds_s))
        with self._lock:
            self._counts.update(counts)

    def add_stages(self, seconds: Mapping[str, float]) -> None:
        """Count how long each stage of a batch took, in seconds by the name of the stage."""
        counts: Counter[str] = Counter()
        for stage, stage_s in seconds.items():
            counts.update(_measured("stage", stage, stage_s, BATCH_BOUNDS_S))
        with self._lock:
            self._counts.update(counts)

    def add_loss(self, lane: str, cause: LossCause) -> None:
        """Count a pool process that was lost while it worked on a batch of this kind of queue:
        "live", "bulk" or "quarantine"."""
        with self._lock:
            self._counts[f"lost:{lane}:{cause}"] += 1

    def take(self) -> dict[str, int]:
        """Return the numbers to add to the counters in the broker, by the names of these counters,
        and set them to zero here."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return dict(counts)

    def put_back(self, counts: Mapping[str, int]) -> None:
        """Add the numbers that `take` returned again, because they could not be written to the
        broker. The next call of `take` returns them."""
        with self._lock:
            self._counts.update(counts)


def _measured(name: str, of: str, seconds: float, bounds_s: tuple[float, ...]) -> dict[str, int]:
    """What a measured time adds to the counters of a histogram."""
    bucket = (*bounds_s, inf)[bisect_left(bounds_s, seconds)]
    return {f"{name}:{of}:{bucket:g}": 1, f"{name}_us:{of}": round(seconds * 1e6)}


pending_counters = PendingCounters()


def lane_counters(fields: Mapping[bytes, bytes]) -> dict[str, LaneCounters]:
    """Return what all workers have counted about the messages that they processed, by the fields of
    the Redis hash of counters.

    The result has the keys "live", "bulk" and "quarantine", the three kinds of queues. A field
    that is no number counts as 0.
    """
    counts = _counts(fields)
    return {lane: _lane(counts, lane) for lane in LANES}


def stage_histograms(fields: Mapping[bytes, bytes]) -> dict[str, Histogram]:
    """Read from the fields of the Redis hash of counters how long batches were in each stage:
    clean, dedup, tag and store."""
    counts = _counts(fields)
    return {stage: _histogram(counts, "stage", stage, BATCH_BOUNDS_S) for stage in STAGES}


def _counts(fields: Mapping[bytes, bytes]) -> dict[str, int]:
    return {
        name.decode("utf-8", "replace"): int(number)
        for name, number in fields.items()
        if number.isdigit()
    }


def _lane(counts: Mapping[str, int], lane: str) -> LaneCounters:
    return LaneCounters(
        messages={end: counts.get(f"messages:{lane}:{end}", 0) for end in MessageEnd},
        batch=_histogram(counts, "batch", lane, BATCH_BOUNDS_S),
        wait=_histogram(counts, "wait", lane, WAIT_BOUNDS_S),
        lost={cause: counts.get(f"lost:{lane}:{cause}", 0) for cause in LossCause},
    )


def _histogram(
    counts: Mapping[str, int], name: str, of: str, bounds_s: tuple[float, ...]
) -> Histogram:
    numbers = (counts.get(f"{name}:{of}:{bound:g}", 0) for bound in (*bounds_s, inf))
    return Histogram(
        bounds_s=bounds_s,
        counts=tuple(accumulate(numbers)),
        sum_s=counts.get(f"{name}_us:{of}", 0) / 1e6,
    )
