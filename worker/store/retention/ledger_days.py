"""Count by day the outcomes, and the notes that the broker accepted an article, that are removed
because of their age. So `worker ledger` can still prove that no article was lost.

For each day there are the numbers of accepted articles by outcome. They are kept for ever.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.schema import ledger_days
from worker.store.database.upsert import insert


class LedgerKey(NamedTuple):
    """The key of a row in table `ledger_days`, which counts removed outcomes: a UTC day as text
    such as 2026-11-22, the outcome, and whether the broker had noted that it accepted these
    articles (`journaled`)."""

    day: str
    outcome: str
    journaled: bool


def utc_day(connection: Connection, moment: sa.Column[datetime]) -> sa.ColumnElement[str]:
    """Return an SQL expression for the UTC day of a time column, as text such as 2026-11-22."""
    if connection.dialect.name == "postgresql":
        return sa.func.to_char(sa.func.timezone("UTC", moment), sa.text("'YYYY-MM-DD'"))
    return sa.func.strftime(sa.text("'%Y-%m-%d'"), moment)


def add_to_days(connection: Connection, counts: Mapping[LedgerKey, int]) -> None:
    """Add numbers of removed outcomes to the counts by day in table `ledger_days`."""
    if not counts:
        return
    statement = insert(connection, ledger_days)
    added = ledger_days.c.receipts + statement.excluded.receipts
    rows: list[dict[str, Any]] = [
        dict(zip(("day", "outcome", "journaled", "receipts"), (*key, counts[key]), strict=True))
        for key in sorted(counts)
    ]
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["day", "outcome", "journaled"], set_={"receipts": added}
        ),
        rows,
    )


def frozen_days(connection: Connection, since: datetime, until: datetime) -> dict[LedgerKey, int]:
    """Return how many journal rows and outcomes of each UTC day were removed, for the days from
    that of `since` to that of `until`.

    Both days are counted as a whole. If `until` is midnight, the day that begins then is left out.
    """
    columns = ledger_days.c
    rows = connection.execute(
        sa.select(ledger_days).where(
            columns.day >= f"{since:%Y-%m-%d}", columns.day <= f"{until:%Y-%m-%d}"
        )
    )
    midnight = f"{until:%Y-%m-%d}" if until.time().isoformat() == "00:00:00" else ""
    return {
        LedgerKey(row.day, row.outcome, bool(row.journaled)): row.receipts
        for row in rows
        if row.day != midnight
    }
