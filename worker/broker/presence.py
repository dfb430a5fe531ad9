"""A list in the broker of the workers that are running now, on all hosts.

Each worker writes every 10 s to the broker that it is running. A worker that has not done so for 35
s is no longer listed, and after a minute its entry is deleted, so a worker that was killed leaves
no trace. A worker that ends as it should deletes its entry. Times are those of the broker's clock.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from worker.broker import lua_scripts
from worker.broker.recent_work import recent_key

_LATE_S = 15.0  # one beat is missing: the worker may have been killed
SILENT_S = 35.0  # three beats are missing, and the machine was busy
FORGOTTEN_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """The description that a worker writes about itself to the broker, for commands on other hosts.

    `node` is its name in Celery, such as `celery@host`. `processes` is the number of its pool
    processes, and `busy` the number of batches that they work on. `version` is the version of this
    package, and `digest` a checksum of the rules that the worker follows; `refused` is true if rule
    files were changed since and are invalid. `memory_bytes` is the memory of all its processes
    together, where memory that they share counts several times; 0 if it can't be measured.
    `started` is when the worker became ready.

    Workers of earlier versions do not write the other fields. `busy_share` is the share of the time
    since the description before in which its pool processes worked, 0 to 1; None if unknown.
    `waits_for` names the service, "store" or "index", without which the worker takes no messages
    now; "" if there is none. `progress_at` is when it last finished a message, None if it has
    finished none.
    """

    node: str
    processes: int
    busy: int
    version: str
    digest: str
    refused: bool
    memory_bytes: int
    started: datetime
    busy_share: float | None = None
    waits_for: str = ""
    progress_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentWorker:
    """A worker that is running now. `state` is the description that it wrote to the broker at the
    time `at`, which is `age_s` seconds ago."""

    state: WorkerState
    at: datetime
    age_s: float

    @property
    def last_word(self) -> str:
        """When the worker last said that it runs, and that it may have ended if that is late."""
        late = ", may have ended" if self.age_s > _LATE_S else ""
        return f"{self.age_s:.0f} s ago{late}"


def announce(channel: Any, queue: str, state: WorkerState) -> int:
    """Write to the broker that a worker of `queue` is running, with its description (`state`).
    Returns how many workers of this queue have done so in the last minute.

    Raises RedisError or OSError when the broker does not answer or refuses the entry.
    """
    text = json.dumps(asdict(state), default=datetime.isoformat)
    keys = [*_keys(queue), recent_key(queue)]
    number: int = channel.eval(lua_scripts.ANNOUNCE, keys, [state.node, text, FORGOTTEN_S])
    return number


def leave(channel: Any, queue: str, node: str) -> None:
    """Delete from the broker that the worker `node` is running, because it ends.

    Raises RedisError or OSError when the broker does not answer or refuses it.
    """
    states_key, times_key = (channel.global_keyprefix + key for key in _keys(queue))
    with channel.conn_or_acquire() as client, client.pipeline() as pipe:
        pipe.hdel(states_key, node)
        pipe.zrem(times_key, node)
        pipe.execute()


def present_workers(channel: Any, queue: str) -> list[PresentWorker]:
    """Return the workers of `queue` that are running now, on all hosts, sorted by name.

    A worker that has written nothing to the broker for 35 s is left out, and so is one whose entry
    can't be read. Raises RedisError or OSError when the broker does not answer.
    """
    with channel.conn_or_acquire() as client, client.pipeline() as pipe:
        pipe.time()
        ask_for_workers(pipe, channel, queue)
        (seconds, micros), texts, times = pipe.execute()
    return listed_workers(texts, times, seconds + micros / 1e6)


def ask_for_workers(pipe: Any, channel: Any, queue: str) -> None:
    """Add two commands to a pipeline of Redis, which read the running workers of `queue`. Pass
    their replies to `listed_workers`."""
    states_key, times_key = (channel.global_keyprefix + key for key in _keys(queue))
    pipe.hgetall(states_key)
    pipe.zrange(times_key, 0, -1, withscores=True)


def listed_workers(
    texts: Mapping[bytes, bytes], times: Sequence[tuple[bytes, float]], now: float
) -> list[PresentWorker]:
    """Return the workers that are running now, sorted by name.

    `texts` and `times` are the descriptions of workers and the times of them, as the broker replies
    to the commands of `ask_for_workers`. `now` is the broker's time in seconds since 1970. A worker
    that was silent for 35 s is left out.
    """
    workers = [
        PresentWorker(
            state=state, at=datetime.fromtimestamp(at, UTC), age_s=round(max(0.0, now - at), 1)
        )
        for node, at in times
        if now - at <= SILENT_S and (state := _state(texts.get(node, b""))) is not None
    ]
    return sorted(workers, key=lambda worker: worker.state.node)


def _keys(queue: str) -> list[str]:
    return [f"{queue}.workers", f"{queue}.workers.times"]


def _state(text: bytes) -> WorkerState | None:
    """Read what a worker said of itself; what a later version says besides is left out."""
    try:
        described = json.loads(text)
        return WorkerState(
            node=str(described["node"]),
            processes=int(described["processes"]),
            busy=int(described["busy"]),
            version=str(described["version"]),
            digest=str(described["digest"]),
            refused=bool(described["refused"]),
            memory_bytes=int(described["memory_bytes"]),
            started=datetime.fromisoformat(described["started"]),
            busy_share=_share(described.get("busy_share")),
            waits_for=str(described.get("waits_for") or ""),
            progress_at=_time(described.get("progress_at")),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _share(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else None


def _time(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
