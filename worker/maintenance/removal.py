"""Remove from the store what is kept only for a limited time, in short transactions.

Outcomes of deliveries stay in the counts by hour and by day when they themselves are removed.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.maintenance.missed_counts import count_missed_outcomes
from worker.store.ports import ExpiringStore
from worker.store.retention_values import Aged

StepGuard = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPeriods:
    """How many days each kind of row in the store is kept; 0 stands for ever.

    Some raw articles are whole web pages, and may be kept for a shorter time. Those of at least
    `page_bytes` bytes in the store count as such.
    """

    days: Mapping[Aged, float]
    page_bytes: int

    def limited(self) -> Iterator[Aged]:
        """Yield the kinds of rows that are not kept for ever, in the order of removal."""
        return (what for what in Aged if self.days[what])

    def before(self, what: Aged, now: datetime) -> datetime:
        """Return the time before which rows of this kind are removed at the time `now`."""
        return now - timedelta(days=self.days[what])


def remove_aged(
    store: ExpiringStore,
    periods: RetentionPeriods,
    now: datetime,
    step_guard: StepGuard = nullcontext,
) -> Iterator[tuple[Aged, int]]:
    """Remove all rows of the store that are older than the period for their kind, at most 5,000 in
    a transaction.

    Yields after each transaction the kind of rows and how many were removed. The caller may stop
    there; the next call goes on. Each transaction runs in a `with` block on the result of
    `step_guard`. Raises Unavailable when the store does not answer.
    """
    count_missed_outcomes(store, now, step_guard)
    with step_guard():
        store.retention.store_sizes(now)
    for what in periods.limited():
        before, after = periods.before(what, now), None
        while True:
            with step_guard():
                step = store.retention.remove(what, before, after, page_bytes=periods.page_bytes)
            yield what, step.removed
            after = step.after
            if after is None:
                break


def count_aged(store: ExpiringStore, periods: RetentionPeriods, now: datetime) -> dict[Aged, int]:
    """Count the rows of each kind that are to be removed now, without those kept for ever."""
    return {
        what: store.retention.count(what, periods.before(what, now), page_bytes=periods.page_bytes)
        for what in periods.limited()
    }
