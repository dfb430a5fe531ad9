"""Decide in the main process the fate of a message whose task ended.

task returned                          -> acked
task raised Unavailable                -> back to its queue, uncounted; consuming pauses
task raised Stalled                    -> to the end of its queue, with the stalled runs counted
task rejected unreadable messages      -> those to the dead list, with the reasons
its process died or ran too long       -> quarantine queue, where each article is tried alone
task raised another error              -> quarantine queue
message could not be passed to the pool -> quarantine queue

A message that fails too often in the quarantine queue goes to the dead list, with the last error.
"""

import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic, time
from typing import Any

from billiard.exceptions import Terminated, WorkerLostError
from celery.exceptions import Reject, TimeLimitExceeded

from worker.broker import INGEST, celery_internals
from worker.broker.batch_counters import LossCause, MessageEnd, lane_of, pending_counters
from worker.broker.built_messages import printable_id
from worker.broker.celery_internals import CeleryRequest
from worker.broker.circuit_breaker import circuit_breaker
from worker.broker.messages import ClaimedMessage, bounded
from worker.errors import Stalled, Unavailable
from worker.model.receipts import pushed_at
from worker.model.stage_times import times_in

log = logging.getLogger("worker.broker")

_LOSSES = {
    WorkerLostError.__name__: LossCause.KILLED,
    SystemExit.__name__: LossCause.KILLED,  # billiard says so before the process has ended
    TimeLimitExceeded.__name__: LossCause.TIME_LIMIT,
}
_CODE_LINE = re.compile(r'File "([^"\n]+)", line (\d+)')


class FinishedMessages:
    """A counter of the messages that this process acked or rejected since it started.

    worker.broker.heartbeat reads it to see whether the worker makes progress. `busy_s` is the time
    in seconds that pool processes worked on these messages together, and `at` the time when the
    last one was finished, None if there is none.
    """

    count = 0
    busy_s = 0.0
    at: datetime | None = None


