"""The messages that this process has claimed from the broker, and not yet acked or rejected.

The functions return delivery tags, which name claimed messages in the broker. Any thread may call
them.
"""

import time
from collections.abc import Callable
from typing import Any

from worker.broker import celery_internals
from worker.broker.lua_scripts import split_group_tags

_MARGIN_S = 15.0  # seconds that killing a batch at its limit may take on a busy machine
_READ_ATTEMPTS = 100

RequestSet = Callable[[], tuple[Any, ...]]


def in_flight() -> list[str]:
    """List the messages that this process took and has not finished, by their delivery tags.

    A delivery tag is the name of a message that a worker took. A message is finished once it is
    acked or rejected; those on which no pool process works yet are included.
    """
    return split_group_tags({request.message.delivery_tag for request in _unfinished()})


def overdue(limit_s: float) -> list[str]:
    """List the messages that this process has taken and should have finished by now, by their
    delivery tags (the names of taken messages).

    `limit_s` is the time limit of a task in seconds. A message is overdue 15 s after its task has
    run that long. One whose task has not begun is overdue 15 s after twice that time since it was
    taken.
    """
    now = time.monotonic()

    def is_overdue(request: Any) -> bool:
        if request.running_since is not None:
            return bool(now - request.running_since > limit_s + _MARGIN_S)
        return bool(now - request.received_at > 2 * limit_s + _MARGIN_S)

    return split_group_tags({r.message.delivery_tag for r in _unfinished() if is_overdue(r)})


def handed_over() -> list[str]:
    """List the messages that were written to a pool process which has not yet begun to work on
    them, by their delivery tags.

    Such a process will work on them in any case, so they must not go back to their queue. A
    delivery tag is the name of a message that a worker took.
    """
    waiting = [request for request in _unstarted() if celery_internals.is_with_process(request)]
    return [request.message.delivery_tag for request in waiting]


def unstarted() -> list[str]:
    """List the messages of this process that no pool process works on yet, by their delivery tags.

    A delivery tag is the name of a message that a worker took; several small messages that run
    together have one tag here.
    """
    return [request.message.delivery_tag for request in _unstarted()]


def _unstarted() -> list[Any]:
    reserved = _read(celery_internals.reserved_requests)
    accepted = set(_read(celery_internals.accepted_requests))
    return [request for request in reserved if request not in accepted and not _is_done(request)]


def running_requests() -> tuple[Any, ...]:
    """List the messages on which a pool process works, as Celery's request objects."""
    return _read(celery_internals.accepted_requests)


def _unfinished() -> list[Any]:
    requests = (
        *running_requests(),
        *_read(celery_internals.reserved_requests),
        *_read(celery_internals.scheduled_requests),
    )
    return [request for request in requests if not _is_done(request)]


def _is_done(request: Any) -> bool:
    return bool(request.acknowledged)


def _read(requests: RequestSet) -> tuple[Any, ...]:
    for _ in range(_READ_ATTEMPTS):
        try:
            return requests()
        except RuntimeError:  # the main thread changed the set meanwhile
            continue
    return requests()
