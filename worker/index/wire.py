"""Commands go out to Redis or Valkey in one round trip, their replies come in."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

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

from worker.errors import Unavailable

Command = tuple[Any, ...]

# The server is gone, full, or no longer the primary: all of them pass.
PASSING = (ConnectionError, TimeoutError, OutOfMemoryError, ReadOnlyError, MasterDownError)


class Wire:
    """A connection that opens with the first trip; redis-py opens its own in a forked child."""

    def __init__(self, url: str, timeout_s: float) -> None:
        # One more try for a connection that the server closed while it was idle, no waiting:
        # whoever gets Unavailable waits better, with the batch back on its queue.
        self._redis: Redis = Redis.from_url(
            client_url(url),
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 1),
        )
        self.trips = 0

    def trip(self, commands: Sequence[Command]) -> list[Any]:
        """All replies, in order; not a transaction. Raises Unavailable."""
        pipeline: Any = self._redis.pipeline(transaction=False)  # execute_command has no types
        for command in commands:
            pipeline.execute_command(*command)
        self.trips += 1
        try:
            return list(pipeline.execute())
        except PASSING as e:
            raise Unavailable("index", str(e)) from e

    def close(self) -> None:
        self._redis.close()


def client_url(url: str) -> str:
    """A broker URL as kombu spells it, as redis-py spells it."""
    parts = urlsplit(url)
    scheme = "unix" if parts.scheme in ("redis+socket", "socket") else parts.scheme
    query = {"db" if k == "virtual_host" else k: v for k, v in parse_qsl(parts.query)}
    if "ssl_cert_reqs" in query:
        query["ssl_cert_reqs"] = query["ssl_cert_reqs"].lower().removeprefix("cert_")
    # urlunsplit would make unix:/path of it, without the host's slashes.
    return f"{scheme}://{parts.netloc}{parts.path}" + (f"?{urlencode(query)}" if query else "")
