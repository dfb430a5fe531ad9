"""A list in the broker of the workers that are running now, on all hosts.

Each worker writes every 10 s to the broker that it is running. A worker that has not done so for 35
s is no longer listed, and after a minute its entry is deleted, so a worker that was killed leaves
no trace. A worker that ends as it should deletes its entry. Times are those of the broker's clock.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from worker.broker import lua_scripts

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
    """

    node: str
    processes: int
    busy: int
    version: str
    digest: str
    refused: bool
    memory_bytes: int
    started: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentWorker:
    """A worker that is running now. `state` is the description that it wrote to the broker at the
    time `at`, which is `age_s` seconds ago."""

    state: WorkerState
    at: datetime
    age_s: float


def announce(channel: Any, queue: str, state: WorkerState) -> int:
    """Write to the broker that a worker of `queue` is running, with its description (`state`).
    Returns how many workers of this queue have done so in the last minute.

    Raises RedisError or OSError when the broker does not answer or refuses the entry.
    """
    text = json.dumps(asdict(state) | {"started": state.started.isoformat()})
    number: int = channel.eval(lua_scripts.ANNOUNCE, _keys(queue), [state.node, text, FORGOTTEN_S])
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
    states_key, times_key = (channel.global_keyprefix + key for key in _keys(queue))
    with channel.conn_or_acquire() as client, client.pipeline() as pipe:
        pipe.time()
        pipe.hgetall(states_key)
        pipe.zrange(times_key, 0, -1, withscores=True)
        (seconds, micros), texts, times = pipe.execute()
    now = seconds + micros / 1e6
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
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
