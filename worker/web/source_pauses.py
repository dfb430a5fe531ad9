"""Pause and resume sources from the web server: a source whose articles are held until then."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import Any

from worker import background
from worker.broker import embedded, pauses
from worker.broker.connection import BrokerConnection
from worker.broker.pauses import Pause
from worker.celery import broker_url, make_app
from worker.client.producer import Producer
from worker.config.worker_rules import load_worker_rules
from worker.errors import Unavailable
from worker.maintenance.resumption import resume_source
from worker.settings import Settings
from worker.store.ports import ResumingStore


class SourcePauses:
    """The sources that are paused, in the broker of these settings. Threads may share it.

    It connects when it is used first. An embedded broker is not started for it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()

    def read(self) -> Mapping[str, Pause]:
        """Return the paused sources by name. Raises Unavailable when the broker does not answer."""
        with self._channel() as (channel, queue):
            return pauses.read_pauses(channel, queue).sources

    def pause(self, source: str, asked: Pause) -> None:
        """Let workers hold the articles of a source from now on.

        Raises Unavailable when the broker does not answer.
        """
        with self._channel() as (channel, queue):
            pauses.pause_source(channel, queue, source, asked)

    def resume(
        self, source: str, store: ResumingStore, open_producer: Callable[[], Producer]
    ) -> None:
        """Send the held articles of a source back to their queues, in the background, and end its
        pause.

        If that is interrupted, workers go on with it after a minute. Raises Unavailable when the
        broker does not answer now.
        """
        self.read()

        def job() -> None:
            with _connected(self._settings) as (channel, queue), open_producer() as producer:
                for _ in resume_source(channel, queue, store, producer, source):
                    pass

        background.run_once("web-resume", job)

    @contextmanager
    def _channel(self) -> Iterator[tuple[Any, str]]:
        if self._settings.embedded_broker and not embedded.is_running(self._settings.var_dir):
            raise Unavailable("broker", "it is not running: start a worker first")
        with self._lock, self._connection.channel() as channel:
            yield channel, self._queue

    @cached_property
    def _queue(self) -> str:
        return load_worker_rules(self._settings.config_dir).queue.name

    @cached_property
    def _connection(self) -> BrokerConnection:
        rules = load_worker_rules(self._settings.config_dir)
        return BrokerConnection(make_app(broker_url(self._settings), rules))


@contextmanager
def _connected(settings: Settings) -> Iterator[tuple[Any, str]]:
    """A connection of its own, for a job that takes longer than a request."""
    rules = load_worker_rules(settings.config_dir)
    connection = BrokerConnection(make_app(broker_url(settings), rules))
    try:
        with connection.channel() as channel:
            yield channel, rules.queue.name
    finally:
        connection.close()
