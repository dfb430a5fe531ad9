"""What happens to a message whose task did not return: decided here, in the main process.

Unavailable in the task        -> back to its queue, uncounted; consuming pauses
the child died or ran too long -> quarantine lane, where each article is tried alone
anything else it raised        -> quarantine lane
"""

from typing import Any

from celery.exceptions import Reject
from celery.worker.request import Request as CeleryRequest

from worker.broker.gate import gate
from worker.errors import Unavailable


class Request(CeleryRequest):
    def on_failure(self, exc_info: Any, *args: Any, **kwargs: Any) -> None:
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        unavailable = error.reason if isinstance(error, Reject) else None
        if isinstance(unavailable, Unavailable):
            self._pause(unavailable.what)
        elif not isinstance(error, Reject):
            self._quarantine()
        super().on_failure(exc_info, *args, **kwargs)

    def on_timeout(self, soft: bool, timeout: float) -> None:
        self._quarantine()
        super().on_timeout(soft, timeout)

    def _pause(self, what: str) -> None:
        if what in ("store", "index"):
            gate.close(what, lambda: self.task.probe(what))

    def _quarantine(self) -> None:
        """Whatever kombu calls next to reject the message sends it to the quarantine lane."""
        self.message.channel.qos.detour(self.message.delivery_tag)
