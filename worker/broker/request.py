"""Decides in the main process what happens to a message when its task ended.

task returned                         -> acked
task raised Unavailable               -> back to its queue, uncounted; consuming pauses
task rejected unreadable messages     -> those to the dead list, with the reasons
its child died or ran too long        -> quarantine lane, where each article is tried alone
task raised another error             -> quarantine lane
message could not be handed to a child -> quarantine lane

What fails in the quarantine lane too often goes to the dead list, with the last error.
"""

import logging
import re
from time import monotonic
from typing import Any

from billiard.exceptions import Terminated
from celery.exceptions import Reject, TimeLimitExceeded
from celery.worker import state
from celery.worker.request import Request as CeleryRequest

from worker.broker.circuit_breaker import gate
from worker.broker.messages import bounded
from worker.errors import Unavailable

log = logging.getLogger("worker.broker")

_LAST_LINE_OF_CODE = re.compile(r'File "[^"]*?([^"/]+/[^"/]+)", line (\d+)')


class TaskEnd:
    """Counts the requests that this process acked or rejected since it started."""

    count = 0


class Request(CeleryRequest):
    def __init__(self, message: Any, **options: Any) -> None:
        super().__init__(message, **options)
        # The articles are in the body. As arguments they would show in `celery inspect active`.
        self._args = self._request_dict["args"] = ()
        self.held_since = monotonic()
        self.running_since: float | None = None

    def on_accepted(self, pid: int, time_accepted: float) -> None:
        self.running_since = monotonic()
        super().on_accepted(pid, time_accepted)

    def acknowledge(self) -> None:
        TaskEnd.count += 1
        super().acknowledge()

    def reject(self, requeue: bool = False) -> None:
        TaskEnd.count += 1
        super().reject(requeue)

    def on_failure(
        self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False
    ) -> None:
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        ended_by_us = self._already_cancelled or self._already_revoked or state.should_terminate
        if isinstance(error, Reject):
            self._refuse(error)
            super().on_failure(exc_info, send_failed_event, return_ok)
        elif ended_by_us or isinstance(error, Terminated):
            super().on_failure(exc_info, send_failed_event, return_ok)
        else:
            self.fail(_described(error, exc_info), error=type(error).__name__)

    def on_timeout(self, soft: bool, timeout: float) -> None:
        if soft or state.should_terminate:
            super().on_timeout(soft, timeout)
        else:
            self.fail(f"over the hard limit of {timeout:g} s", error=TimeLimitExceeded.__name__)

    def fail(self, why: str, *, error: str) -> None:
        """Log the failure in one line, and send the message to the quarantine lane, or to the dead
        list after too many failures. Only the first call counts: Celery reports a time limit twice.
        """
        if self.acknowledged:
            return
        log.error("message.failed task=%s id=%s error=%s", self.name, self.id, why)
        state.task_ready(self)
        self.message.channel.qos.detour(self.message.delivery_tag, why)
        self.reject(requeue=True)
        self.send_event("task-failed", exception=error, traceback=why)

    def _refuse(self, error: Reject) -> None:
        if isinstance(error.reason, Unavailable):
            self._pause(error.reason.what)
        elif isinstance(error.reason, dict):
            self.message.channel.qos.blame(self.message.delivery_tag, error.reason)

    def _pause(self, what: str) -> None:
        if what in ("store", "index"):
            gate.close(what, lambda: self.task.probe(what))


def _described(error: BaseException, exc_info: Any) -> str:
    """In one line: what was raised, and in which line of code."""
    places = _LAST_LINE_OF_CODE.findall(str(exc_info.traceback or ""))
    place = " at {}:{}".format(*places[-1]) if places else ""
    return bounded(f"{type(error).__name__}: {error}", 240) + place
