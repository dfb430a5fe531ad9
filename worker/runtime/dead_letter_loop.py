"""A background loop that moves undeliverable messages from the broker's dead lists to the store."""

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


def start(app: Any, store: DeadLetterStore, keep_days: float) -> background.BackgroundLoop:
    """Start the background loop that moves undeliverable messages into the store as dead letters.

    Once an hour it also deletes dead letters last seen more than `keep_days` days ago; with 0 it
    deletes none.
    """
    connection = BrokerConnection(app)
    expired_at = float("-inf")

    @contextmanager
    def storing() -> Iterator[None]:
        with fork_lock():
            try:
                yield
            finally:
                store.close()

    def turn() -> None:
        nonlocal expired_at
        try:
            with connection.channel() as channel:
                drain(channel, list(app.amqp.queues), store, storing)
            if keep_days and time.monotonic() - expired_at > _EXPIRE_EVERY_S:
                expired_at = time.monotonic()
                with storing():
                    expire(store, keep_days, datetime.now(UTC))
        except Unavailable as e:
            level = logging.DEBUG if e.what == "broker" else logging.INFO  # others report that
            log.log(level, "dead-letters.waits error=%s", e)

    return background.start_loop("dead-lists", turn, pause_s=EVERY_S)
