"""Group the hourly numbers of articles by outcome into the columns of a chart."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from worker.model.records import OutcomeKind
from worker.store.hourly_values import HourlyCount, hour_of, hour_start


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeColumn:
    """The numbers of articles by outcome in a period of some hours, a column of a chart.

    The period begins at `start` and ends before `end`. `outcomes` has all outcomes, such as `new`
    or `dead`, with 0 for those that no article had.
    """

    start: datetime
    end: datetime
    outcomes: Mapping[OutcomeKind, int]

    @property
    def total(self) -> int:
        """The number of articles of all outcomes."""
        return sum(self.outcomes.values())


def outcome_columns(
    counts: Iterable[HourlyCount], now: datetime, *, hours: int, width: int = 1
) -> tuple[OutcomeColumn, ...]:
    """Return the columns for the last `hours` hours, the earliest first, `width` hours each.

    The last column ends with the hour of `now`. Hours without articles have columns, too. `hours`
    must be a multiple of `width`. Counts of other hours are left out.
    """
    end = hour_of(now) + 1
    first = end - hours
    columns: list[Counter[str]] = [Counter() for _ in range(hours // width)]
    for hour, outcome, articles in counts:
        if first <= hour < end:
            columns[(hour - first) // width][outcome] += articles
    return tuple(
        OutcomeColumn(
            start=hour_start(first + number * width),
            end=hour_start(first + (number + 1) * width),
            outcomes={kind: column[kind] for kind in OutcomeKind},
        )
        for number, column in enumerate(columns)
    )


def outcome_sums(columns: Iterable[OutcomeColumn]) -> dict[OutcomeKind, int]:
    """Return the numbers of articles by outcome in all columns together."""
    totals: Counter[OutcomeKind] = Counter()
    for column in columns:
        totals.update(column.outcomes)
    return {kind: totals[kind] for kind in OutcomeKind}
