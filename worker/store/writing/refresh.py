"""What was cleaned again and is the same by its content hash is brought up to date in place.

All else that cleaning finds may be another, and lines that are learned since may be left out. Tags
are stale from here on. Where a reader would see a difference the change feed has one entry.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.columns import Moment
from worker.store.database.rows import Row, refreshed_row
from worker.store.database.schema import articles, revisions
from worker.store.database.statements import NEWEST
from worker.store.writing.batch_decisions import Decision

_SAME = ("article_id", "content_hash")
_UNREAD = {"versions", "fingerprint", "dropped"}  # columns that the feed does not carry


def refresh(connection: Connection, rulings: Sequence[Decision], now: datetime) -> None:
    """At most three statements."""
    rows = [refreshed_row(r.record, r.verdict) for r in rulings if r.verdict and r.refreshes]
    if not rows:
        return
    changed = _changed(connection, rows)
    its = {
        column: sa.bindparam(f"its_{column}", type_=revisions.c[column].type) for column in rows[0]
    }
    statement = sa.update(revisions).where(*(revisions.c[c] == its[c] for c in _SAME))
    values = {revisions.c[c]: its[c] for c in rows[0] if c not in _SAME}
    given = [{f"its_{column}": value for column, value in row.items()} for row in rows]
    connection.execute(statement.values(values), given)
    if changed:
        noted = sa.update(articles).where(articles.c.article_id.in_(changed))
        connection.execute(noted.values(refreshed_at=sa.literal(now, Moment)))


def _changed(connection: Connection, rows: Iterable[Row]) -> list[str]:
    """The articles whose newest revision reads differently now."""
    new: dict[tuple[str, str], dict[str, Any]] = {
        (row["article_id"], row["content_hash"]): row for row in rows
    }
    ids = sorted({article_id for article_id, _ in new})
    stored = sa.select(revisions).select_from(NEWEST).where(articles.c.article_id.in_(ids))
    return [
        row["article_id"]
        for row in connection.execute(stored).mappings()
        if (now := new.get((row["article_id"], row["content_hash"])))
        and any(row[column] != now[column] for column in now.keys() - _UNREAD)
    ]
