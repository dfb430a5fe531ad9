"""Find out what is still known of deliveries whose outcomes were removed because of their age."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.records import Attempt, JournalEntry, Outcome, OutcomeKind
from worker.store.database.columns import stored_name
from worker.store.database.schema import journal, receipts, revision_origins, revisions
from worker.store.database.statements import chunks
from worker.store.retention import progress
from worker.store.retention.aged_journal import of_unchanged
from worker.store.retention_values import ComparedJournal, ExpiredOutcome

# Without those of revisions that a worker of an earlier version has removed.
STORED_ORIGINS = revision_origins.join(
    revisions,
    sa.and_(
        revisions.c.article_id == revision_origins.c.article_id,
        revisions.c.number == revision_origins.c.number,
    ),
)


def expired_before(connection: Connection) -> datetime | None:
    """Return the time before which outcomes are removed, None if none ever was."""
    jobs = (progress.OUTCOMES_REMOVED, progress.UNCHANGED_REMOVED)
    times = filter(None, (progress.reached(connection, job) for job in jobs))
    return max(times, default=None)


def past_outcomes(
    connection: Connection, sent: Mapping[str, datetime | None]
) -> dict[str, Outcome | ExpiredOutcome]:
    """Return receipt -> what is still known about a delivery whose outcome was removed.

    `sent` maps each receipt to the time at which its article was sent, None if that is unknown. The
    outcome of a delivery that made a stored revision is known; one that was sent before the time
    from which on outcomes are kept has expired. A receipt has no entry if its outcome is stored, if
    its article may still be processed, or if it can't be told when it was sent.
    """
    limit = expired_before(connection)
    if limit is None:
        return {}
    receipt_of = {stored_name(receipt): receipt for receipt in sent}
    answers: dict[str, Outcome | ExpiredOutcome] = {}
    for chunk in chunks(list(receipt_of)):
        known = {
            name
            for table in (receipts, journal)
            for name in connection.scalars(
                sa.select(table.c.receipt).where(table.c.receipt.in_(chunk))
            )
        }
        origins = _origins(connection, [name for name in chunk if name not in known])
        for name in chunk:
            receipt = receipt_of[name]
            at = sent[receipt]
            if name in origins:
                answers[receipt] = _outcome(origins[name], receipt)
            elif name not in known and at is not None and at < limit:
                answers[receipt] = ExpiredOutcome(receipt=receipt, before=limit)
    return answers


def compare_journal(connection: Connection, entries: Sequence[JournalEntry]) -> ComparedJournal:
    """Compare a producer's own journal, its list of what it sent, with what is known of
    deliveries whose outcomes were removed. So only the other entries need to be looked for."""
    past = past_outcomes(connection, {entry.receipt: entry.at for entry in entries})
    expired = sum(isinstance(past.get(entry.receipt), ExpiredOutcome) for entry in entries)
    names = [stored_name(entry.receipt) for entry in entries if entry.receipt not in past]
    counted = {
        name
        for chunk in chunks(names)
        for name in connection.scalars(_counted_by_day(connection, chunk)).all()
    }
    undecided = tuple(
        entry
        for entry in entries
        if entry.receipt not in past and stored_name(entry.receipt) not in counted
    )
    number = len(entries) - expired - len(undecided)
    return ComparedJournal(undecided=undecided, counted=number, expired=expired)


def _counted_by_day(connection: Connection, names: Sequence[str]) -> sa.Select[str]:
    """Return a query for those of these receipts whose journal rows are removed, so that their
    outcomes are counted by day."""
    conditions = []
    for unchanged in (True, False):
        job = progress.UNCHANGED_FROZEN if unchanged else progress.JOURNAL_FROZEN
        if until := progress.reached(connection, job):
            conditions.append(sa.and_(of_unchanged(unchanged=unchanged), receipts.c.at < until))
    joined = receipts.outerjoin(journal, journal.c.receipt == receipts.c.receipt)
    return (
        sa.select(receipts.c.receipt)
        .select_from(joined)
        .where(
            receipts.c.receipt.in_(names),
            journal.c.receipt.is_(None),
            sa.or_(sa.false(), *conditions),
        )
    )


def _origins(connection: Connection, names: list[str]) -> dict[str, sa.RowMapping]:
    statement = sa.select(revision_origins).select_from(STORED_ORIGINS)
    rows = connection.execute(statement.where(revision_origins.c.receipt.in_(names))).mappings()
    return {row["receipt"]: row for row in rows}


def _outcome(row: sa.RowMapping, receipt: str) -> Outcome:
    return Outcome(
        receipt=receipt,
        kind=OutcomeKind(row["outcome"]),
        source=row["source"],
        at=row["at"],
        article_id=row["article_id"],
        revision=row["number"],
        handling=Attempt(worker=row["worker"], deliveries=row["deliveries"]),
    )
