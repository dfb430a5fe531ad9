"""Decide in the main process the fate of a message whose task ended.

task returned                          -> acked
task raised Unavailable                -> back to its queue, uncounted; consuming pauses
task rejected unreadable messages      -> those to the dead list, with the reasons
its process died or ran too long       -> quarantine queue, where each article is tried alone
task raised another error              -> quarantine queue
message could not be passed to the pool -> quarantine queue

A message that fails too often in the quarantine queue goes to the dead list, with the last error.
"""

import logging
import re
from time import monotonic
from typing import Any

from billiard.exceptions import Terminated
from celery.exceptions import Reject, TimeLimitExceeded

from worker.broker import celery_internals
from worker.broker.celery_internals import CeleryRequest
from worker.broker.circuit_breaker import circuit_breaker
from worker.broker.messages import bounded
from worker.errors import Unavailable

log = logging.getLogger("worker.broker")

_CODE_LINE = re.compile(r'File "([^"\n]+)", line (\d+)')


class FinishedMessages:
    """Counts the messages that this process acked or rejected since it started.

    The heartbeat (worker.broker.heartbeat) sees by it that the worker makes progress.
    """

    count = 0


class Request(CeleryRequest):
    """Celery's object for one message in the main process, changed in what follows a failure.

    A message whose task failed goes back to its queue, to the quarantine queue or to the dead list,
    as the table at the top of this module says. The object lives until the message is acked or
    rejected.
    """

    def __init__(self, message: Any, **options: Any) -> None:
        super().__init__(message, **options)
        # The articles are in the body. As arguments they would show in `celery inspect active`.
        celery_internals.hide_arguments(self)
        self.received_at = monotonic()
        self.running_since: float | None = None

    def on_accepted(self, pid: int, time_accepted: float) -> None:
        """Note also when a pool process started to work on the message. Celery calls this then.

        From then on the message is not put back when its channel closes.
        """
        self.running_since = monotonic()
        self.message.channel.qos.mark_started(self.message.delivery_tag)
        super().on_accepted(pid, time_accepted)

    def acknowledge(self) -> None:
        """Ack the message as Celery does, and count it as finished."""
        FinishedMessages.count += 1
        super().acknowledge()

    def reject(self, requeue: bool = False) -> None:
        """Reject the message as Celery does, and count it as finished."""
        FinishedMessages.count += 1
        super().reject(requeue)

    def on_failure(
        self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False
    ) -> None:
        """Decide where the message goes, by the error that its task raised or its process died of.

        A Reject is left to Celery, and so is an error during a cold shutdown or after a revocation.
        After any other error the message goes to the quarantine queue.
        """
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        terminated = celery_internals.was_cancelled(self) or celery_internals.is_terminating()
        if isinstance(error, Reject):
            self._prepare_reject(error)
            super().on_failure(exc_info, send_failed_event, return_ok)
        elif terminated or isinstance(error, Terminated):
            super().on_failure(exc_info, send_failed_event, return_ok)
        else:
            self.fail(_error_line(error, exc_info), error=type(error).__name__)

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """Send the message to the quarantine queue when its process ran into the hard time limit.

        A soft time limit, and any limit during a cold shutdown, is left to Celery.
        """
        if soft or celery_internals.is_terminating():
            super().on_timeout(soft, timeout)
        else:
            self.fail(f"over the hard limit of {timeout:g} s", error=TimeLimitExceeded.__name__)

    def fail(self, reason: str, *, error: str) -> None:
        """Log why the message failed, and send it to the quarantine queue.

        After too many failures there it goes to the dead list. Only the first call has an effect,
        because Celery reports a time limit twice. `error` is the name of the error's class, for
        monitoring.
        """
        if self.acknowledged:
            return
        log.error("message.failed task=%s id=%s error=%s", self.name, self.id, reason)
        celery_internals.mark_ready(self)
        self.message.channel.qos.route_to_quarantine(self.message.delivery_tag, reason)
        self.reject(requeue=True)
        self.send_event("task-failed", exception=error, traceback=reason)

    def _prepare_reject(self, error: Reject) -> None:
        if isinstance(error.reason, Unavailable):
            self._pause_consuming(error.reason.what)
        elif isinstance(error.reason, dict):
            tag = self.message.delivery_tag
            self.message.channel.qos.set_reject_reasons(tag, error.reason)

    def _pause_consuming(self, service: str) -> None:
        if service in ("store", "index"):
            circuit_breaker.pause(service, lambda: self.task.probe(service))


def _error_line(error: BaseException, exc_info: Any) -> str:
    """The error, and the file and line of the code that raised it, as one line of text."""
    lines = _CODE_LINE.findall(str(exc_info.traceback or ""))
    location = ""
    if lines:
        path, number = lines[-1]
        location = f" at {'/'.join(path.split('/')[-2:])}:{number}"
    return bounded(f"{type(error).__name__}: {error}", 240) + location
