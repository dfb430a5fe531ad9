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

from celery.worker import control, state
from celery.worker.consumer import Consumer as CeleryConsumer
from celery.worker.request import Request as CeleryRequest

__all__ = ["CeleryConsumer", "CeleryRequest", "control"]

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


def remove_builtin_tasks(app: Any) -> None:
    """Remove Celery's own tasks, such as celery.group, from the tasks that a worker can run.

    This package uses none of them, and some of them run or send whatever task a message names.
    """
    for name in [name for name in app.tasks if name.startswith("celery.")]:
        app.tasks.unregister(name)


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


def hide_rejection_records() -> None:
    """Drop Celery's log records of rejected tasks, which have twenty lines each.

    This package logs the reason of each rejection itself, in one line.
    """

    def is_no_rejection(record: logging.LogRecord) -> bool:
        return getattr(record, "data", {}).get("description") != "rejected"

    logging.getLogger("celery.app.trace").addFilter(is_no_rejection)
