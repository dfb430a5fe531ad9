"""Store up to which time old rows have been removed, and let only one process at a time remove
them."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.schema import job_progress
from worker.store.database.upsert import insert

STEP = 5_000  # rows removed in one transaction
COUNTED = "hourly_outcomes"  # the job of worker.store.writing.missed_outcomes
CHANGES_REMOVED = "changes-removed"
OUTCOMES_REMOVED = "outcomes-removed"  # receipts from before this time may be gone
UNCHANGED_REMOVED = "unchanged-receipts-removed"
JOURNAL_FROZEN = "journal-frozen"
UNCHANGED_FROZEN = "unchanged-journal-frozen"
_ADVISORY_LOCK = 5_301_173  # on PostgreSQL; one of its own


def lock(connection: Connection) -> None:
    """Wait until no other process removes old rows, and keep others from it until the end of the
    transaction. On SQLite this does nothing, because only one process can write there."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")


def reached(connection: Connection, job: str) -> datetime | None:
    """Return up to which time a job, a part of the removal of old rows, has been done; None if
    it never was."""
    return connection.scalar(sa.select(job_progress.c.until).where(job_progress.c.job == job))


def note(connection: Connection, job: str, until: datetime) -> None:
    """Record that a job, a part of the removal of old rows, is done up to this time, unless a
    later time is recorded."""
    statement = insert(connection, job_progress).values(job=job, until=until)
    later = statement.excluded.until > job_progress.c.until
    update = statement.on_conflict_do_update(
        index_elements=["job"], set_={"until": statement.excluded.until}, where=later
    )
    connection.execute(update)
