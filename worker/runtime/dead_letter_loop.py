"""A background loop of a worker that keeps the dead letters in the store in order.

It moves undeliverable messages from the broker's dead lists to the store, deletes old letters, and
replays stalled articles once.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from worker import background
from worker.broker.connection import BrokerConnection
from worker.errors import Unavailable
from worker.maintenance.stalled_letters import replay_stalled
from worker.maintenance.undeliverable import drain, expire
from worker.store.database.fork_lock import fork_lock
from worker.store.ports import DeadLetterStore

log = logging.getLogger("worker")

EVERY_S = 5.0
_EXPIRE_EVERY_S = 3600.0


def start(
    app: Any, store: DeadLetterStore, keep_days: float, stalled_replay_s: float = 600.0
) -> background.BackgroundLoop:
    """Start the background loop that stores undeliverable messages of the broker as dead letters.

    It also deletes, once an hour, dead letters last seen more than `keep_days` days ago (0: none).
    And it replays, once, each dead letter with the reason `stalled`, about `stalled_replay_s`
    seconds later: runs of its article took too long by the clock, but not by CPU time, perhaps
    because the machine was suspended or busy.
    """
    connection = BrokerConnection(app)
    queue = app.conf.task_default_queue
    expired_at = float("-inf")
    replayed_at = time.monotonic()

    @contextmanager
    def storing() -> Iterator[None]:
        with fork_lock():
            try:
                yield
            finally:
                store.close()

    def turn() -> None:
        nonlocal expired_at, replayed_at
        try:
            with connection.channel() as channel:
                drain(channel, list(app.amqp.queues), store, storing)
                if time.monotonic() - replayed_at > stalled_replay_s / 2:
                    replayed_at = time.monotonic()
                    with storing():
                        replay_stalled(channel, queue, store, stalled_replay_s, datetime.now(UTC))
            if keep_days and time.monotonic() - expired_at > _EXPIRE_EVERY_S:
                expired_at = time.monotonic()
                with storing():
                    expire(store, keep_days, datetime.now(UTC))
        except Unavailable as e:
            level = logging.DEBUG if e.what == "broker" else logging.INFO  # others report that
            log.log(level, "dead-letters.waits error=%s", e)

    return background.start_loop("dead-lists", turn, pause_s=EVERY_S)
