"""All private names of Celery and billiard that worker.broker uses, and the classes it extends.

The other modules use the public names defined here. tests/broker/test_internals.py compares each
private name with its expected signature, so a Celery release that changes one fails that test. Only
modules that run inside a worker import this one: celery.worker takes 40 ms to import, which a
producer can do without.
"""

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from celery.apps import worker as worker_program
from celery.exceptions import CPendingDeprecationWarning
from celery.worker import control, state
from celery.worker.consumer import Consumer as CeleryConsumer
from celery.worker.consumer.consumer import CONNECTION_ERROR, CONNECTION_RETRY
from celery.worker.request import Request as CeleryRequest

__all__ = ["CeleryConsumer", "CeleryRequest", "control"]

# Names of steps of Celery's start-up, for `requires`.
POOL_STEP = "celery.worker.components:Pool"
CONNECTION_STEP = "celery.worker.consumer.connection:Connection"


def accepted_requests() -> tuple[Any, ...]:
    """The messages on which a pool process has begun to work, as Celery's request objects.

    Raises RuntimeError when another thread changes Celery's set of them at the same time; the
    caller should then try again.
    """
    return tuple(state.active_requests)


def reserved_requests() -> tuple[Any, ...]:
    """The messages that this worker has taken and not finished, as Celery's request objects.

    Those on which no pool process works yet are included. Raises RuntimeError when another thread
    changes Celery's set of them at the same time; the caller should then try again.
    """
    return tuple(state.reserved_requests)


def scheduled_requests() -> tuple[Any, ...]:
    """The messages that wait in this worker for the time when they are to run (their ETA).

    They are returned as Celery's request objects. Raises RuntimeError when another thread changes
    Celery's set of them at the same time; the caller should then try again.
    """
    return tuple(state.scheduled_requests)


def is_terminating() -> bool:
    """Whether this worker was asked for a cold shutdown, which does not wait for running tasks."""
    return bool(state.should_terminate)


def mark_ready(request: Any) -> None:
    """Tell Celery that a message is finished, so that it is no longer among those in work.

    `request` is Celery's object for the message.
    """
    state.task_ready(request)


def hide_arguments(request: Any) -> None:
    """Empty the arguments in a request, so that `celery inspect active` shows no whole articles.

    A request is Celery's object for one message. The task still gets the articles, because they are
    also in the body of the message.
    """
    request._args = request._request_dict["args"] = ()


def was_cancelled(request: Any) -> bool:
    """Whether this worker itself cancelled or revoked the request, Celery's object for one message.

    A request that ended in this way has not failed.
    """
    return bool(request._already_cancelled or request._already_revoked)


def is_with_process(request: Any) -> bool:
    """Whether a request, Celery's object for one message, was written to a pool process.

    That process will work on it, although it may not have said yet that it has begun.
    """
    reference = request._apply_result
    job = reference() if reference is not None else None
    return getattr(job, "_write_to", None) is not None


def remove_builtin_tasks(app: Any) -> None:
    """Remove Celery's own tasks, such as celery.group, from the tasks that a worker can run.

    This package uses none of them, and some of them run or send whatever task a message names.
    """
    for name in [name for name in app.tasks if name.startswith("celery.")]:
        app.tasks.unregister(name)


def set_pool_entry(controller: Any, hand_over: Callable[[Any, Any], None]) -> None:
    """Make the worker pass each message to its process pool by `hand_over(controller, request)`.

    `controller` is the Celery worker, and `request` is Celery's object for the message. When
    `hand_over` is called, Celery has acquired one of the pool's slots for the message, which must
    be released if the message does not reach the pool.
    """
    controller._process_task = partial(hand_over, controller)


def release_pool_slot(controller: Any) -> None:
    """Release the pool slot that Celery acquired for a message, so that another message can run.

    `controller` is the Celery worker. Does nothing when the pool of this worker has no slots.
    """
    release = getattr(controller, "_quick_release", None)
    if release is not None:
        release()


def pool_processes(worker: Any) -> list[Any]:
    """The worker's pool processes; an empty list when the pool has not started yet."""
    pool = getattr(worker.pool, "_pool", None)
    return list(pool._pool) if pool else []


def replace_outage_records(begin: Callable[[object], None], lasts: Callable[[], bool]) -> None:
    """Drop what Celery logs in an outage of the broker, and call `begin` with the error instead.

    Celery would log each attempt to connect, and long tracebacks of steps of its start-up that fail
    meanwhile. The tracebacks are only dropped while `lasts()` is true, during the outage.
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
    """Drop Celery's log records of rejected tasks, each of which has twenty lines.

    worker.broker logs the reason of each rejection itself, in one line.
    """

    def is_no_rejection(record: logging.LogRecord) -> bool:
        return getattr(record, "data", {}).get("description") != "rejected"

    logging.getLogger("celery.app.trace").addFilter(is_no_rejection)


def reword_signals(form: Callable[[str], str]) -> None:
    """Change what Celery prints when it gets a signal, such as "Warm shutdown", by `form`.

    Celery writes these texts past the log, because a signal handler must not wait for its lock.
    """

    def say_as_line(text: str, file: Any = sys.__stderr__) -> None:
        with suppress(OSError, ValueError):  # a closed stream
            os.write(file.fileno(), f"{form(text)}\n".encode())

    worker_program.safe_say = say_as_line
