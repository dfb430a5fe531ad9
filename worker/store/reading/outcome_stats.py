"""Read how many articles had which outcome: by hour, by source, and since the first delivery.

The table of counts is sorted by source, then by hour. So the counts of an hour are read for one
source after another; an index by hour would make each writing of a batch slower.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime

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
    counts = _counts(connection, source, max(hour_of(since), ALL_HOURS + 1), _LAST_HOUR)
    columns = counts.c.hour, counts.c.outcome
    statement = sa.select(*columns, _sum(counts)).group_by(*columns).order_by(*columns)
    if outcome is not None:
        statement = statement.where(counts.c.outcome == outcome.value)
    return [HourlyCount(*row) for row in connection.execute(statement).all()]


def last_hours_by_source(
    connection: Connection,
    now: datetime,
    hours: int = 24,
    *,
    without: Collection[OutcomeKind] = (),
    source: str | None = None,
) -> dict[str, tuple[int, ...]]:
    """Return for each source its numbers of deliveries in the last `hours` hours, the earliest
    first.

    The last number is that of the hour of `now`, which has not ended. Deliveries with an outcome in
    `without` are not counted. A source that delivered nothing in that time is left out. With
    `source`, only the numbers of that source are returned.
    """
    first = hour_of(now) - hours + 1
    counts = _counts(connection, source, max(first, ALL_HOURS + 1), hour_of(now))
    numbers: dict[str, list[int]] = {}
    statement = sa.select(counts.c.source, counts.c.hour, counts.c.articles)
    if without:
        statement = statement.where(counts.c.outcome.not_in([kind.value for kind in without]))
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
    """Return how deliveries have ended since the first one, and in the hour of `now` and the one
    before.

    It takes one statement.
    """
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
        # By OFFSET 0 it is read once for each source. Else PostgreSQL may read the whole table.
        rows = rows.where(hourly_outcomes.c.source == sources.c.source).correlate(sources)
        of_source = rows.offset(sa.literal_column("0")).lateral()
        return sa.select(of_source).select_from(sources.join(of_source, sa.true())).subquery()
    # By the plus sign SQLite can't look up sources by name, and so begins with them.
    same = hourly_outcomes.c.source == sa.literal_column("+sources.source")
    return rows.select_from(sources.join(hourly_outcomes, same)).subquery()


def _sum(counts: sa.FromClause) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.sum(counts.c.articles), sa.BigInteger)
