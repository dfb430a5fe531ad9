"""Read all that the broker knows about queues, leases, workers and counters, in one round trip.

What a lease is: the broker's record that a worker has taken a message and has not finished it.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis.exceptions import RedisError

from worker.broker import BULK, QUARANTINE, UNKNOWN, lua_scripts
from worker.broker.backpressure import Load
from worker.broker.batch_counters import (
    Histogram,
    LaneCounters,
    counters_key,
    lane_counters,
    lane_of,
    stage_histograms,
)
from worker.broker.kombu_internals import queue_key
from worker.broker.ledger_check import LedgerCheck, ledger_check, ledger_key
from worker.broker.messages import text
from worker.broker.pauses import NO_PAUSES, Pauses, parse_pauses, pauses_key
from worker.broker.presence import PresentWorker, ask_for_workers, listed_workers
from worker.broker.recent_work import RecentWork, recent_key, recent_work
from worker.broker.source_notes import sources_key
from worker.model.receipts import pushed_at

log = logging.getLogger("worker.broker")

LOOK_S = 5.0  # an age is read anew after this time: reading a message of 1 MB takes 1.4 ms


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """The messages that wait on one of the three queues of the workers, which are called lanes:
    `live` for new articles, `bulk` for floods, `quarantine` for messages that failed before.

    `waiting` has their numbers by priority, the most urgent first. `oldest_at` is when the oldest
    one was pushed, None if none waits; if `is_at_least` is true, it may be older, because its id
    does not tell when it was pushed. `paused` is true while workers take no messages from this lane
    because somebody has asked so.
    """

    lane: str
    queue: str
    waiting: tuple[int, ...]
    oldest_at: datetime | None
    is_at_least: bool
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCount:
    """How many messages waited or were leased at a time `at`, which is a full minute."""

    at: datetime
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerState:
    """The state of the broker at the time `at`, by its own clock.

    `load` has the messages and the memory. `overdue` is the number of leases that nobody has
    renewed in time. `undeliverable` messages are on dead lists, and `journal` is the number of
    messages whose receipts are not yet in the store. `stages` has the times that batches spent in
    each stage of processing. `history` counts messages by minute in the last hour, the earliest
    first; a minute in which nobody read this state is missing. `pauses` says which lanes and
    sources somebody has paused. `sources_note` is a text about all sources that whoever has judged
    them last left here; "" if there is none.
    """

    at: datetime
    load: Load
    lanes: tuple[LaneState, ...]
    overdue: int
    undeliverable: int
    journal: int
    workers: tuple[PresentWorker, ...]
    counters: Mapping[str, LaneCounters]
    stages: Mapping[str, Histogram]
    recent: RecentWork
    ledger: LedgerCheck | None
    history: tuple[MessageCount, ...]
    pauses: Pauses = NO_PAUSES
    sources_note: str = ""


def read_broker_state(channel: Any, queue: str, lease_s: float) -> BrokerState:
    """Ask the broker for its state, in one round trip. `queue` is the name of the queue of new
    articles. `lease_s` is for how many seconds a worker keeps a message that it has taken, without
    saying so again.

    A part that the broker refuses, such as its memory, counts as unknown: 0 or None. Raises
    RedisError or OSError when the broker does not answer, or refuses to count messages.
    """
    queues = (queue, queue + BULK, queue + QUARANTINE)
    prefix, steps = channel.global_keyprefix, channel.priority_steps
    lists = [prefix + queue_key(channel, name, step) for name in queues for step in steps]
    dead = [f"{prefix}{name}.dead" for name in (*queues, UNKNOWN)]
    with channel.conn_or_acquire() as client, client.pipeline(transaction=False) as pipe:
        pipe.hlen(prefix + channel.unacked_key)
        for key in lists:
            pipe.llen(key)
        pipe.time()
        for key in dead:
            pipe.llen(key)
        pipe.info("memory")
        pipe.xlen(prefix + (channel.journal or f"{queue}.journal"))
        pipe.hgetall(prefix + counters_key(queue))
        pipe.hgetall(prefix + recent_key(queue))
        pipe.hgetall(prefix + ledger_key(queue))
        pipe.hgetall(prefix + pauses_key(queue))
        pipe.get(prefix + sources_key(queue))
        ask_for_workers(pipe, channel, queue)
        keys = [prefix + channel.unacked_index_key, prefix + channel.unacked_key]
        keys += [f"{prefix}{queue}.oldest", *lists]
        pipe.execute_command("EVAL", lua_scripts.STATUS, len(keys), *keys, lease_s, LOOK_S)
        replies = pipe.execute(raise_on_error=False)
    leased, *waiting = replies[: len(lists) + 1]
    if error := next((r for r in (leased, *waiting) if isinstance(r, Exception)), None):
        raise error
    return _state(queues, leased, waiting, replies[len(lists) + 1 :])


def _state(
    queues: Sequence[str], leased: int, waiting: Sequence[int], replies: Sequence[Any]
) -> BrokerState:
    (time, *dead, memory, journal, counters, recent, ledger, paused, note) = replies[:-3]
    texts, times, looked = replies[-3:]
    seconds, micros = _or(time, (0, 0))
    at = datetime.fromtimestamp(seconds + micros / 1e6, UTC)
    by_lane = _split(waiting, len(queues))
    _, overdue, minutes, *oldest = _or(looked, [b"", 0, []])
    oldest_by_lane = _split(oldest, len(queues)) or [[]] * len(queues)
    pauses = parse_pauses(queues[0], _or(paused, {}))
    return BrokerState(
        at=at,
        load=Load(
            waiting=sum(waiting),
            bulk=sum(by_lane[1]),
            leased=leased,
            used_bytes=_or(memory, {}).get("used_memory", 0),
            limit_bytes=_or(memory, {}).get("maxmemory", 0),
        ),
        lanes=tuple(
            _lane(name, numbers, found, paused=lane_of(name) in pauses.lanes)
            for name, numbers, found in zip(queues, by_lane, oldest_by_lane, strict=True)
        ),
        overdue=overdue,
        undeliverable=sum(_or(number, 0) for number in dead),
        journal=_or(journal, 0),
        workers=tuple(listed_workers(_or(texts, {}), _or(times, []), at.timestamp())),
        counters=lane_counters(_or(counters, {})),
        stages=stage_histograms(_or(counters, {})),
        recent=recent_work(_or(recent, {}), at),
        ledger=ledger_check(_or(ledger, {})),
        history=_history(minutes, at),
        pauses=pauses,
        sources_note=text(_or(note, None) or b""),
    )


def _lane(
    queue: str, waiting: Sequence[int], oldest: Sequence[bytes], *, paused: bool
) -> LaneState:
    """The state of a queue. `oldest` has two texts for each priority: the time when its oldest
    message was first seen there, and the id of that message; "" for what is unknown."""
    at: float | None = None
    is_at_least = False
    for number, first_seen, message_id in zip(waiting, oldest[::2], oldest[1::2], strict=False):
        if not number or not first_seen:
            continue
        pushed = pushed_at(message_id.decode("ascii", "replace").lower())
        is_at_least = is_at_least or pushed is None
        since = float(first_seen) if pushed is None else pushed
        at = since if at is None else min(at, since)
    return LaneState(
        lane=lane_of(queue),
        queue=queue,
        waiting=tuple(waiting),
        oldest_at=None if at is None else datetime.fromtimestamp(at, UTC),
        is_at_least=is_at_least,
        paused=paused,
    )


def _history(minutes: Sequence[bytes], now: datetime) -> tuple[MessageCount, ...]:
    pairs = sorted(tuple(map(int, text.split())) for text in minutes)
    present = int(now.timestamp()) // 60
    return tuple(
        MessageCount(at=datetime.fromtimestamp(minute * 60, UTC), messages=messages)
        for minute, messages in pairs
        if present - 60 < minute <= present
    )


def _split(values: Sequence[Any], parts: int) -> list[Sequence[Any]]:
    size = len(values) // parts
    return [values[i * size : (i + 1) * size] for i in range(parts)] if size else []


def _or(reply: Any, otherwise: Any) -> Any:
    """Return a reply of the broker, or `otherwise` in place of an error."""
    if isinstance(reply, RedisError):
        log.debug("status.refused error=%s", reply)
        return otherwise
    return reply
