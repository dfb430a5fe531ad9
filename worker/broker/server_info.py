"""Read the facts about a broker that decide whether it is fit to hold a queue.

A managed service may forbid INFO or CONFIG, or leave fields out. A fact is then unknown, which is
no reason to refuse the broker.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.exceptions import NoPermissionError, ReadOnlyError, ResponseError

from worker.broker import lua_scripts

UNKNOWN = "unknown"  # version, policy

_EVICTS = "the broker drops keys when its memory is full ({policy}), and the queue is one of them; "
_FORBIDDEN = (
    "the broker forbids what the queue needs so that no message is lost ({error}): allow this "
    "user EVAL, TIME, PUBLISH, SUBSCRIBE and the commands for lists, hashes, sorted sets and "
    "streams, on all keys and channels"
)
# Keys with a time to live are dropped; those of the queue have none.
_SAFE_POLICIES = ("noeviction", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerInfo:
    """What a broker says about itself, to judge whether messages are safe in it; None for unknown.

    `append_only` says whether it records changes in a file, `policy` what it does when its memory
    is full (maxmemory-policy). `limit_bytes` is its memory limit, 0 for none. `clock_ahead_s` is
    its clock minus that of this machine. `may_configure` tells whether CONFIG SET is allowed, and
    `read_only` whether it is a replica. `refusal` is the error of a command that workers need, or
    "".
    """

    server: str  # valkey, redis …
    version: str
    append_only: bool | None  # whether it keeps an append-only file; None: unknown
    policy: str  # maxmemory-policy: what it does when its memory is full
    used_bytes: int | None  # None: unknown
    limit_bytes: int  # 0: no limit is set, or it is unknown
    clock_ahead_s: float  # its clock minus the clock of this machine
    may_configure: bool = True  # whether CONFIG SET is allowed
    read_only: bool = False  # whether it is a replica that takes no messages
    refusal: str = ""  # why it can't hold the queue: the error of a command that is needed

    @property
    def evicts(self) -> bool:
        """Whether this broker may delete messages, waiting or taken by workers, when its memory
        is full."""
        return self.policy not in (*_SAFE_POLICIES, UNKNOWN)

    def set_option(self, name: str, value: str) -> str:
        """Return advice to the user how to set the option `name` of this server to `value`.

        The advice names the command CONFIG SET, or, where that is forbidden, the settings of the
        service that runs the server.
        """
        if self.may_configure:
            return f"CONFIG SET {name} {value}, and the same in its configuration file"
        return f"set {name} to {value} in the settings of the service, where CONFIG is forbidden"

    @property
    def unfit_because(self) -> str:
        """Why messages would not be safe on this broker, with the remedy; "" if they are."""
        if self.refusal:
            return forbidden(self.refusal)
        if self.evicts:
            remedy = self.set_option("maxmemory-policy", "noeviction")
            return _EVICTS.format(policy=self.policy) + remedy
        return ""


def server_info(channel: Any) -> ServerInfo:
    """Ask the broker for version, persistence, memory, clock and permissions, in one round trip.

    Raises RedisError or OSError when it does not answer.
    """
    keys = [channel.unacked_key, channel.unacked_index_key, "articles.check", "articles.check.hash"]
    # Names such as those of Celery's bindings and of replies to its remote control.
    keys += ["_kombu.binding.check", "check.reply.celery.pidbox"]
    keys = [channel.global_keyprefix + key for key in keys]
    with channel.conn_or_acquire() as client, client.pipeline(transaction=False) as pipe:
        sent_at = time.time()
        for section in ("server", "memory", "persistence"):
            pipe.info(section)
        pipe.execute_command("EVAL", lua_scripts.PERMISSIONS, len(keys), *keys)
        pipe.execute_command("CONFIG SET", "no-such-option", "1")  # refused, and changes nothing
        pipe.time()
        replies = pipe.execute(raise_on_error=False)
        local_time = (sent_at + time.time()) / 2
    server, memory, persistence = map(_fields, replies[:3])
    script, config, clock = replies[3:]
    name = server.get("server_name", "redis")
    append_only = persistence.get("aof_enabled")
    seconds, micros = (local_time, 0) if isinstance(clock, Exception) else clock
    return ServerInfo(
        server=name,
        version=str(server.get(f"{name}_version") or server.get("redis_version") or UNKNOWN),
        append_only=None if append_only is None else bool(append_only),
        policy=memory.get("maxmemory_policy", UNKNOWN),
        used_bytes=memory.get("used_memory"),
        limit_bytes=memory.get("maxmemory", 0),
        clock_ahead_s=seconds + micros / 1e6 - local_time,
        may_configure=not _is_forbidden(config),
        read_only=isinstance(script, ReadOnlyError) or "read only replica" in str(script),
        refusal=str(script) if _is_forbidden(script) else "",
    )


def forbidden(error: object) -> str:
    """Say, in one line, that the broker forbids something that a worker needs, and what to do."""
    return _FORBIDDEN.format(error=error)


def _fields(reply: object) -> Mapping[str, Any]:
    """The fields of a reply to INFO; none when the reply is an error."""
    return reply if isinstance(reply, Mapping) else {}


def _is_forbidden(reply: object) -> bool:
    """Whether a command was refused for good: by an access list, or because it does not exist.

    A server that is full or read-only refuses commands too, but not for good.
    """
    if isinstance(reply, NoPermissionError):
        return True
    text = str(reply).lower()
    forbidden = ("unknown command", "can't run this command", "no permissions", "noperm")
    return isinstance(reply, ResponseError) and any(word in text for word in forbidden)
