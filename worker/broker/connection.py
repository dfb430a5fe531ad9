"""A separate connection to the broker, for a thread, a producer's question or a command."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from worker.broker.transport import Transport
from worker.errors import Unavailable, WorkerError

_TIMEOUTS = {"socket_timeout": 2, "socket_connect_timeout": 2}


def connect(app: Any) -> Any:
    """Open a connection with one attempt. Raises RedisError or OSError."""
    connection = app.connection_for_write()
    connection.transport_options = {**connection.transport_options, **_TIMEOUTS}
    connection.connect()  # default_channel alone would retry, with pauses of its own
    return connection


def uses_our_transport(app: Any) -> bool:
    """Whether kombu loads this package's transport for the broker of the application."""
    return issubclass(app.connection_for_write().get_transport_cls(), Transport)


class BrokerConnection:
    """A connection that is opened on first use, and reopened after an error.

    It must not be shared between threads.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._connection: Any = None

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """A channel of the open connection. Raises Unavailable when the broker does not answer."""
        try:
            if self._connection is None:
                self._connection = connect(self._app)
            yield self._connection.default_channel
        except (RedisError, OSError, OperationalError) as e:
            self.close()
            raise Unavailable("broker", str(e)) from e
        except WorkerError:
            raise
        except BaseException:
            # A reply may be left unread on the socket: the next command would get it as its own.
            self.close()
            raise

    def close(self) -> None:
        """Close the connection if it is open. It can be used again afterwards."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(RedisError, OSError):
                connection.release()
