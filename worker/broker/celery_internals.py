"""All private names of Celery and billiard that this package uses, and the classes it extends.

The other modules use the public names defined here. tests/broker/test_internals.py pins each name
with its signature, so that a Celery release that moves one fails there first. Only modules that run
inside a worker import this one: celery.worker takes 40 ms to import, which a producer can do
without.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from celery.worker import state
from celery.worker.consumer import Consumer as CeleryConsumer
from celery.worker.request import Request as CeleryRequest

__all__ = ["CeleryConsumer", "CeleryRequest"]

# Names of steps of Celery's start-up, for `requires`.
POOL_STEP = "celery.worker.components:Pool"
CONNECTION_STEP = "celery.worker.consumer.connection:Connection"


def accepted_requests() -> tuple[Any, ...]:
    """The requests that a pool process accepted.

    Raises RuntimeError when the main thread changes the set meanwhile: it has no lock.
    """
    return tuple(state.active_requests)


def reserved_requests() -> tuple[Any, ...]:
    """The requests this worker took from the broker, accepted or not. Raises as above."""
    return tuple(state.reserved_requests)


def scheduled_requests() -> tuple[Any, ...]:
    """The requests that wait for their ETA. Raises as above."""
    return tuple(state.scheduled_requests)


def is_terminating() -> bool:
    """Whether a cold shutdown was asked for."""
    return bool(state.should_terminate)


def mark_ready(request: Any) -> None:
    """Remove a request from the sets of requests that are reserved and accepted."""
    state.task_ready(request)


def hide_arguments(request: Any) -> None:
    """Hide the arguments of a request from `celery inspect active`."""
    request._args = request._request_dict["args"] = ()


def was_cancelled(request: Any) -> bool:
    """Whether this worker itself cancelled or revoked the request."""
    return bool(request._already_cancelled or request._already_revoked)


def set_pool_entry(controller: Any, hand_over: Callable[[Any, Any], None]) -> None:
    """Make the worker call `hand_over(controller, request)` to pass a request to the pool.

    Celery looks the method up for each message, after it acquired a slot of the pool.
    """
    controller._process_task = partial(hand_over, controller)


def release_pool_slot(controller: Any) -> None:
    """Release the slot acquired for a request. Does nothing for a pool that has no slots."""
    release = getattr(controller, "_quick_release", None)
    if release is not None:
        release()


def pool_processes(worker: Any) -> list[Any]:
    """The worker's pool processes; an empty list when the pool has not started yet."""
    pool = getattr(worker.pool, "_pool", None)
    return list(pool._pool) if pool else []


def hide_rejection_records() -> None:
    """Drop Celery's log record of a rejected task, twenty lines each: our own line says why."""

    def is_no_rejection(record: logging.LogRecord) -> bool:
        return getattr(record, "data", {}).get("description") != "rejected"

    logging.getLogger("celery.app.trace").addFilter(is_no_rejection)
