"""All private names of Celery and billiard that this package uses, and the classes it extends.

The other modules use the public names defined here. tests/broker/test_internals.py pins each name
with its signature, so that a Celery release that moves one fails there first. Only modules that run
inside a worker import this one: celery.worker takes 40 ms to import, which a producer can do
without.
"""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from celery.exceptions import CPendingDeprecationWarning
from celery.worker import state
from celery.worker.consumer import Consumer as CeleryConsumer
from celery.worker.consumer.consumer import CONNECTION_ERROR, CONNECTION_RETRY
from celery.worker.request import Request as CeleryRequest

__all__ = ["CeleryConsumer", "CeleryRequest"]

# Names of steps of Celery's start-up, for `requires`.
POOL_STEP = "celery.worker.components:Pool"
CONNECTION_STEP = "celery.worker.consumer.connection:Connection"


def accepted_requests() -> tuple[Any, ...]:
    """The requests that a pool process has started to work on.

    A request is Celery's object for one claimed message. Raises RuntimeError when another thread
    changes Celery's set of them during the copy.
    """
    return tuple(state.active_requests)


def reserved_requests() -> tuple[Any, ...]:
    """The requests for all messages that this worker took from the broker and has not finished.

    They include those that no pool process has started. Raises RuntimeError when another thread
    changes Celery's set of them during the copy.
    """
    return tuple(state.reserved_requests)


def scheduled_requests() -> tuple[Any, ...]:
    """The requests that wait in this worker for the time (ETA) at which their task may run.

    Raises RuntimeError when another thread changes Celery's set of them during the copy.
    """
    return tuple(state.scheduled_requests)


def is_terminating() -> bool:
    """Whether this worker was asked for a cold shutdown, which does not wait for running tasks."""
    return bool(state.should_terminate)


def mark_ready(request: Any) -> None:
    """Remove a finished request from Celery's sets of reserved and accepted requests."""
    state.task_ready(request)


def hide_arguments(request: Any) -> None:
    """Hide a request's arguments from `celery inspect active`. The task still gets them."""
    request._args = request._request_dict["args"] = ()


def was_cancelled(request: Any) -> bool:
    """Whether this worker itself cancelled or revoked the request; its end is no failure then."""
    return bool(request._already_cancelled or request._already_revoked)


def set_pool_entry(controller: Any, hand_over: Callable[[Any, Any], None]) -> None:
    """Make the worker pass each request to its process pool by `hand_over(controller, request)`.

    Celery calls it once per message, after it acquired one of the pool's slots for the request.
    """
    controller._process_task = partial(hand_over, controller)


def release_pool_slot(controller: Any) -> None:
    """Release the pool slot that Celery acquired for a request, so that another request can run.

    Does nothing when the pool of this worker has no slots.
    """
    release = getattr(controller, "_quick_release", None)
    if release is not None:
        release()


def pool_processes(worker: Any) -> list[Any]:
    """The worker's pool processes; an empty list when the pool has not started yet."""
    pool = getattr(worker.pool, "_pool", None)
    return list(pool._pool) if pool else []


def replace_outage_records(begin: Callable[[object], None], lasts: Callable[[], bool]) -> None:
    """Drop Celery's log records of an outage of the broker, and call `begin(error)` instead.

    Celery writes one for each attempt to connect, and one with a traceback of a hundred lines for
    each step of its start-up that it can't stop meanwhile. The latter are dropped while `lasts()`.
    """

    def is_no_outage(record: logging.LogRecord) -> bool:
        if record.msg == CONNECTION_ERROR and isinstance(record.args, tuple):
            begin(record.args[1])
            return False
        return not (isinstance(record.args, tuple) and CONNECTION_RETRY in record.args)

    logging.getLogger("celery.worker.consumer.consumer").addFilter(is_no_outage)
    logging.getLogger("celery.bootsteps").addFilter(lambda record: not lasts())


@contextmanager
def without_advice_on_connection_loss() -> Iterator[None]:
    """Hide Celery's warning, of ten lines, that a setting of connection loss will change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CPendingDeprecationWarning)
        yield


def hide_rejection_records() -> None:
    """Drop Celery's log records of rejected tasks, which have twenty lines each.

    This package logs the reason of each rejection itself, in one line.
    """

    def is_no_rejection(record: logging.LogRecord) -> bool:
        return getattr(record, "data", {}).get("description") != "rejected"

    logging.getLogger("celery.app.trace").addFilter(is_no_rejection)
