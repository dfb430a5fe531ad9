"""Send commands to a Redis or Valkey server, many in one round trip, and read their replies."""

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

# The server is away, full, or no longer the primary: waiting helps against all of these.
TRANSIENT_ERRORS = (
    *(ConnectionError, TimeoutError, OutOfMemoryError),
    *(ReadOnlyError, MasterDownError, MasterNotFoundError),
)
SENTINEL_PORT = 26379
# Position of the key in a command, if it is not the first argument.
_KEY_POSITIONS = {"MEMORY": 2, "SCAN": 3, "EVAL": 3}
_FIRST_WRITE = "redis.call('DEL', 'aw:none')"
_TAKES_MEMORY = frozenset(
    ("SET", "SETEX", "INCRBY", "HSET", "HSETNX", "HINCRBY", "SADD", "ZADD", "LPUSH", "RPUSH")
)


class RedisClient:
    """A connection to a Redis or Valkey server, directly or through Sentinel, opened at the first
    command.

    A forked child process may use the object too: it gets a connection of its own.
    """

    def __init__(self, url: str, timeout_s: float, *, writes_when_full: bool = False) -> None:
        """`writes_when_full`: write also when the server refuses writes for lack of memory."""
        server = parse_address(url)
        self._prefix = server.global_keyprefix
        self._redis = _client(server, timeout_s)
        self._writes_when_full = writes_when_full
        self.round_trips = 0

    def execute(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one round trip and return their replies, in the order of the commands.

        The commands are no transaction: those of other clients may run between them. Raises
        Unavailable when the server does not answer.
        """
        self.round_trips += 1
        if self._prefix:
            commands = [self._prefixed(command) for command in commands]
        packed = b"".join(map(pack_command, commands))
        try:
            try:
                return self._send(packed, len(commands))
            except ConnectionError:  # closed while it was idle
                return self._send(packed, len(commands))
            except OutOfMemoryError:
                if not self._writes_when_full:
                    raise
                self.round_trips += 1
                despite = b"".join(pack_command(_despite_full(command)) for command in commands)
                return self._send(despite, len(commands))
        except TRANSIENT_ERRORS as e:
            raise Unavailable("index", str(e)) from e

    def scan(self, pattern: str) -> Iterator[list[str]]:
        """Yield the names of all keys on the server that match a pattern such as `aw:*`, in several
        lists, some of which may be empty.

        If the broker URL sets a prefix for all keys, the names come without it. A name may come
        twice.
        """
        cursor = 0
        while True:
            [(next_cursor, keys)] = self.execute(
                [("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)]
            )
            yield [key.decode().removeprefix(self._prefix) for key in keys]
            cursor = int(next_cursor)
            if not cursor:
                return

    def _prefixed(self, command: Command) -> Command:
        """The command with the key prefix of the broker URL before its key."""
        n = _KEY_POSITIONS.get(command[0], 1)
        if len(command) <= n:
            return command
        return *command[:n], f"{self._prefix}{command[n]}", *command[n + 1 :]

    def _send(self, packed: bytes, commands: int) -> list[Any]:
        """Send packed commands and read their replies.

        A redis-py pipeline does the same in more CPU time, and a batch has 3,000 commands.
        """
        pool: Any = self._redis.connection_pool
        connection = pool.get_connection()
        try:
            connection.send_packed_command([packed])
            return read_replies(connection, commands)
        except BaseException:
            connection.disconnect()  # the next call would read the replies of this one otherwise
            raise
        finally:
            pool.release(connection)

    def close(self) -> None:
        self._redis.close()


def _despite_full(command: Command) -> Command:
    """Turn a write into a script that a server without free memory still runs.

    Such a server refuses a script only if its first write could take memory, and DEL can't. What
    the index writes for an article is less than the message that is deleted afterwards, so the
    queue of a full broker is drained.
    """
    if command[0] == "EVAL":
        return "EVAL", f"{_FIRST_WRITE}\n{command[1]}", *command[2:]
    if command[0] in _TAKES_MEMORY:
        return "EVAL", f"{_FIRST_WRITE}\nreturn redis.call(unpack(ARGV))", 0, *command
    return command


def _client(server: Address, timeout_s: float) -> Redis:
    # One retry without a pause, for a connection that the server closed while it was idle. Callers
    # wait longer: Unavailable returns the batch to its queue.
    options: dict[str, Any] = {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": Retry(NoBackoff(), 1),
    }
    if not server.master_name:
        return Redis.from_url(client_url(server.parts[0]), **options)
    parts = [urlsplit(part) for part in server.parts]
    sentinel_options = {
        "password": server.sentinel_password or None,
        "socket_timeout": timeout_s,
        "retry": Retry(NoBackoff(), 0),  # the next Sentinel is asked instead
    }
    hosts = [(part.hostname, part.port or SENTINEL_PORT) for part in parts]
    first = parts[0]
    options |= {"db": int(first.path.strip("/") or 0)}
    options |= {"username": unquote(first.username or "") or None}
    options |= {"password": unquote(first.password or "") or None}
    sentinel: Any = Sentinel  # redis-py types everything but this
    primary: Redis = sentinel(hosts, sentinel_kwargs=sentinel_options).master_for(
        server.master_name, **options
    )
    return primary


def client_url(url: str) -> str:
    """Convert a broker URL, written for the library kombu, to the form that the library redis-py
    reads."""
    parts = urlsplit(url)
    scheme = "unix" if parts.scheme in ("redis+socket", "socket") else parts.scheme
    query = {"db" if k == "virtual_host" else k: v for k, v in parse_qsl(parts.query)}
    if "ssl_cert_reqs" in query:
        query["ssl_cert_reqs"] = query["ssl_cert_reqs"].lower().removeprefix("cert_")
    # Not urlunsplit: it would drop the slashes of unix:///path.
    return f"{scheme}://{parts.netloc}{parts.path}" + (f"?{urlencode(query)}" if query else "")
