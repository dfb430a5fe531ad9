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
from worker.broker.circuit_breaker import gate
from worker.broker.connection import BrokerConnection
from worker.broker.qos import QoS
from worker.errors import Unavailable

log = logging.getLogger("worker.broker")

_ANSWERED_S = 0.3  # a claim that was on its way has been answered
_SETTLE_S = 2.0  # more messages than processes: what waits for one goes back


def arm(worker: Any, drain_s: float) -> None:
    """From now on SIGTERM gives running batches this long."""

    def begin(how: str, **_: object) -> None:
        if how == "Warm":
            log.info("drain.began limit_s=%g", drain_s)
            threading.Thread(target=_end, args=(worker, drain_s), name="drain", daemon=True).start()

    worker_shutting_down.connect(begin, weak=False)


def settle_first() -> None:
    """From now on SIGTERM ends the claiming at once, and the shutdown begins when every message
    has reached a process.

    Celery would write to the pool no more while the pool throws away what lies in its pipes: a
    message taken just before was forgotten, or made the pool wait for itself.
    """
    warm = signal.getsignal(signal.SIGTERM)
    settling, settled = threading.Event(), threading.Event()

    def on_term(number: int, frame: Any) -> None:
        if settled.is_set() and callable(warm):
            warm(number, frame)
        elif not settling.is_set():
            settling.set()
            threading.Thread(target=_settle, args=(settled,), name="settle", daemon=True).start()

    signal.signal(signal.SIGTERM, on_term)


def _settle(settled: threading.Event) -> None:
    gate.shut()
    time.sleep(_ANSWERED_S)
    until = time.monotonic() + _SETTLE_S
    while leases.unstarted() and time.monotonic() < until:
        time.sleep(0.02)
    settled.set()
    os.kill(os.getpid(), signal.SIGTERM)


def _end(worker: Any, drain_s: float) -> None:
    time.sleep(drain_s)
    tags = leases.in_flight()
    log.warning("drain.over messages=%d", len(tags))
    try:
        with BrokerConnection(worker.app).channel() as channel:
            for tag in tags:
                QoS(channel).restore_by_tag(tag)
    except Unavailable as e:
        log.warning("drain.unreachable error=%s; the leases will expire", e)
    finally:
        # After the messages went back: a child that still commits is absorbed by its receipts, and
        # nobody takes its death for a message that kills.
        for process in _children(worker):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        os._exit(os.EX_OK)


def _children(worker: Any) -> list[Any]:
    pool = getattr(worker.pool, "_pool", None)  # none yet, when it was told to end while it started
    return list(pool._pool) if pool else []