class Request(CeleryRequest):
    """Celery's object for one message in the main process, changed in what happens after a failure.

    When store or index was down, the message goes back to its queue. A message that can't be read
    goes to the dead list, which keeps it. After any other failure, such as the death of its
    process, it goes to the quarantine queue, where each article is tried alone.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Let a subclass that Celery makes, one for each task, inherit `on_success` from here."""
        super().__init_subclass__(**options)
        if "on_success" in vars(cls):
            delattr(cls, "on_success")

    def __init__(self, message: Any, **options: Any) -> None:
        super().__init__(message, **options)
        # The articles are in the body. As arguments they would show in `celery inspect active`.
        celery_internals.hide_arguments(self)
        self.event_dispatcher = options.get("eventer")
        self.received_at = monotonic()
        self.is_quarantined = False  # it goes to the quarantine queue
        self.waited_s = waited_s(self._messages(), time())
        self.running_since: float | None = None
        self.send_event("task-received", name=self.name, args="[1 message]", kwargs="{}", retries=0)

    def revoked(self) -> bool:
        """Return False: a message is processed even if its id is revoked or it has expired.

        Celery would delete it. The control commands that revoke tasks are refused, but neighbours
        with another version may send the ids that they know.
        """
        return False

    def send_event(self, type: str, **fields: Any) -> None:
        """Send an event for monitoring, such as `task-succeeded`, for each message of the request.

        Does nothing while nobody asked for events.
        """
        dispatcher = self.event_dispatcher
        if dispatcher and dispatcher.enabled:
            for message in self._messages():
                message_id = printable_id(message.message_id)
                dispatcher.send(type, uuid=message_id, **_trace_fields(type, message), **fields)

    def _messages(self) -> tuple[ClaimedMessage, ...]:
        messages, *_ = self.message.payload
        return messages  # type: ignore[no-any-return]

    def on_accepted(self, pid: int, time_accepted: float) -> None:
        """Record, besides what Celery does, that a pool process now works on the message.

        From then on the message is not put back on its queue when the channel closes, and the time
        for which it may run is measured.
        """
        self.running_since = monotonic()
        self.message.channel.qos.mark_started(self.message.delivery_tag)
        super().on_accepted(pid, time_accepted)

    def on_success(self, failed__retval__runtime: Any, **options: Any) -> None:
        """Ack the message as Celery does, and count how long each stage of the batch took.

        The times are in the value that the task returned.
        """
        failed, returned, _ = failed__retval__runtime
        if not failed:
            pending_counters.add_stages(times_in(str(returned)))
        super().on_success(failed__retval__runtime, **options)

    def acknowledge(self) -> None:
        """Ack the message as Celery does, and count it as finished, for the heartbeat file."""
        self._count(MessageEnd.DONE)
        super().acknowledge()

    def reject(self, requeue: bool = False) -> None:
        """Reject the message as Celery does, and count it as finished, for the heartbeat file.

        That file shows that the worker makes progress. With `requeue`, the message is put back on
        its queue.
        """
        if self.is_quarantined:
            self._count(MessageEnd.QUARANTINED)
        else:
            self._count(MessageEnd.RETURNED if requeue else MessageEnd.DEAD)
        super().reject(requeue)

    def _count(self, end: MessageEnd) -> None:
        """Note how the message ended and how long it took; the next ack tells the broker."""
        FinishedMessages.count += 1
        FinishedMessages.at = datetime.now(UTC)
        if self.acknowledged:
            return
        batch_s = monotonic() - self.running_since if self.running_since is not None else None
        FinishedMessages.busy_s += batch_s or 0.0
        pending_counters.add(self._lane(), end, len(self._messages()), batch_s, self.waited_s)

    def _lane(self) -> str:
        return lane_of(self.message.delivery_info.get("routing_key") or "")

    def on_failure(
        self, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False
    ) -> None:
        """Move the message to the quarantine queue after its task raised an error or its process
        died.

        In that queue articles run one at a time. Some cases are left to Celery: a task that raised
        Reject (to put messages back or refuse them), a revoked message, and a cold shutdown.
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
        """Move the message to the quarantine queue when its process ran into the hard time limit.

        Celery handles a soft time limit, and any limit during a cold shutdown. A message of
        articles that times out does not come nearer to the dead list, because it may only have
        waited for a busy machine.
        """
        if soft or celery_internals.is_terminating():
            super().on_timeout(soft, timeout)
        else:
            self.fail(
                f"over the hard limit of {timeout:g} s",
                error=TimeLimitExceeded.__name__,
                counts=self.name != INGEST,
            )

    def fail(self, reason: str, *, error: str, counts: bool = True) -> None:
        """Log why the message failed, and move it to the quarantine queue.

        A message that failed there too often moves to the dead list instead; `counts=False` keeps
        this failure out of that number. `error` is the name of the error's class, for monitoring.
        Only the first call has an effect, because Celery reports a time limit twice.
        """
        if self.acknowledged:
            return
        log.error("message.failed task=%s id=%s error=%s", self.name, self.id, reason)
        if error in _LOSSES:
            pending_counters.add_loss(self._lane(), _LOSSES[error])
        celery_internals.mark_ready(self)
        self.is_quarantined = True
        self.message.channel.qos.route_to_quarantine(
            self.message.delivery_tag, reason, counts=counts
        )
        self.reject(requeue=True)
        self.send_event("task-failed", exception=error, traceback=reason)

    def _prepare_reject(self, error: Reject) -> None:
        if isinstance(error.reason, Stalled):
            tag = self.message.delivery_tag
            self.message.channel.qos.set_stalled_runs(tag, error.reason.runs)
        elif isinstance(error.reason, Unavailable):
            self._pause_consuming(error.reason.what)
        elif isinstance(error.reason, dict):
            tag = self.message.delivery_tag
            self.message.channel.qos.set_reject_reasons(tag, error.reason)

    def _pause_consuming(self, service: str) -> None:
        if service in ("store", "index"):
            circuit_breaker.pause(service, lambda: self.task.probe(service))


def waited_s(messages: Sequence[ClaimedMessage], now: float) -> float | None:
    """Return how many seconds the oldest of these messages has waited since it was sent.

    `now` is the present time. The time of sending is read from the id of a message, which tells it
    only if a producer of this package made it (UUIDv7). Returns None if no id tells it, or if any
    of the messages was processed or put back before.
    """
    if any(m.redelivered or m.deliveries or m.quarantined for m in messages):
        return None
    pushed = [at for m in messages if (at := pushed_at(m.message_id)) is not None]
    return max(0.0, now - min(pushed)) if pushed else None


def _trace_fields(type_: str, message: ClaimedMessage) -> dict[str, str | None]:
    """The ids of the task that sent the message, which a task-received event contains."""
    if type_ != "task-received":
        return {}
    traces = dict(message.traces)
    root_id = traces.get("root_id", printable_id(message.message_id))
    return {"root_id": root_id, "parent_id": traces.get("parent_id")}


def _error_line(error: BaseException, exc_info: Any) -> str:
    """The error, and the file and line of the code that raised it, as one line of text."""
    lines = _CODE_LINE.findall(str(exc_info.traceback or ""))
    location = ""
    if lines:
        path, number = lines[-1]
        location = f" at {'/'.join(path.split('/')[-2:])}:{number}"
    return bounded(f"{type(error).__name__}: {error}", 240) + location
