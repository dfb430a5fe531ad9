"""Log an outage of the broker in two lines: a warning when it begins, and one line when it is over.

In an outage the broker does not answer, or refuses commands because it is full or read-only. Many
parts of a worker notice it at once, and notice it again with each retry.
"""

import logging
from threading import Lock
from time import monotonic

log = logging.getLogger("worker.broker")

CONSUMER = "consumer"  # Celery's connection, on which messages are claimed
CLAIM, WAIT = (
    "claim",
    "wait",
)  # of a message: both are refused by a read-only broker, WAIT by a full
SWEEP = "sweep"  # the search for expired leases, which a read-only broker refuses


class BrokerOutage:
    """Keeps the parts of this process, such as background loops, that get no answer from the
    broker.

    It logs one line when the first of them loses the broker, and one when all get answers again.
    Threads may share it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._parts: set[str] = set()
        self._began_at = 0.0

    @property
    def lasts(self) -> bool:
        """Whether any part of this process gets no answer from the broker at present."""
        return bool(self._parts)

    def begin(self, part: str, error: object) -> None:
        """Note that `part` of this process, such as a background loop, gets no answer from the
        broker.

        `error` is what it got instead. It is logged as a warning if no other part noted an outage
        before, else only in a debug line.
        """
        with self._lock:
            is_first = not self._parts
            self._parts.add(part)
            if is_first:
                self._began_at = monotonic()
        level = logging.WARNING if is_first else logging.DEBUG
        log.log(level, "broker.unavailable part=%s error=%s", part, error)

    def end(self, part: str) -> None:
        """Note that `part` of this process gets answers from the broker again.

        When no part lacks answers any more, the end of the outage is logged. CONSUMER stands for a
        new connection of Celery: it ends the outage for all parts, except for claims, waits and
        searches for leases, which a broker may refuse even while it is connected.
        """
        if not self._parts:
            return
        with self._lock:
            had_parts = bool(self._parts)
            over = self._parts - {CLAIM, WAIT, SWEEP} if part == CONSUMER else {part}
            self._parts -= over
            is_over = had_parts and not self._parts
        if is_over:
            log.info("broker.available after_s=%.1f", monotonic() - self._began_at)


broker_outage = BrokerOutage()
