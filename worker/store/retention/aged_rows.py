"""Remove old changes, replayed dead letters, raw articles of pages and counts by hour."""

from datetime import datetime
from itertools import takewhile

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.columns import UtcDateTime
from worker.store.database.packing import EMPTY_TEXT
from worker.store.database.schema import (
    changes,
    dead_letters,
    hourly_outcomes,
    hourly_traits,
    journal_messages,
    revisions,
    table_sizes,
)
from worker.store.dead_letters import IS_REPLAYED, LETTERS
from worker.store.hourly_values import ALL_HOURS, hour_of
from worker.store.retention import progress
from worker.store.retention_values import RemovalCursor, RemovalStep

_PAYLOADS = 500  # rows of revisions changed in one transaction: they are large
_HOURLY = (hourly_outcomes, hourly_traits)
_POSITION = (changes.c.xid, changes.c.id)


def remove_changes(connection: Connection, before: datetime) -> RemovalStep:
    """Remove the oldest entries of the change feed up to this time, except the newest of them.

    The newest old one is kept, so that a reader who has read all old changes can go on from it.
    """
    progress.lock(connection)
    columns = (*_POSITION, changes.c.at)
    oldest = sa.select(*columns).order_by(*_POSITION).limit(progress.STEP + 1)
    rows = connection.execute(oldest).all()
    old = list(takewhile(lambda row: row.at < before, rows))[:-1]
    if old:
        last = sa.tuple_(*(sa.literal(n, sa.BigInteger) for n in (old[-1].xid, old[-1].id)))
        connection.execute(sa.delete(changes).where(sa.tuple_(*_POSITION) <= last))
        progress.note(connection, progress.CHANGES_REMOVED, max(row.at for row in old))
    complete = len(old) < progress.STEP
    return RemovalStep(removed=len(old), after=None if complete else RemovalCursor(before))


def count_changes(connection: Connection, before: datetime) -> int:
    """Count the entries of the change feed from before this time, except the newest of them,
    which is never removed."""
    old = sa.select(sa.func.count()).select_from(changes).where(changes.c.at < before)
    return max(0, (connection.scalar(old) or 0) - 1)


def remove_letters(connection: Connection, before: datetime) -> RemovalStep:
    """Remove dead letters that were sent through the workers again before this time, and then
    succeeded."""
    progress.lock(connection)
    ids = dead_letters.c.letter_id
    old = sa.select(ids).select_from(LETTERS).where(IS_REPLAYED, _replayed_before(before))
    names = connection.scalars(old.order_by(ids).limit(progress.STEP)).all()
    if names:
        # Locked in the order in which the pipeline locks them.
        still = sa.select(ids).where(ids.in_(names), _replayed_before(before))
        locked = connection.scalars(still.order_by(ids).with_for_update()).all()
        connection.execute(sa.delete(dead_letters).where(ids.in_(locked)))
    complete = len(names) < progress.STEP
    return RemovalStep(removed=len(names), after=None if complete else RemovalCursor(before))


def count_letters_to_remove(connection: Connection, before: datetime) -> int:
    """Count the replayed dead letters that are due to be removed at this time, for a preview."""
    old = sa.select(sa.func.count()).select_from(LETTERS)
    return connection.scalar(old.where(IS_REPLAYED, _replayed_before(before))) or 0


def _replayed_before(before: datetime) -> sa.ColumnElement[bool]:
    return dead_letters.c.replay_at < sa.literal(before, UtcDateTime)


def remove_page_payloads(connection: Connection, before: datetime, least_bytes: int) -> RemovalStep:
    """Remove raw articles that were received before this time and take at least so many bytes in
    the store, as whole pages do. The revisions themselves stay."""
    progress.lock(connection)
    ids = connection.scalars(
        sa.select(revisions.c.id).where(*_old_pages(before, least_bytes)).limit(_PAYLOADS)
    ).all()
    if ids:
        update = sa.update(revisions).where(revisions.c.id.in_(ids))
        connection.execute(update.values(payload=EMPTY_TEXT))
    complete = len(ids) < _PAYLOADS
    return RemovalStep(removed=len(ids), after=None if complete else RemovalCursor(before))


def count_page_payloads(connection: Connection, before: datetime, least_bytes: int) -> int:
    """Count the raw articles that were received before this time and take at least `least_bytes`
    bytes in the store, as whole pages do. These are due to be removed."""
    old = sa.select(sa.func.count()).select_from(revisions)
    return connection.scalar(old.where(*_old_pages(before, least_bytes))) or 0


def _old_pages(before: datetime, least_bytes: int) -> list[sa.ColumnElement[bool]]:
    size = sa.func.length(revisions.c.payload)
    received = revisions.c.received < sa.literal(before, UtcDateTime)
    return [received, size >= max(least_bytes, len(EMPTY_TEXT) + 1)]


def remove_hourly_counts(connection: Connection, before: datetime) -> RemovalStep:
    """Remove counts of outcomes and traits by hour from before this time. The running totals stay.

    With them go daily sizes of tables, and the numbers of messages of producers that have sent
    nothing since then and of which no message is missing.
    """
    progress.lock(connection)
    removed = 0
    for table in _HOURLY:
        removed += _remove_hours(connection, table, before, progress.STEP - removed)
    complete = removed < progress.STEP
    if complete:
        connection.execute(sa.delete(table_sizes).where(table_sizes.c.day < f"{before:%Y-%m-%d}"))
        _remove_message_numbers(connection, before)
    return RemovalStep(removed=removed, after=None if complete else RemovalCursor(before))


def _remove_hours(connection: Connection, table: sa.Table, before: datetime, limit: int) -> int:
    """Remove up to `limit` counts of a table from before this time; returns how many they were."""
    key = table.primary_key.columns.values()
    rows = connection.execute(sa.select(*key).where(_old_hours(table, before)).limit(limit)).all()
    if rows:
        delete = sa.delete(table).where(
            *(column == sa.bindparam(f"p_{column.name}", type_=column.type) for column in key)
        )
        connection.execute(delete, [{f"p_{k}": v for k, v in row._mapping.items()} for row in rows])
    return len(rows)


def _remove_message_numbers(connection: Connection, before: datetime) -> None:
    numbers = journal_messages.c
    ended = (
        sa.select(numbers.producer)
        .group_by(numbers.producer)
        .having(
            sa.func.max(numbers.at) < sa.literal(before, UtcDateTime),
            sa.func.count() == sa.func.max(numbers.number),
        )
        .limit(1_000)
    )
    connection.execute(sa.delete(journal_messages).where(numbers.producer.in_(ended)))


def count_hourly_counts(connection: Connection, before: datetime) -> int:
    """Count the rows from before this time in the tables of outcomes and traits by hour. These
    are due to be removed."""
    number = sa.func.count()
    return sum(
        connection.scalar(sa.select(number).select_from(t).where(_old_hours(t, before))) or 0
        for t in _HOURLY
    )


def _old_hours(table: sa.Table, before: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.hour > ALL_HOURS, table.c.hour < hour_of(before))
