"""A connection of one's own to the broker: for a thread, a producer's question, a command."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from worker.broker.transport import Transport
from worker.errors import Unavailable

_TIMEOUTS = {"socket_timeout": 2, "socket_connect_timeout": 2}


def connect(app: Any) -> Any:
    """Raises RedisError or OSError after one attempt."""
    connection = app.connection_for_write()
    connection.transport_options = {**connection.transport_options, **_TIMEOUTS}
    connection.connect()  # one attempt; default_channel alone would retry with pauses of its own
    return connection


def is_ours(app: Any) -> bool:
    """Whether this application's broker is spoken to by our transport: Redis and its kind."""
    return issubclass(app.connection_for_write().get_transport_cls(), Transport)


class BrokerConnection:
    """Opened on first use, and again after an error. Not shared between threads."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._connection: Any = None

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """Raises Unavailable when the broker does not answer."""
        try:
            if self._connection is None:
                self._connection = connect(self._app)
            yield self._connection.default_channel
        except (RedisError, OSError, OperationalError) as e:
            self.close()
            raise Unavailable("broker", str(e)) from e

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(RedisError, OSError):
                connection.release()
