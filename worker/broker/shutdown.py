"""End a worker's warm shutdown within a time limit, and put unfinished messages back.

A warm shutdown takes no new messages and lets running batches finish. When the time is up, the
messages of unfinished ones go to the front of their queue, which does not count as a failed
delivery. Celery's own soft shutdown also has a limit, but sleeps in the main process, which then
acks no message and renews no lease. Here a background job waits instead.
"""

import logging
import os
import signal
from contextlib import suppress
from threading import Event
from typing import Any

from celery.signals import worker_shutting_down

from worker import background
from worker.broker import celery_internals, held_messages
from worker.broker.circuit_breaker import circuit_breaker
from worker.broker.connection import BrokerConnection
from worker.broker.presence import leave
from worker.broker.qos import QoS
from worker.errors import Unavailable

log = logging.getLogger("worker.broker")

_CLAIM_REPLY_S = 0.3  # a claim that was sent before has been answered by then
_HAND_OVER_S = 2.0  # messages that wait longer for a process go back to their queue
_BEGIN_S = 8.0  # a process to which a message was written begins in this time, on any machine


def limit_warm_shutdown(worker: Any, drain_s: float) -> None:
    """Give running batches `drain_s` seconds to finish once the worker begins a warm shutdown.

    After that time the messages of unfinished batches are put back on their queue, and the worker
    and its pool processes end.
    """

    def on_shutdown(how: str, **_: object) -> None:
        if how == "Warm":
            log.info("drain.began limit_s=%g", drain_s)
            background.run_once("drain", lambda: _end(worker), delay_s=drain_s)

    worker_shutting_down.connect(on_shutdown, weak=False)


def delay_sigterm() -> None:
    """Make SIGTERM begin the shutdown only once each message that was taken is with a pool process.

    Otherwise Celery would forget a message that was taken just before the signal, or wait for it
    without end. The delay is about 2 s at most; meanwhile no more messages are taken. On a busy
    machine it may be 10 s, until a process begins with the message that was written to it: that
    message would be processed and also be put back.
    """
    celery_handler = signal.getsignal(signal.SIGTERM)
    requested, handed_over = Event(), Event()

    def on_sigterm(number: int, frame: Any) -> None:
        if handed_over.is_set() and callable(celery_handler):
            celery_handler(number, frame)
        elif not requested.is_set():
            requested.set()
            # Not called here: a signal handler must not wait for a lock.
            background.run_once("settle", circuit_breaker.stop)
            background.run_once(
                "settle", lambda: _begin_shutdown(handed_over), delay_s=_CLAIM_REPLY_S
            )

    signal.signal(signal.SIGTERM, on_sigterm)


def _begin_shutdown(handed_over: Event) -> None:
    try:
        background.wait_until(lambda: not held_messages.unstarted(), _HAND_OVER_S)
        if waiting := held_messages.handed_over():
            log.info("drain.waits messages=%d; their processes have not begun", len(waiting))
            background.wait_until(lambda: not held_messages.handed_over(), _BEGIN_S)
    finally:  # whatever went wrong, the worker must end
        handed_over.set()
        os.kill(os.getpid(), signal.SIGTERM)


def _end(worker: Any) -> None:
    try:
        tags = held_messages.in_flight()
        log.warning("drain.over messages=%d", len(tags))
        with BrokerConnection(worker.app).channel() as channel:
            for tag in tags:
                QoS(channel).restore_by_tag(tag)
            leave(channel, worker.app.conf.task_default_queue, worker.hostname)
    except Unavailable as e:
        log.warning("drain.unreachable error=%s; the leases will expire", e)
    except Exception:
        log.exception("drain.failed; the leases will expire")
    finally:
        # After the messages went back: a process that still commits is absorbed by its receipts,
        # and nobody takes its death for the fault of its message.
        for process in celery_internals.pool_processes(worker):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        os._exit(os.EX_OK)
