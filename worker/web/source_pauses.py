"""Pause and resume sources from the web server. Workers hold the articles of a paused source."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from worker import background
from worker.broker import pauses
from worker.broker.connection import BrokerConnection
from worker.broker.pauses import Pause
from worker.celery import broker_url, make_app
from worker.client.producer import Producer
from worker.config.worker_rules import load_worker_rules
from worker.maintenance.resumption import resume_source
from worker.settings import Settings
from worker.store.ports import ResumingStore
from worker.web.console_broker import ConsoleBroker


class SourcePauses:
    """Reads, pauses and resumes sources in the broker that the settings name. Threads may share
    it."""

    def __init__(self, settings: Settings, broker: ConsoleBroker) -> None:
        self._settings = settings
        self._broker = broker

    def read(self) -> Mapping[str, Pause]:
        """Return the paused sources by name. Raises Unavailable when the broker does not answer."""
        with self._broker.channel() as (channel, queue):
            return pauses.read_pauses(channel, queue).sources

    def pause(self, source: str, asked: Pause) -> None:
        """Let workers hold the articles of a source from now on.

        Raises Unavailable when the broker does not answer.
        """
        with self._broker.channel() as (channel, queue):
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
def _connected(settings: Settings) -> Iterator[tuple[Any, str]]:
    """A connection of its own, for a job that takes longer than a request."""
    rules = load_worker_rules(settings.config_dir)
    connection = BrokerConnection(make_app(broker_url(settings), rules))
    try:
        with connection.channel() as channel:
            yield channel, rules.queue.name
    finally:
        connection.close()
