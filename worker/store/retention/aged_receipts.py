"""Remove old receipts, the stored outcomes of deliveries, with their decisions and journal rows."""

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.columns import UtcDateTime
from worker.store.database.schema import dead_letters, decisions, receipts
from worker.store.database.statements import chunks
from worker.store.retention import progress
from worker.store.retention.aged_journal import TICK, of_unchanged, remove_entries_of
from worker.store.retention.moved_facts import move_facts
from worker.store.retention_values import RemovalCursor, RemovalStep

_FIRST = RemovalCursor(datetime(1970, 1, 1, tzinfo=UTC))
# The last failure of a stored dead letter: `worker explain` finds the letter by it.
_NEEDED = (
    sa.exists()
    .where(
        dead_letters.c.letter_id == receipts.c.letter_id,
        dead_letters.c.last <= receipts.c.at,
    )
    .correlate(receipts)
)


def remove_receipts(
    connection: Connection, before: datetime, after: RemovalCursor | None, *, unchanged: bool
) -> RemovalStep:
    """Remove the next 5,000 receipts (stored outcomes of deliveries) from before this time: with
    `unchanged` only those of articles that came again unchanged, without it all.

    Those that a stored dead letter needs are kept. Those that were not counted by hour and by day
    yet are left for a later call. `after` is where the step before ended, None for the first one.
    """
    progress.lock(connection)
    limit = _limit(connection, before, unchanged=unchanged)
    job = progress.UNCHANGED_REMOVED if unchanged else progress.OUTCOMES_REMOVED
    # Of unchanged articles none is kept, so each step begins where all steps before have ended.
    reached = progress.reached(connection, job) if unchanged else None
    after = after or (RemovalCursor(reached - TICK) if reached else _FIRST)
    if limit is None or after.at >= limit:
        return RemovalStep(removed=0, after=None)
    rows = connection.execute(_following(after, limit, unchanged=unchanged)).all()
    names = _lock(connection, [row.receipt for row in rows if not row.needed])
    if names:
        move_facts(connection, names)
        remove_entries_of(connection, names)
        for table in (decisions, receipts):
            connection.execute(sa.delete(table).where(table.c.receipt.in_(names)))
    is_last = len(rows) < progress.STEP
    # All of this time may not be removed yet: the next pass begins with the last time again. Not
    # `limit`, because a clock that is ahead must not make articles of later times expired.
    if names:
        progress.note(connection, job, rows[-1].at + TICK)
    end = None if is_last else RemovalCursor(rows[-1].at, rows[-1].receipt)
    return RemovalStep(removed=len(names), after=end)


def count_receipts(connection: Connection, before: datetime, *, unchanged: bool) -> int:
    """Count the receipts (stored outcomes of deliveries) older than `before` that would be
    removed: with `unchanged` those of articles that came again unchanged, without it the others."""
    statement = sa.select(sa.func.count()).select_from(receipts)
    old = (receipts.c.at < before, of_unchanged(unchanged=unchanged), ~_NEEDED)
    return connection.scalar(statement.where(*old)) or 0


def _limit(connection: Connection, before: datetime, *, unchanged: bool) -> datetime | None:
    """Return the time up to which receipts are in the counts by hour and those by day; None: no
    receipt is yet."""
    jobs = [progress.COUNTED, progress.UNCHANGED_FROZEN]
    if not unchanged:
        jobs.append(progress.JOURNAL_FROZEN)
    times = [progress.reached(connection, job) for job in jobs]
    return min((before, *(time for time in times if time)), default=None) if all(times) else None


def _following(
    after: RemovalCursor, limit: datetime, *, unchanged: bool
) -> "sa.Select[tuple[str, datetime, bool]]":
    c = receipts.c
    position = sa.tuple_(sa.literal(after.at, UtcDateTime), sa.literal(after.receipt))
    conditions = [c.at >= after.at, c.at < limit, sa.tuple_(c.at, c.receipt) > position]
    if unchanged:
        conditions.append(of_unchanged(unchanged=True))
    statement = sa.select(c.receipt, c.at, _NEEDED.label("needed")).where(*conditions)
    return statement.order_by(c.at, c.receipt).limit(progress.STEP)


def _lock(connection: Connection, names: Sequence[str]) -> list[str]:
    """Lock these receipts and their decisions; return those of which nothing is locked by a writer,
    which might wait for this transaction."""
    locked: list[str] = []
    for chunk in chunks(names):
        free = sa.select(receipts.c.receipt).where(receipts.c.receipt.in_(chunk))
        unlocked = connection.scalars(
            free.order_by(receipts.c.at, receipts.c.receipt).with_for_update(skip_locked=True)
        ).all()
        decided = sa.select(decisions.c.receipt).where(decisions.c.receipt.in_(unlocked))
        all_decided = set(connection.scalars(decided))
        free_decisions = set(connection.scalars(decided.with_for_update(skip_locked=True)))
        locked += [name for name in unlocked if name not in all_decided - free_decisions]
    return locked
