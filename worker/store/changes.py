"""The change feed: a cursor comes in, what follows it goes out, oldest first.

PostgreSQL gives ids when rows are written and shows them when their transaction commits: one that
took id 10 may commit after one that took 11. So changes are read in the order of (transaction, id)
and only of transactions below the oldest that still runs: all of these have ended, and none can
add anything before what was read. A transaction left open anywhere on the server holds the feed
back; it makes it skip nothing.

A cursor names the last change that was read. Its last two digits are a checksum: a cursor cut off
in copying is refused, it would be a valid number.
"""

from hashlib import blake2b

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store import Change, ChangeKind, StoredArticle
from worker.store.export import read
from worker.store.schema import changes, revisions

START, NOW = "start", "now"
_POSITION = sa.tuple_(changes.c.xid, changes.c.id)
_OLDEST_RUNNING = sa.literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


def cursor(connection: Connection, since: str) -> str:
    """Raises LookupError for what is neither start, now nor a cursor of this store."""
    if since == START:
        return START
    if since == NOW:
        newest = sa.select(changes.c.id).where(_ended(connection))
        last = connection.scalar(newest.order_by(changes.c.xid.desc(), changes.c.id.desc()).limit(1))
        return START if last is None else written(last)
    _position(connection, since)
    return since


def page(connection: Connection, since: str, limit: int) -> list[Change]:
    statement = sa.select(changes).where(_ended(connection))
    if since != START:
        statement = statement.where(_POSITION > sa.tuple_(*map(sa.literal, _position(connection, since))))
    rows = connection.execute(statement.order_by(changes.c.xid, changes.c.id).limit(limit)).all()
    content = _content(connection, rows)
    return [
        Change(
            cursor=written(row.id),
            at=row.at,
            kind=ChangeKind(row.kind),
            article_id=row.article_id,
            revision=row.revision,
            article=content.get((row.article_id, row.revision)),
        )
        for row in rows
    ]
