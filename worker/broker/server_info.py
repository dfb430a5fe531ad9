"""Read from a broker what decides if messages are safe in it: persistence, memory, clock."""

import time
from dataclasses import dataclass
from typing import Any

UNKNOWN_POLICY = "unknown"

EVICTS = (
    "the broker drops keys when its memory is full ({policy}), and the queue is one of them; "
    "CONFIG SET maxmemory-policy noeviction, and the same in its configuration file"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerInfo:
    """What a broker says about itself, to judge whether messages are safe in it.

    `server` is "valkey" or "redis"; `append_only` says whether it records changes in a file on
    disk; `policy` is its setting maxmemory-policy, what it does when its memory is full.
    `used_bytes` is its memory in use, `limit_bytes` its memory limit, 0 for none. `clock_ahead_s`
    is how many seconds its clock is ahead of the one of this machine.
    """

    server: str  # valkey, redis …
    version: str
    append_only: bool  # whether it keeps an append-only file
    policy: str  # maxmemory-policy: what it does when its memory is full
    used_bytes: int
    limit_bytes: int  # 0: no limit is set
    clock_ahead_s: float  # its clock minus the clock of this machine


def server_info(channel: Any) -> ServerInfo:
    """Ask the broker for version, persistence, memory and clock, in one round trip.

    Raises RedisError or OSError.
    """
    with channel.conn_or_acquire() as client, client.pipeline(transaction=False) as pipe:
        sent_at = time.time()
        for section in ("server", "memory", "persistence"):
            pipe.info(section)
        pipe.time()
        server, memory, persistence, (seconds, micros) = pipe.execute()
        local_time = (sent_at + time.time()) / 2
    name = server.get("server_name", "redis")
    return ServerInfo(
        server=name,
        version=str(server.get(f"{name}_version") or server["redis_version"]),
        append_only=bool(persistence["aof_enabled"]),
        policy=memory.get("maxmemory_policy", UNKNOWN_POLICY),
        used_bytes=memory["used_memory"],
        limit_bytes=memory.get("maxmemory", 0),
        clock_ahead_s=seconds + micros / 1e6 - local_time,
    )
