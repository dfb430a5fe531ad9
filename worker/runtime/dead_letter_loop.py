"""A background loop that empties the broker's dead-letter queues into the store."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from worker import background
from worker.broker.connection import BrokerConnection
from worker.errors import Unavailable
from worker.maintenance.undeliverable import drain, expire
from worker.store.database.fork_lock import fork_lock
from worker.store.ports import DeadLetterStore

log = logging.getLogger("worker")

EVERY_S = 5.0
_EXPIRE_EVERY_S = 3600.0


def start(app: Any, store: DeadLetterStore, keep_days: float) -> None:
    """From now on empty the dead lists every few seconds, and once an hour drop the letters that
    are older than `keep_days`, unless that is 0."""
    background.keep("dead-lists", lambda: _keep(app, store, keep_days))


def _keep(app: Any, store: DeadLetterStore, keep_days: float) -> None:
    @contextmanager
    def alone() -> Iterator[None]:
        with fork_lock():
            try:
                yield
            finally:
                store.close()

    link, queues = BrokerConnection(app), list(app.amqp.queues)
    expired = float("-inf")
    while True:
        try:
            with link.channel() as channel:
                drain(channel, queues, store, alone)
            if keep_days and time.monotonic() - expired > _EXPIRE_EVERY_S:
                expired = time.monotonic()
                with alone():
                    expire(store, keep_days, datetime.now(UTC))
        except Unavailable as e:
            log.info("undertaker.waits error=%s", e)
        time.sleep(EVERY_S)
