"""Commands go out to Redis or Valkey in one round trip, their replies come in."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from hiredis import pack_command
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    ConnectionError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    TimeoutError,
)
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from worker.errors import Unavailable
from worker.index.redis_internals import read_replies
from worker.model.broker_address import Address, parse_address

Command = tuple[Any, ...]

# The server is gone, full, or no longer the primary: all of them pass.
PASSING = (
    *(ConnectionError, TimeoutError, OutOfMemoryError),
    *(ReadOnlyError, MasterDownError, MasterNotFoundError),
)
SENTINEL_PORT = 26379
# Where a command has its key, if not in the first place.
_KEY_AT = {"MEMORY": 2, "SCAN": 3, "EVAL": 3}


class Wire:
    """A connection that opens with the first trip; redis-py opens its own in a forked child."""

    def __init__(self, url: str, timeout_s: float) -> None:
        where = parse_address(url)
        self._prefix = where.global_keyprefix
        self._redis = _client(where, timeout_s)
        self.trips = 0

    def trip(self, commands: Sequence[Command]) -> list[Any]:
        """All replies, in order; not a transaction. Raises Unavailable."""
        self.trips += 1
        if self._prefix:
            commands = [self._prefixed(command) for command in commands]
        packed = b"".join(map(pack_command, commands))
        try:
            try:
                return self._sent(packed, len(commands))
            except ConnectionError:  # closed while it was idle
                return self._sent(packed, len(commands))
        except PASSING as e:
            raise Unavailable("index", str(e)) from e

    def scan(self, pattern: str) -> Iterator[list[str]]:
        """The keys of a pattern without the prefix, some at a time."""
        place = 0
        while True:
            [(found, keys)] = self.trip([("SCAN", place, "MATCH", pattern, "COUNT", 1000)])
            yield [key.decode().removeprefix(self._prefix) for key in keys]
            place = int(found)
            if not place:
                return

    def _prefixed(self, command: Command) -> Command:
        """With the prefix before its key."""
        place = _KEY_AT.get(command[0], 1)
        if len(command) <= place:
            return command
        return *command[:place], f"{self._prefix}{command[place]}", *command[place + 1 :]

    def _sent(self, packed: bytes, commands: int) -> list[Any]:
        """What a redis-py pipeline does, for a fraction of its CPU: a batch is 3,000 commands."""
        pool: Any = self._redis.connection_pool
        connection = pool.get_connection()
        try:
            connection.send_packed_command([packed])
            return read_replies(connection, commands)
        except BaseException:
            connection.disconnect()  # or the next trip would read the replies of this one
            raise
        finally:
            pool.release(connection)

    def close(self) -> None:
        self._redis.close()


def _client(where: Address, timeout_s: float) -> Redis:
    # One more try for a connection that the server closed while it was idle, no waiting: whoever
    # gets Unavailable waits better, with the batch back on its queue.
    options: dict[str, Any] = {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": Retry(NoBackoff(), 1),
    }
    if not where.master_name:
        return Redis.from_url(client_url(where.parts[0]), **options)
    parts = [urlsplit(part) for part in where.parts]
    asked = {"password": where.sentinel_password or None, "socket_timeout": timeout_s}
    places = [(part.hostname, part.port or SENTINEL_PORT) for part in parts]
    first = parts[0]
    options |= {"db": int(first.path.strip("/") or 0)}
    options |= {"username": unquote(first.username or "") or None}
    options |= {"password": unquote(first.password or "") or None}
    sentinel: Any = Sentinel  # redis-py types everything but this
    primary: Redis = sentinel(places, sentinel_kwargs=asked).master_for(
        where.master_name, **options
    )
    return primary


def client_url(url: str) -> str:
    """A broker URL as kombu spells it, as redis-py spells it."""
    parts = urlsplit(url)
    scheme = "unix" if parts.scheme in ("redis+socket", "socket") else parts.scheme
    query = {"db" if k == "virtual_host" else k: v for k, v in parse_qsl(parts.query)}
    if "ssl_cert_reqs" in query:
        query["ssl_cert_reqs"] = query["ssl_cert_reqs"].lower().removeprefix("cert_")
    # urlunsplit would make unix:/path of it, without the host's slashes.
    return f"{scheme}://{parts.netloc}{parts.path}" + (f"?{urlencode(query)}" if query else "")
