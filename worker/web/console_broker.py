"""The connection of the console to the broker, for what a person asks of it now and then."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from worker.broker import embedded
from worker.broker.connection import BrokerConnection
from worker.celery import broker_url, make_app
from worker.config.worker_rules import load_worker_rules
from worker.errors import Unavailable
from worker.settings import Settings

_WAIT_S = 5.0  # a command takes at most 2 s, so another request ends in that time


class ConsoleBroker:
    """A connection to the broker that is opened on first use, for one request at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._opened: tuple[BrokerConnection, str] | None = None

    @contextmanager
    def channel(self) -> Iterator[tuple[Any, str]]:
        """Yield a channel to the broker and the name of the live queue to a `with` block.

        Raises Unavailable if the broker does not answer now or during the block, or if the embedded
        broker, which workers start, does not run.
        """
        settings = self._settings
        if settings.embedded_broker and not embedded.is_running(settings.var_dir):
            raise Unavailable("broker", "the embedded broker does not run; a worker starts it")
        if not self._lock.acquire(timeout=_WAIT_S):
            raise Unavailable("broker", "another request waits for its answer")
        try:
            connection, queue = self._opened = self._opened or self._open()
            with connection.channel() as channel:
                yield channel, queue
        finally:
            self._lock.release()

    def _open(self) -> tuple[BrokerConnection, str]:
        rules = load_worker_rules(self._settings.config_dir)
        return BrokerConnection(make_app(broker_url(self._settings), rules)), rules.queue.name
