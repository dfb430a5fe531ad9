"""Count the outcomes of articles that workers of an earlier version stored without counting them by
hour. This is done in steps, so that each transaction is short."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from worker.store.hourly_values import MissedOutcomes
from worker.store.ports import OutcomeCounter


def count_missed_outcomes(
    store: OutcomeCounter,
    now: datetime,
    step_guard: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> int:
    """Compare the stored outcomes of all deliveries up to now with the counts by hour, and add what
    is missing there. Returns how many outcomes were added.

    Outcomes that an earlier call has compared are left out. Each step is a transaction of its own,
    in a context that `step_guard` makes, so that workers can write between the steps.
    """
    return sum(step.articles for step in _steps(store, now, step_guard))


def _steps(
    store: OutcomeCounter,
    now: datetime,
    step_guard: Callable[[], AbstractContextManager[object]],
) -> Iterator[MissedOutcomes]:
    since = None
    while True:
        with step_guard():
            try:
                step = store.count_missed_outcomes(now=now, since=since)
            finally:
                store.close()
        yield step
        if step.complete:
            return
        since = step.until
