"""Ends a warm shutdown in time: what is not done goes back to its queue, uncounted.

Celery's own soft shutdown sleeps in the main process, where nothing is acked or renewed
meanwhile; this is a thread, and everything goes on until the time is up.
"""

import logging
import os
import signal
import threading
import time
from contextlib import suppress
from typing import Any

from celery.signals import worker_shutting_down

from worker.broker import leases
from worker.broker.link import Link
from worker.broker.qos import QoS
from worker.errors import Unavailable

log = logging.getLogger("worker.broker")


def arm(worker: Any, drain_s: float) -> None:
    """From now on SIGTERM gives running batches this long."""

    def begin(how: str, **_: object) -> None:
        if how == "Warm":
            log.info("drain.began limit_s=%g", drain_s)
            threading.Thread(target=_end, args=(worker, drain_s), name="drain", daemon=True).start()

    worker_shutting_down.connect(begin, weak=False)


def _end(worker: Any, drain_s: float) -> None:
    time.sleep(drain_s)
    tags = leases.in_flight()
    log.warning("drain.over messages=%d", len(tags))
    try:
        with Link(worker.app).channel() as channel:
            for tag in tags:
                QoS(channel).restore_by_tag(tag)
    except Unavailable as e:
        log.warning("drain.unreachable error=%s; the leases will expire", e)
    finally:
        # After the messages went back: a child that still commits is absorbed by its receipts, and
        # nobody takes its death for a message that kills.
        for process in list(worker.pool._pool._pool):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        os._exit(os.EX_OK)
