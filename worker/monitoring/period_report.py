"""Read what happened in a period of some days: outcomes, sources and dead letters, for a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.config.planned_pauses import PlannedPause
from worker.monitoring.outcome_columns import OutcomeColumn, outcome_columns
from worker.monitoring.source_health import SourceHealth, worst_first
from worker.monitoring.source_reading import read_source_health
from worker.store.dead_letter_values import DeadLetterQuery
from worker.store.ports import ArticleStore

_MOST_COLUMNS = 60
_WIDTHS_H = (1, 2, 4, 6, 12, 24)  # hours of a column


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedSource:
    """A source in a report: whether it is well (`health`), and how many deliveries it has
    made in each column of the chart (`numbers`), whatever became of them."""

    health: SourceHealth
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodReport:
    """What happened from `since` to `at`.

    `columns` has the outcomes by time. `sources` are all sources, those that need attention first.
    `dead_letters` counts the standing dead letters that failed in that time, by reason, the largest
    number first.
    """

    since: datetime
    at: datetime
    columns: tuple[OutcomeColumn, ...]
    sources: tuple[ReportedSource, ...]
    dead_letters: tuple[tuple[str, int], ...]


def read_period_report(
    store: ArticleStore,
    since: datetime,
    now: datetime,
    planned: Sequence[PlannedPause] = (),
) -> PeriodReport:
    """Read the report on the time from `since` to `now`; it may begin earlier, so that the columns
    of its chart are equally wide.

    No source is called silent during the pauses `planned` for it. Raises Unavailable when the store
    does not answer.
    """
    hours, width = _columns(now - since)
    columns = outcome_columns(
        store.outcomes_by_hour(now - timedelta(hours=hours)), now, hours=hours, width=width
    )
    begin = columns[0].start
    by_source = store.last_hours_by_source(now, hours)
    letters = store.count_letters(DeadLetterQuery(since=begin))
    return PeriodReport(
        since=begin,
        at=now,
        columns=columns,
        sources=tuple(
            ReportedSource(
                health=health,
                numbers=_summed(by_source.get(health.name, (0,) * hours), width),
            )
            for health in worst_first(read_source_health(store, now, planned=planned))
        ),
        dead_letters=tuple(letters.items()),
    )


def _columns(period: timedelta) -> tuple[int, int]:
    """The hours of the chart and of each column, so that it has at most 60 columns."""
    wanted = max(1, round(period / timedelta(hours=1)))
    width = next((w for w in _WIDTHS_H if wanted <= w * _MOST_COLUMNS), 24)
    width = max(width, 24 * -(-wanted // (24 * _MOST_COLUMNS)) if width == 24 else width)
    return -(-wanted // width) * width, width


def _summed(hours: Sequence[int], width: int) -> tuple[int, ...]:
    return tuple(sum(hours[start : start + width]) for start in range(0, len(hours), width))
