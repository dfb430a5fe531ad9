"""Connections to the broker beside Celery's own, on which messages are consumed.

A background thread, a producer that asks how full the broker is, and a command each open one.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from worker.broker.transport import Transport
from worker.errors import Unavailable, WorkerError

_TIMEOUTS = {"socket_timeout": 2, "socket_connect_timeout": 2}


def connect(app: Any, reply_s: float | None = None) -> Any:
    """Open a new connection to the broker of the Celery app `app`, with one attempt for each
    address of its URL and no pause between them.

    Connecting, and later each reply, may take 2 s; a reply `reply_s` seconds if that is given.
    Raises RedisError or OSError when the broker does not answer.
    """
    connection = app.connection_for_write()
    timeouts = {**_TIMEOUTS, **({"socket_timeout": reply_s} if reply_s else {})}
    connection.transport_options = {**connection.transport_options, **timeouts}
    # kombu's own connect() tries a server that refuses again after 2 s.
    retries = max(0, len(connection.alt) - 1)
    connection.ensure_connection(
        max_retries=retries, interval_start=0, interval_step=0, reraise_as_library_errors=False
    )
    return connection


def uses_our_transport(app: Any) -> bool:
    """Whether the Celery app `app` reaches its broker by this package's transport, not kombu's."""
    return issubclass(app.connection_for_write().get_transport_cls(), Transport)


class BrokerConnection:
    """A connection to the broker that is opened on first use, and reopened after an error.

    Only one thread may use it. A reply may take `reply_s` seconds, by default 2.
    """

    def __init__(self, app: Any, *, reply_s: float | None = None) -> None:
        self._app = app
        self._reply_s = reply_s
        self._connection: Any = None

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """Yield a kombu channel, by which commands are sent to the broker, to a `with` block.

        It connects first if necessary. Raises Unavailable when the broker does not answer, be it
        while connecting or to a command in the block.
        """
        try:
            if self._connection is None:
                self._connection = connect(self._app, self._reply_s)
            yield self._connection.default_channel
        except (RedisError, OSError, OperationalError) as e:
            self.close()
            raise Unavailable("broker", _detail(e)) from e
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


def _detail(error: Exception) -> str:
    """Say what is wrong without the representation of each Sentinel's client, which redis-py adds
    to the name of the primary that none of them knows."""
    found, *_ = str(error).split(" : <", 1)
    return found
