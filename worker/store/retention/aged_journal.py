"""Remove journal rows of articles that have an outcome, and count them by day instead.

The journal lists the articles that the broker accepted. Its rows of articles without an outcome
stay, however old they are: these are the ones that `worker ledger` reports as missing.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.errors import Reason
from worker.model.receipts import RECLEAN_PREFIX, message_number
from worker.model.records import OutcomeKind
from worker.store.database.schema import journal, journal_messages, receipts
from worker.store.database.statements import chunks
from worker.store.database.upsert import insert
from worker.store.retention import progress
from worker.store.retention.ledger_days import LedgerKey, add_to_days, utc_day
from worker.store.retention_values import RemovalCursor, RemovalStep

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
_JOINED = journal.join(receipts, receipts.c.receipt == journal.c.receipt)


def of_unchanged(*, unchanged: bool) -> sa.ColumnElement[bool]:
    """Return the SQL condition that a receipt, the stored outcome of a delivery, is that of an
    article that came again unchanged; with `unchanged=False`, that it is any other."""
    is_unchanged = receipts.c.outcome == OutcomeKind.UNCHANGED.value
    return is_unchanged if unchanged else sa.not_(is_unchanged)


def is_foreign() -> sa.ColumnElement[bool]:
    """Return the SQL condition that a receipt, a row with the outcome of one delivery, is that of
    an article that a client sent.

    Others are those of undeliverable messages, and of stored articles that were cleaned again.
    """
    return sa.and_(
        receipts.c.reason != Reason.UNDELIVERABLE.value,
        ~receipts.c.receipt.startswith(RECLEAN_PREFIX, autoescape=True),
    )


def freeze_journal(connection: Connection, before: datetime, *, unchanged: bool) -> RemovalStep:
    """Remove the journal rows that belong to the next 5,000 or so outcomes older than `before`, and
    keep their numbers in counts by day.

    These are the outcomes of unchanged articles or all others. A journal row is counted on the day
    when the broker accepted the article. An outcome without such a row, of an article that another
    client sent, is counted on its own day.
    """
    progress.lock(connection)
    job = progress.UNCHANGED_FROZEN if unchanged else progress.JOURNAL_FROZEN
    start = progress.reached(connection, job) or _FIRST
    if start >= before:
        return _left_over(connection, before, unchanged=unchanged)
    condition = of_unchanged(unchanged=unchanged)
    until, is_last = _end_of_step(connection, condition, start, before)
    in_step = sa.and_(condition, receipts.c.at >= start, receipts.c.at < until)
    _count_foreign(connection, in_step)
    rows = _journaled(connection, in_step)
    remove_journal(connection, rows)
    progress.note(connection, job, until)
    if is_last:
        left_over = _left_over(connection, before, unchanged=unchanged)
        return RemovalStep(removed=len(rows) + left_over.removed, after=left_over.after)
    return RemovalStep(removed=len(rows), after=RemovalCursor(until))


def _end_of_step(
    connection: Connection, condition: sa.ColumnElement[bool], start: datetime, before: datetime
) -> tuple[datetime, bool]:
    """Return the time at which a step of 5,000 receipts from `start` on ends, and whether it is the
    last one. Receipts of one time, those of a batch, are in one step."""
    c = receipts.c
    following = sa.select(c.at).where(condition, c.at >= start, c.at < before).order_by(c.at)
    at = connection.scalar(following.offset(progress.STEP).limit(1))
    if at is None:
        return before, True
    return (at if at > start else at + TICK), False


def _journaled(connection: Connection, condition: sa.ColumnElement[bool]) -> Sequence[sa.Row[Any]]:
    day = utc_day(connection, journal.c.at).label("day")
    columns = (journal.c.receipt, journal.c.message_id, journal.c.at, receipts.c.outcome, day)
    return connection.execute(sa.select(*columns).select_from(_JOINED).where(condition)).all()


def _left_over(connection: Connection, before: datetime, *, unchanged: bool) -> RemovalStep:
    """Remove rows that were added to the journal after its outcomes were gone through, such as that
    of a receipt which was sent twice."""
    old = sa.and_(of_unchanged(unchanged=unchanged), receipts.c.at < before)
    statement = (
        sa.select(journal.c.receipt)
        .select_from(_JOINED)
        .where(journal.c.at < before, old)
        .order_by(journal.c.at)
        .limit(progress.STEP)
    )
    names = connection.scalars(statement).all()
    rows = _journaled(connection, journal.c.receipt.in_(names)) if names else []
    remove_journal(connection, rows)
    complete = len(names) < progress.STEP
    return RemovalStep(removed=len(rows), after=None if complete else RemovalCursor(before))


def remove_entries_of(connection: Connection, requested: Sequence[str]) -> None:
    """Remove the journal rows that belong to outcomes which are about to be removed, and count
    them by day. `requested` are the receipts (ids of deliveries) of these."""
    remove_journal(connection, _journaled(connection, receipts.c.receipt.in_(requested)))


def remove_journal(connection: Connection, rows: Sequence[sa.Row[Any]]) -> None:
    """Remove rows of the journal, the list of articles that the broker accepted, and count them by
    day and outcome.

    The number of each message is kept: by a missing one, a lost message is found.
    """
    if not rows:
        return
    counts = Counter(LedgerKey(row.day, row.outcome, True) for row in rows)
    add_to_days(connection, counts)
    numbers = {number: r.at for r in rows if (number := message_number(r.message_id))}
    if numbers:
        connection.execute(
            insert(connection, journal_messages).on_conflict_do_nothing(),
            [
                {"producer": key.producer, "number": key.number, "at": numbers[key]}
                for key in sorted(numbers)
            ],
        )
    for chunk in chunks([row.receipt for row in rows]):
        connection.execute(sa.delete(journal).where(journal.c.receipt.in_(chunk)))


def _count_foreign(connection: Connection, condition: sa.ColumnElement[bool]) -> None:
    day = utc_day(connection, receipts.c.at).label("day")
    foreign = (
        sa.select(day, receipts.c.outcome, sa.func.count().label("number"))
        .select_from(receipts.outerjoin(journal, journal.c.receipt == receipts.c.receipt))
        .where(condition, journal.c.receipt.is_(None), is_foreign())
        .group_by(sa.literal_column("1"), receipts.c.outcome)
    )
    rows = connection.execute(foreign)
    add_to_days(connection, {LedgerKey(r.day, r.outcome, False): r.number for r in rows})


def count_journal(connection: Connection, before: datetime, *, unchanged: bool) -> int:
    """Count the journal rows (notes that the broker accepted an article) that are due to be
    removed: those of articles whose outcomes are older than `before`.

    With `unchanged`, only those of articles that came again unchanged are counted; without it, only
    the others.
    """
    old = sa.and_(of_unchanged(unchanged=unchanged), receipts.c.at < before)
    return connection.scalar(sa.select(sa.func.count()).select_from(_JOINED).where(old)) or 0
