"""Update stored revisions in place after their raw articles were cleaned again by newer rules.

A revision is updated only if its content hash is the same as before: then title and text have not
changed, except that the text may have lost lines which workers have learned to be boilerplate.
Other fields, such as authors, may change. The article is then to be tagged again, and the change
feed, the list of all changes, gets an entry if readers of it see a difference.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.columns import UtcDateTime
from worker.store.database.rows import Row, refreshed_row
from worker.store.database.schema import articles, revisions
from worker.store.database.statements import NEWEST
from worker.store.writing.batch_decisions import Decision

_SAME = ("article_id", "content_hash")
_NOT_IN_FEED = {"versions", "provenance", "fingerprint", "dropped"}  # columns


def refresh(connection: Connection, decisions: Sequence[Decision], now: datetime) -> None:
    """Update stored revisions in place, for articles that were cleaned again.

    Only those of `decisions` count that are about a stored article that was cleaned again and has
    the same content hash as before; the others are ignored. The change feed, the list of all
    changes, gets an entry with time `now` for each article that differs visibly.
    """
    rows = [refreshed_row(r.record, r.verdict) for r in decisions if r.verdict and r.refreshes]
    if not rows:
        return
    changed = _changed(connection, rows)
    bound = {
        column: sa.bindparam(f"p_{column}", type_=revisions.c[column].type) for column in rows[0]
    }
    statement = sa.update(revisions).where(*(revisions.c[c] == bound[c] for c in _SAME))
    values = {revisions.c[c]: bound[c] for c in rows[0] if c not in _SAME}
    parameters = [{f"p_{column}": value for column, value in row.items()} for row in rows]
    connection.execute(statement.values(values), parameters)
    if changed:
        update = sa.update(articles).where(articles.c.article_id.in_(changed))
        connection.execute(update.values(refreshed_at=sa.literal(now, UtcDateTime)))


def _changed(connection: Connection, rows: Iterable[Row]) -> list[str]:
    """Return the ids of articles for which the new rows make a difference in the change feed."""
    new: dict[tuple[str, str], dict[str, Any]] = {
        (row["article_id"], row["content_hash"]): row for row in rows
    }
    ids = sorted({article_id for article_id, _ in new})
    stored = sa.select(revisions).select_from(NEWEST).where(articles.c.article_id.in_(ids))
    return [
        row["article_id"]
        for row in connection.execute(stored).mappings()
        if (refreshed := new.get((row["article_id"], row["content_hash"])))
        and any(row[column] != refreshed[column] for column in refreshed.keys() - _NOT_IN_FEED)
    ]
