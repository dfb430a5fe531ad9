"""Mend the counts of outcomes by hour: add the outcomes that workers of an earlier version
stored without counting them. This is done in steps, so that each transaction is short."""

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
    """Add to the counts by hour the stored outcomes, up to now, that they lack. Returns how many.

    Outcomes that an earlier call has looked at are skipped. Each step is one transaction. It runs
    in a `with` block on the result of `step_guard`, so that the caller can hold a lock for one
    step, and workers can write between the steps.
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
