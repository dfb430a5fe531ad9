"""Count the outcomes that workers of an earlier version stored without counting them, in steps."""

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
    """Compare all receipts that were not compared yet with the counts by hour, until those of now.

    A receipt is the id of a delivery, stored with its outcome. Each step is a transaction of its
    own, run in a context that `step_guard` makes, so that other writers go on. Returns how many
    outcomes were missing in the counts and are added now.
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
