"""Read when sources delivered, and what, for all sources in a fixed number of statements.

The counts by hour are sorted by source, so they are read for one source after another; see
worker.store.reading.outcome_stats.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.schema import (
    hourly_outcomes,
    hourly_traits,
    source_snoozes,
    sources,
)
from worker.store.database.upsert import insert
from worker.store.hourly_values import ALL_HOURS, FIRST_STORED, hour_of
from worker.store.source_values import SourceClock, SourceHours, WindowCount

_NEW = tuple(kind.value for kind in FIRST_STORED)


def source_clocks(connection: Connection) -> list[SourceClock]:
    """Return for each source when it was seen first and last, and when its last new article came.

    The sources are in the order of their names.
    """
    snoozed = sources.outerjoin(source_snoozes, source_snoozes.c.source == sources.c.source)
    columns = (sources.c.source, sources.c.first_seen, sources.c.last_seen, sources.c.articles)
    newest = _newest_hour().label("newest_hour")
    statement = sa.select(*columns, newest, source_snoozes.c.until.label("snoozed_until"))
    rows = connection.execute(statement.select_from(snoozed).order_by(sources.c.source)).mappings()
    return [SourceClock(**row) for row in rows]


def source_hours(connection: Connection, now: datetime, hours: int) -> list[SourceHours]:
    """Return for each source the hours in which it delivered something, and in which it brought new
    articles.

    They are those of the last `hours` hours before `now`, and of the last `hours` hours before its
    last new article, if that is longer ago. So for a source that has fallen silent it stays known
    how it delivered before.
    """
    newest = sa.select(sources.c.source, _newest_hour().label("hour"))
    last = newest.cte("newest").prefix_with("MATERIALIZED")
    counts, first = hourly_outcomes.c, hour_of(now) - hours
    in_range = sa.and_(
        counts.hour > ALL_HOURS,
        counts.hour > sa.func.coalesce(last.c.hour, first + hours) - hours,
        sa.or_(counts.hour <= sa.func.coalesce(last.c.hour, ALL_HOURS), counts.hour > first),
    )
    new = sa.func.sum(sa.case((counts.outcome.in_(_NEW), counts.articles), else_=0)).label("new")
    by_hour = _of_each_source(connection, last, hourly_outcomes, (counts.hour, new), in_range)
    hour = sa.cast(by_hour.c.hour, sa.Text)
    statement = sa.select(
        by_hour.c.source,
        sa.func.aggregate_strings(hour, " "),
        sa.func.aggregate_strings(sa.case((by_hour.c.new > 0, hour)), " "),
        sa.cast(sa.func.sum(by_hour.c.new), sa.BigInteger),
    ).group_by(by_hour.c.source)
    rows = connection.execute(statement.order_by(by_hour.c.source))
    return [SourceHours(name, _hours(all_), _hours(some), n) for name, all_, some, n in rows]


def window_counts(
    connection: Connection, now: datetime, hours: int, windows: int
) -> list[WindowCount]:
    """Return how many articles of each source had which outcome or trait, in each of the last
    `windows` windows of `hours` hours.

    Window 0, the latest, ends with the hour of `now`. Numbers of 0 are left out.
    """
    last = hour_of(now)
    parts = []
    named = sa.select(sources.c.source).cte("named").prefix_with("MATERIALIZED")
    for table, what in ((hourly_outcomes, "outcome"), (hourly_traits, "trait")):
        age = sa.literal(last) - table.c.hour
        window = (age // sa.literal_column(str(hours), sa.Integer)).label("window")
        in_range = table.c.hour.between(last - hours * windows + 1, last)
        number = sa.func.sum(table.c.articles).label("articles")
        columns = (window, table.c[what].label("what"), number)
        counts = _of_each_source(connection, named, table, columns, in_range)
        parts.append(sa.select(counts.c.source, counts.c.window, counts.c.what, counts.c.articles))
    rows = connection.execute(sa.union_all(*parts))
    return [WindowCount(name, window, what, int(n)) for name, window, what, n in rows]


def snooze_source(connection: Connection, source: str, until: datetime) -> bool:
    """Let a source raise no alerts before the time `until`. Returns whether the source is known; if
    not, nothing is stored."""
    if connection.scalar(sa.select(sources.c.source).where(sources.c.source == source)) is None:
        return False
    statement = insert(connection, source_snoozes).values(source=source, until=until)
    replaced = {"until": statement.excluded.until}
    connection.execute(statement.on_conflict_do_update(index_elements=["source"], set_=replaced))
    return True


def wake_source(connection: Connection, source: str) -> bool:
    """End the snooze of a source. Returns whether it had one, even if that was over."""
    snoozed = source_snoozes.c.source == source
    return connection.execute(sa.delete(source_snoozes).where(snoozed)).rowcount > 0


def _newest_hour() -> sa.ScalarSelect[int]:
    """The hour of the last new article of the row in `sources`; the index is read from its end."""
    counts = hourly_outcomes.c
    of_source = sa.and_(
        counts.source == sources.c.source, counts.hour > ALL_HOURS, counts.outcome.in_(_NEW)
    )
    newest = sa.select(counts.hour).where(of_source).order_by(counts.hour.desc()).limit(1)
    return newest.correlate(sources).scalar_subquery()


def _of_each_source(
    connection: Connection,
    named: sa.CTE,
    table: sa.Table,
    columns: Sequence[sa.ColumnElement[Any]],
    in_range: sa.ColumnElement[bool],
) -> sa.Subquery:
    """Sum up rows of a table by the columns but the last one, for each source in `named`. The last
    column is the sum."""
    if connection.dialect.name == "postgresql":
        # OFFSET 0 makes PostgreSQL read the rows of one source after another, by the index.
        rows = sa.select(*columns).where(table.c.source == named.c.source, in_range)
        grouped = rows.group_by(*columns[:-1]).correlate(named)
        each = grouped.offset(sa.literal_column("0")).lateral()
        return sa.select(named.c.source, each).select_from(named.join(each, sa.true())).subquery()
    # By the plus sign SQLite can't look up sources by name, and so begins with them.
    same = table.c.source == sa.literal_column(f"+{named.name}.source")
    joined = sa.select(named.c.source, *columns).select_from(named.join(table, same))
    return joined.where(in_range).group_by(named.c.source, *columns[:-1]).subquery()


def _hours(written: str | None) -> tuple[int, ...]:
    return tuple(sorted(map(int, written.split()))) if written else ()
