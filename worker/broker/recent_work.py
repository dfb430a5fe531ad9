"""What all workers together have done in the last minutes, as the broker counts it.

The broker counts by minute how many messages ended, and how long pool processes worked on them, in
a small hash with a field for each of the last 16 minutes. The numbers come with the acks, as those
of worker.broker.batch_counters do. The hash also has the times of the last ack, and of the last
word of any worker.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite

WINDOW_MINUTES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentWork:
    """What all workers together have done in the last 15 minutes.

    `messages` is the number of messages that ended, and `busy_s` the time in seconds that pool
    processes worked on them. `last_message_at` is when a message ended last, and `last_worker_at`
    when a worker last said that it runs; both may be longer ago, and are None if it never happened.
    """

    messages: int = 0
    busy_s: float = 0.0
    last_message_at: datetime | None = None
    last_worker_at: datetime | None = None


def recent_key(queue: str) -> str:
    """Return the key of the Redis hash that counts the work of the last 15 minutes. `queue` is the
    name of the queue of new articles."""
    return f"{queue}.recent"


def recent_sums(counts: Mapping[str, int]) -> tuple[int, int]:
    """Return how many messages ended, and how many microseconds pool processes worked on them, by
    adding up the counters of all queues.

    `counts` maps the name of each counter, such as those for one queue, to its number.
    """
    return _sum(counts, "messages:"), _sum(counts, "batch_us:")


def recent_work(fields: Mapping[bytes, bytes], now: datetime) -> RecentWork:
    """Read the fields of the Redis hash that counts the work of the last 15 minutes. `now` is the
    time by the clock of the broker.

    A field that has another form, which nothing of this package writes, counts as absent.
    """
    first = int(now.timestamp()) // 60 - WINDOW_MINUTES
    messages, busy_us = 0, 0
    for name, value in fields.items():
        if name.isdigit() and (minute := _minute(value)) and minute[0] > first:
            messages += minute[1]
            busy_us += minute[2]
    return RecentWork(
        messages=messages,
        busy_s=busy_us / 1e6,
        last_message_at=time_of(fields.get(b"last", b"")),
        last_worker_at=time_of(fields.get(b"worker", b"")),
    )


def time_of(seconds: bytes) -> datetime | None:
    """Read a time as the broker's scripts write it: seconds since 1970. None if it is no time."""
    try:
        number = float(seconds)
        return datetime.fromtimestamp(number, UTC) if isfinite(number) else None
    except (ValueError, OverflowError, OSError):
        return None


def _minute(value: bytes) -> tuple[int, int, int] | None:
    try:
        minute, messages, busy_us = map(int, value.split())
    except ValueError:
        return None
    return minute, messages, busy_us


def _sum(counts: Mapping[str, int], prefix: str) -> int:
    return sum(number for name, number in counts.items() if name.startswith(prefix))
