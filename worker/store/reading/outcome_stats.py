"""Read how many articles had which outcome: by hour, by source, and since the first delivery.

The table of counts is sorted by source, then by hour. So the counts of an hour are read for one
source after another; an index by hour would make each writing of a batch slower.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from itertools import repeat

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.records import OutcomeKind
from worker.store.database.columns import stored_name
from worker.store.database.schema import hourly_outcomes, sources
from worker.store.hourly_values import (
    ALL_HOURS,
    HourlyCount,
    LatestOutcomes,
    OutcomeTotals,
    hour_of,
)


def outcomes_by_hour(
    connection: Connection,
    since: datetime,
    source: str | None = None,
    outcome: OutcomeKind | None = None,
) -> list[HourlyCount]:
    """Return how many deliveries had which outcome in each hour, from the hour of `since` on.

    The earliest hour comes first; an outcome that no delivery of an hour had is left out. With
    `source`, only deliveries of that source are counted, and with `outcome` only those that had
    this outcome.
    """
    first = max(hour_of(since), ALL_HOURS + 1)
    if source is not None:
        return _hours_of_source(connection, source, first, outcome)
    counts = _counts(connection, source, first, _LAST_HOUR)
    columns = counts.c.hour, counts.c.outcome
    statement = sa.select(*columns, _sum(counts)).group_by(*columns).order_by(*columns)
    if outcome is not None:
        statement = statement.where(counts.c.outcome == outcome.value)
    return [HourlyCount(*row) for row in connection.execute(statement).all()]


def _hours_of_source(
    connection: Connection, source: str, first: int, outcome: OutcomeKind | None
) -> list[HourlyCount]:
    """Return the numbers of one source by hour and outcome, from the hour `first` on.

    The database sends all of them in one row: a row for each hour would take several times as long
    to fetch.
    """
    if connection.dialect.name == "postgresql":
        statement, mark = _JOINED_IN_POSTGRES, "%s"
    else:
        statement, mark = _JOINED_IN_SQLITE, "?"
    parameters: list[object] = [stored_name(source), first]
    if outcome is not None:
        statement += f" AND outcome = {mark}"
        parameters.append(outcome.value)
    hours, outcomes, articles = connection.exec_driver_sql(statement, tuple(parameters)).one()
    if not hours:
        return []
    rows = zip(
        orjson.loads(f"[{hours}]"), outcomes.split(","), orjson.loads(f"[{articles}]"), strict=True
    )
    # Made without a call of Python for each of the 2,500 numbers of 35 days.
    counts = [
        *map(_MAKE, repeat(HourlyCount), _added_up(rows) if _HAS_REASONS in outcomes else rows)
    ]
    counts.sort()
    return counts


_HAS_REASONS = OutcomeKind.DEAD.value
_MAKE: Callable[[type[HourlyCount], tuple[int, str, int]], HourlyCount] = tuple.__new__


def _added_up(rows: Iterable[tuple[int, str, int]]) -> Iterator[tuple[int, str, int]]:
    """Add up the numbers of an hour and outcome that differ in their reasons only."""
    totals: dict[tuple[int, str], int] = {}
    for hour, outcome, articles in rows:
        totals[hour, outcome] = totals.get((hour, outcome), 0) + articles
    return ((hour, outcome, articles) for (hour, outcome), articles in totals.items())


_JOINED_IN_POSTGRES = """
    SELECT string_agg(hour::text, ','), string_agg(outcome, ','), string_agg(articles::text, ',')
    FROM hourly_outcomes WHERE source = %s AND hour >= %s"""
_JOINED_IN_SQLITE = """
    SELECT group_concat(hour), group_concat(outcome), group_concat(articles)
    FROM hourly_outcomes WHERE source = ? AND hour >= ?"""


def last_hours_by_source(
    connection: Connection,
    now: datetime,
    hours: int = 24,
    *,
    kinds: Collection[OutcomeKind] = (),
    source: str | None = None,
) -> dict[str, tuple[int, ...]]:
    """Return for each source its numbers of deliveries in the last `hours` hours, the earliest
    first.

    The last number is that of the hour of `now`, which has not ended. If `kinds` is not
    empty, only deliveries with such an outcome are counted. A source that delivered nothing of them
    in that time is left out. With `source`, only the numbers of that source are returned.
    """
    first = hour_of(now) - hours + 1
    counts = _counts(connection, source, max(first, ALL_HOURS + 1), hour_of(now))
    numbers: dict[str, list[int]] = {}
    statement = sa.select(counts.c.source, counts.c.hour, counts.c.articles)
    if kinds:
        statement = statement.where(counts.c.outcome.in_([kind.value for kind in kinds]))
    for name, hour, articles in connection.execute(statement).all():
        if name not in numbers:
            numbers[name] = [0] * hours
        numbers[name][hour - first] += articles
    return {name: tuple(of_source) for name, of_source in numbers.items()}


def outcome_totals(connection: Connection, source: str | None = None) -> OutcomeTotals:
    """Return how many deliveries have had each outcome since the first delivery, of one source or,
    by default, of all sources together.

    The numbers only rise: they stay when old rows are removed.
    """
    counts = _counts(connection, source, ALL_HOURS, ALL_HOURS)
    columns = counts.c.outcome, counts.c.reason
    rows = connection.execute(sa.select(*columns, _sum(counts)).group_by(*columns))
    return _totals(tuple(row) for row in rows)


def _totals(rows: Iterable[tuple[str, str, int]]) -> OutcomeTotals:
    """Add up numbers of articles, which have their outcome and reason before them."""
    outcomes: Counter[str] = Counter()
    dead: Counter[str] = Counter()
    for outcome, reason, articles in rows:
        outcomes[outcome] += articles
        if outcome == OutcomeKind.DEAD:
            dead[reason] += articles
    return OutcomeTotals(
        outcomes={kind: outcomes[kind] for kind in OutcomeKind}, dead=dict(dead.most_common())
    )


def latest_outcomes(connection: Connection, now: datetime) -> LatestOutcomes:
    """Return how many deliveries have ended in which way, since the first one and lately: in the
    hour of `now` (UTC) and the one before."""
    hours = (ALL_HOURS, hour_of(now) - 1, hour_of(now))
    counts = _of_all_sources(connection, hourly_outcomes.c.hour.in_(hours))
    columns = (counts.c.hour == ALL_HOURS, counts.c.outcome, counts.c.reason)
    rows = connection.execute(sa.select(*columns, _sum(counts)).group_by(*columns)).all()
    return LatestOutcomes(
        totals=_totals((kind, reason, n) for is_total, kind, reason, n in rows if is_total),
        lately=_totals((kind, reason, n) for is_total, kind, reason, n in rows if not is_total),
    )


_LAST_HOUR = 2**31 - 1


def _counts(connection: Connection, source: str | None, first: int, last: int) -> sa.FromClause:
    """Return the rows of one source, or of all (None), from the hour `first` to the hour `last`."""
    hours = hourly_outcomes.c.hour.between(first, last)
    if source is None:
        return _of_all_sources(connection, hours)
    of_source = hourly_outcomes.c.source == stored_name(source)
    return sa.select(hourly_outcomes).where(hours, of_source).subquery()


def _of_all_sources(connection: Connection, hours: sa.ColumnElement[bool]) -> sa.FromClause:
    """Return the rows of all sources whose hours fulfil a condition."""
    rows = sa.select(hourly_outcomes).where(hours)
    if connection.dialect.name == "postgresql":
        # One search in the index for each source. A join may read the whole table.
        names = sa.func.array(sa.select(sources.c.source).scalar_subquery())
        return rows.where(hourly_outcomes.c.source == sa.func.any(names)).subquery()
    # By the plus sign SQLite can't look up sources by name, and so begins with them.
    same = hourly_outcomes.c.source == sa.literal_column("+sources.source")
    return rows.select_from(sources.join(hourly_outcomes, same)).subquery()


def _sum(counts: sa.FromClause) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.sum(counts.c.articles), sa.BigInteger)
