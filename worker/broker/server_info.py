"""Whether a broker is fit for a queue: what it says of itself comes in, facts go out."""

import time
from typing import Any

from celery import bootsteps

from worker.broker.connection import BrokerConnection
from worker.errors import Unavailable
from worker.model.admission import Frozen

UNKNOWN = "unknown"


class ServerInfo(Frozen):
    server: str  # valkey, redis …
    version: str
    append_only: bool
    policy: str  # what it does when its memory is full
    used_bytes: int
    limit_bytes: int  # 0: none
    clock_ahead_s: float  # of this machine's


def condition(channel: Any) -> ServerInfo:
    """One round trip. Raises what redis-py raises."""
    with channel.conn_or_acquire() as client, client.pipeline(transaction=False) as pipe:
        sent = time.time()
        for section in ("server", "memory", "persistence"):
            pipe.info(section)
        pipe.time()
        server, memory, persistence, (seconds, micros) = pipe.execute()
        here = (sent + time.time()) / 2
    name = server.get("server_name", "redis")
    return ServerInfo(
        server=name,
        version=str(server.get(f"{name}_version") or server["redis_version"]),
        append_only=bool(persistence["aof_enabled"]),
        policy=memory.get("maxmemory_policy", UNKNOWN),
        used_bytes=memory["used_memory"],
        limit_bytes=memory.get("maxmemory", 0),
        clock_ahead_s=seconds + micros / 1e6 - here,
    )


EVICTS = (
    "the broker drops keys when its memory is full ({policy}), and the queue is one of them; "
    "CONFIG SET maxmemory-policy noeviction, and the same in its configuration file"
)


class NoEviction(bootsteps.StartStopStep):
    """Ends a worker whose broker may evict the queue: at its start, and after every reconnect."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, parent: Any) -> None:
        link = BrokerConnection(parent.app)
        try:
            with link.channel() as channel:
                policy = condition(channel).policy
        except Unavailable:
            return  # it went away again: the next connection asks again
        finally:
            link.close()
        if policy not in ("noeviction", UNKNOWN):
            raise SystemExit(f"worker: {EVICTS.format(policy=policy)}")
