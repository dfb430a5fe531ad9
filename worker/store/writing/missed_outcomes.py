"""Count the outcomes of articles that workers of an earlier version have stored without counting
them.

Such a worker stores receipts, the ids of deliveries with their outcomes, but does not know the
table of hourly counts. Here the receipts of some hours are compared with the counts, and what is
missing is added. A worker of this version stores receipts and counts in one transaction, so nothing
is counted twice, even while workers of both versions go on writing. Where old receipts were
removed, the counts stay.
"""

from collections import Counter
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.receipts import RECLEAN_PREFIX
from worker.store.database.schema import hourly_outcomes, job_progress, receipts
from worker.store.database.upsert import insert
from worker.store.hourly_values import HOUR, MissedOutcomes, OutcomeKey, hour_of, hour_start
from worker.store.writing.outcome_counts import add_counts

# Receipts of the last hours are compared again in the next pass: a worker that is slow, or whose
# clock is behind, may store one late.
MARGIN = 2 * HOUR
STEP = 20_000  # receipts at a time, and those of the rest of the hour
_JOB = "hourly_outcomes"
_KEY = ("source", "hour", "outcome", "reason")  # the columns of an OutcomeKey
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_ADVISORY_LOCK = 5_301_172  # on PostgreSQL; one of its own, unlike that of migrations


def count_missed(
    connection: Connection, now: datetime, since: datetime | None = None
) -> MissedOutcomes:
    """Compare the next 20,000 receipts or so (ids of deliveries, with their outcomes) with the
    counts by hour, and add the outcomes that were not counted.

    The comparison begins at `since`, the time where the step before has ended. By default it begins
    at the time that earlier calls have reached, which the store remembers. It ends at `now` at the
    latest.
    """
    _lock(connection)
    done = connection.scalar(sa.select(job_progress.c.until).where(job_progress.c.job == _JOB))
    since = since or done or _FIRST
    until = _end_of_step(connection, since)
    missed = _missed(connection, since, until)
    add_counts(connection, missed)
    reached = min(until or now, hour_start(hour_of(now - MARGIN)))
    if done is None or reached > done:
        _note_progress(connection, reached)
    return MissedOutcomes(
        articles=missed.total(), until=until or now, complete=until is None or until > now
    )


def _lock(connection: Connection) -> None:
    """Wait until no other process compares: two that found the same would both add it.

    It must come before the statement that compares, which then sees what the other one has added.
    SQLite has one writer at a time.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")


def _end_of_step(connection: Connection, since: datetime) -> datetime | None:
    """Return the end of the hours that hold the next 20,000 receipts; None: there are fewer."""
    at = connection.scalar(
        sa.select(receipts.c.at)
        .where(receipts.c.at >= since)
        .order_by(receipts.c.at)
        .offset(STEP)
        .limit(1)
    )
    return None if at is None else hour_start(hour_of(at) + 1)


def _missed(connection: Connection, since: datetime, until: datetime | None) -> Counter[OutcomeKey]:
    hour = _hour(connection).label("hour")
    columns = (receipts.c.source, hour, receipts.c.outcome, receipts.c.reason)
    stored = sa.select(*columns, sa.func.count().label("articles")).where(
        receipts.c.at >= since,
        ~receipts.c.receipt.startswith(RECLEAN_PREFIX, autoescape=True),  # nobody delivered these
    )
    if until is not None:
        stored = stored.where(receipts.c.at < until)
    by_hour = stored.group_by(*(sa.literal_column(str(n)) for n in (1, 2, 3, 4))).subquery()
    counted = hourly_outcomes.c
    same = sa.and_(*(counted[name] == by_hour.c[name] for name in _KEY))
    already = sa.func.coalesce(counted.articles, 0)
    statement = (
        sa.select(*(by_hour.c[name] for name in _KEY), by_hour.c.articles - already)
        .select_from(by_hour.outerjoin(hourly_outcomes, same))
        .where(by_hour.c.articles > already)
    )
    rows = connection.execute(statement)
    return Counter({OutcomeKey(*key): articles for *key, articles in rows})


def _hour(connection: Connection) -> sa.ColumnElement[int]:
    """Return an SQL expression for the hours from 1970 (UTC) to the time of a receipt."""
    if connection.dialect.name == "postgresql":
        hours = sa.extract("epoch", receipts.c.at) / sa.literal_column("3600")
        return sa.cast(sa.func.floor(hours), sa.Integer)
    seconds = sa.cast(sa.func.strftime(sa.literal_column("'%s'"), receipts.c.at), sa.Integer)
    return seconds.op("/")(sa.literal_column("3600"))


def _note_progress(connection: Connection, until: datetime) -> None:
    statement = insert(connection, job_progress).values(job=_JOB, until=until)
    replaced = {"until": statement.excluded.until}
    connection.execute(statement.on_conflict_do_update(index_elements=["job"], set_=replaced))
