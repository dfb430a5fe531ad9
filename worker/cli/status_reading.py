"""Open broker and store for the commands that show the state of the whole system."""

import getpass
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from worker import bootstrap
from worker.broker import embedded
from worker.broker.broker_state import BrokerState
from worker.broker.connection import BrokerConnection
from worker.broker.pauses import new_pause, pause_lane, resume_lane
from worker.celery import broker_url, make_app
from worker.config.monitoring_rules import load_monitoring_rules
from worker.config.worker_rules import load_worker_rules
from worker.errors import Unavailable
from worker.monitoring.slow_facts import SlowFactReader
from worker.monitoring.status import read_broker, read_status
from worker.monitoring.status_values import Status
from worker.settings import Settings
from worker.store.ports import ArticleStore


class StatusReader:
    """Reads the state of the whole system again and again, over connections that stay open."""

    def __init__(self, settings: Settings, store: ArticleStore) -> None:
        self.store = store
        # A worker or `worker web` judges all sources once a minute: that need not be done again.
        self._slow_facts = SlowFactReader(store, judges=False)
        self._embedded_dir = settings.var_dir if settings.embedded_broker else None
        self._rules = load_worker_rules(settings.config_dir)
        self._monitoring = load_monitoring_rules(settings.config_dir)
        self._connection = BrokerConnection(make_app(broker_url(settings), self._rules))

    def read(self) -> Status:
        """Return the state of the whole system now. What does not answer is named in it."""
        now = datetime.now(UTC)
        servers = (self._connection, self.store, self._slow_facts)
        is_down = self._embedded_dir is not None and not embedded.is_running(self._embedded_dir)
        return read_status(*servers, self._rules, self._monitoring, now=now, embedded_down=is_down)

    def set_pause(self, lane: str, *, paused: bool) -> None:
        """Let all workers take no messages of a lane (a queue of the workers), or take them again.

        Raises Unavailable when the broker does not answer.
        """
        queue = self._rules.queue.name
        with self._connection.channel() as channel:
            if paused:
                asked = new_pause(operator(), "paused in worker top", datetime.now(UTC))
                pause_lane(channel, queue, lane, asked)
            else:
                resume_lane(channel, queue, lane)

    def close(self) -> None:
        """Close the connection to the broker."""
        self._connection.close()


def operator() -> str:
    """Name whoever runs this command, such as `ann@host`."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def running_broker(settings: Settings) -> BrokerState | None:
    """Read the state of the broker, without starting an embedded one; None if it does not
    answer."""
    if settings.embedded_broker and not embedded.is_running(settings.var_dir):
        return None
    rules = load_worker_rules(settings.config_dir)
    with closing(BrokerConnection(make_app(broker_url(settings), rules))) as connection:
        return read_broker(connection, rules)


@contextmanager
def status_reader(settings: Settings) -> Iterator[StatusReader]:
    """Open broker and store for a `with` block. A server that does not answer is no error, and
    neither is an embedded broker that is stopped: it is not started.

    Raises BadConfig for invalid config, for a store that does not exist, and for one that must be
    migrated first.
    """
    with closing(_store(settings)) as store, closing(StatusReader(settings, store)) as reader:
        yield reader


def _store(settings: Settings) -> ArticleStore:
    try:
        return bootstrap.existing_store(settings)
    except Unavailable:  # reading says so again
        return bootstrap.store(settings)
