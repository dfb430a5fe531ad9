"""Remove old rows from the store once an hour. A background loop with other work calls this
again and again, so each call takes only some seconds."""

import logging
import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from worker.config.worker_rules import RetentionRules
from worker.maintenance.removal import RetentionPeriods, remove_aged
from worker.store.database.fork_lock import fork_lock
from worker.store.ports import ExpiringStore
from worker.store.retention_values import Aged

log = logging.getLogger("worker")

EVERY_S = 3600.0
TURN_S = 5.0


def periods_of(rules: RetentionRules) -> RetentionPeriods:
    """Return how long each kind of row is kept, from the table `retention` of worker.toml."""
    days = {what: float(getattr(rules, f"{what}_days")) for what in Aged}
    return RetentionPeriods(days=days, page_bytes=rules.page_payload_bytes)


class RetentionTurns:
    """Removes old rows of a store, some seconds at a time, until all of them are gone; an hour
    later it begins again."""

    def __init__(self, store: ExpiringStore, periods: RetentionPeriods) -> None:
        self._store = store
        self._periods = periods
        self._steps: Iterator[tuple[Aged, int]] | None = None
        self._began_at = -math.inf
        self._removed: Counter[Aged] = Counter()

    @contextmanager
    def _storing(self) -> Iterator[None]:
        """Keep the process from forking while the store is open."""
        with fork_lock():
            try:
                yield
            finally:
                self._store.close()

    def turn(self) -> None:
        """Go on with the removal of old rows for about five seconds; once an hour a new removal
        begins. If there is nothing to do now, return at once.

        Raises Unavailable when the store does not answer. Then this removal is over, and the next
        one begins an hour after it began.
        """
        if self._steps is None:
            if time.monotonic() - self._began_at < EVERY_S:
                return
            self._began_at = time.monotonic()
            self._steps = remove_aged(self._store, self._periods, datetime.now(UTC), self._storing)
        steps, self._steps = self._steps, None  # an error ends them
        deadline = time.monotonic() + TURN_S
        for what, removed in steps:
            self._removed[what] += removed
            if time.monotonic() > deadline:
                self._steps = steps
                return
        if removed_kinds := {what: n for what, n in self._removed.items() if n}:
            log.info("retention.removed %s", " ".join(f"{k}={n}" for k, n in removed_kinds.items()))
        self._removed.clear()
