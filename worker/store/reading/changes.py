"""Read the change feed, the list of what happened to articles, from the oldest change to the
newest.

A reader has a cursor, a text that names the last change it has read, and gets the changes after it.
No change is skipped, although PostgreSQL transactions do not commit in the order in which they
began: a change is shown only when all transactions that might add an earlier one have ended. So a
transaction that stays open on the server delays the feed.

Old changes are removed (worker.store.retention). A reader who has not read all of them gets an
error, whether its cursor is older or it begins at the start: to go on would skip changes.

The last two digits of a cursor are a checksum, so that a cursor that was copied incompletely is
refused.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.errors import BadConfig
from worker.store.database.schema import changes, revisions
from worker.store.reading.export import read
from worker.store.retention.progress import CHANGES_REMOVED, reached
from worker.store.values import Change, ChangeKind, StoredArticle

START, OLDEST, NOW = "start", "oldest", "now"
PAGE = 200  # changes, each with its article
_ORDER = (changes.c.xid, changes.c.id)
_SNAPSHOT = "pg_current_snapshot())::text::bigint"
_OLDEST_RUNNING = sa.literal_column(f"pg_snapshot_xmin({_SNAPSHOT}", sa.BigInteger)
_NEXT = sa.literal_column(f"pg_snapshot_xmax({_SNAPSHOT}", sa.BigInteger)


def cursor(connection: Connection, since: str) -> str:
    """Return the position in the change feed (the list of all changes) from which to read on, as
    text.

    `since` is `start` to read all changes, `oldest` to read those that are still kept, `now` to
    read only those still to come, or the cursor of the last change that was read; that one is
    returned unchanged. Raises LookupError for any other text, and if changes after the position
    were removed because of their age.
    """
    if _in_postgres(connection):
        _refuse_future(connection)
    if since == NOW:
        backwards = [column.desc() for column in _ORDER]
        newest = sa.select(changes.c.id).where(_is_committed(connection)).order_by(*backwards)
        last = connection.scalar(newest.limit(1))
        return START if last is None else _cursor_of(last)
    if since == START:
        _refuse_removed_start(connection)
    elif since != OLDEST:
        _position(connection, since)
    return since


def page(connection: Connection, since: str, limit: int) -> list[Change]:
    """Return up to `limit` changes of articles that come after a position in the change feed.

    The oldest change comes first. `since` is the cursor of the last change that was read, `start`
    or `oldest`. Each change has the content of its article, unless that was removed since. Raises
    LookupError if changes after the position were removed because of their age.
    """
    if since == START:
        _refuse_removed_start(connection)
    statement = sa.select(changes).where(_is_committed(connection)).order_by(*_ORDER).limit(limit)
    if since not in (START, OLDEST):
        statement = statement.where(sa.tuple_(*_ORDER) > _position(connection, since))
    rows = connection.execute(statement).all()
    content = _content(connection, rows)
    return [
        Change(
            cursor=_cursor_of(row.id),
            at=row.at,
            kind=ChangeKind(row.kind),
            article_id=row.article_id,
            revision=row.revision,
            article=content.get((row.article_id, row.revision)),
            tags_added=tuple((row.tags or {}).get("added", ())),
            tags_removed=tuple((row.tags or {}).get("removed", ())),
        )
        for row in rows
    ]


def _in_postgres(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


# PostgreSQL gives an id when a row is written, but others see the row only when its transaction
# commits. So the row with id 11 may appear before the row with id 10. Therefore changes are read in
# the order of (transaction, id), and only those of transactions older than the oldest that runs.
def _is_committed(connection: Connection) -> sa.ColumnElement[bool]:
    return changes.c.xid < _OLDEST_RUNNING if _in_postgres(connection) else sa.true()


def _refuse_future(connection: Connection) -> None:
    # Transaction ids of the future exist only in a dump that was restored from another server.
    if connection.scalar(sa.select(sa.exists().where(changes.c.xid >= _NEXT))):
        raise BadConfig("the store was restored from a dump: run `worker migrate` on it once")


def age_restored(connection: Connection) -> None:
    """Make the change feed readable after the database was restored from another server's dump.

    The feed, the list of all changes, is in the order of transaction ids. Those of the other server
    may be larger than the ids of transactions to come, so that old changes would come after new
    ones. If so, this makes the ids of all old changes negative.
    """
    last = sa.select(sa.func.max(changes.c.id).label("id"), sa.func.max(changes.c.xid).label("xid"))
    future = last.where(changes.c.xid >= _NEXT).subquery()
    aged = sa.update(changes).where(changes.c.id <= future.c.id)
    connection.execute(aged.values(xid=changes.c.xid - future.c.xid - 1))


def _position(connection: Connection, since: str) -> tuple[int, int]:
    number, _, check = since.strip().partition("-")
    if number.isascii() and number.isdigit() and len(number) < 19 and check == _check(int(number)):
        statement = sa.select(*_ORDER).where(changes.c.id == int(number))
        if row := connection.execute(statement).one_or_none():
            return row.xid, row.id
        if removed := _removed_until(connection, int(number)):
            raise LookupError(_REMOVED.format(since=repr(since), until=removed))
    raise LookupError(
        f"{since!r} is not a cursor of this store; take the whole cursor of the last change that "
        "was read, `start` to read everything, or `now` for what comes from now on"
    )


_REMOVED = (
    "changes after {since} were removed because of their age: those up to {until:%Y-%m-%d %H:%M} "
    "UTC are gone. To miss nothing, take the cursor `now`, read all articles with "
    "`worker export`, and then read on from that cursor; `oldest` begins with the oldest change "
    "that is kept"
)


def _refuse_removed_start(connection: Connection) -> None:
    if removed := reached(connection, CHANGES_REMOVED):
        raise LookupError(_REMOVED.format(since="the start", until=removed))


def _removed_until(connection: Connection, number: int) -> datetime | None:
    """Return until when changes are removed, if the change with this id may be one of them."""
    newest = connection.scalar(sa.select(sa.func.max(changes.c.id)))
    known = newest is not None and number < newest
    return reached(connection, CHANGES_REMOVED) if known else None


def _cursor_of(number: int) -> str:
    return f"{number}-{_check(number)}"


def _check(number: int) -> str:
    return blake2b(str(number).encode(), digest_size=1).hexdigest()


def _content(
    connection: Connection, rows: Sequence[sa.Row[Any]]
) -> dict[tuple[str, int], StoredArticle]:
    numbers = {(row.article_id, row.revision) for row in rows}
    columns = (revisions.c.id, revisions.c.article_id, revisions.c.number)
    statement = sa.select(*columns).where(
        revisions.c.article_id.in_({article_id for article_id, _ in numbers})
    )
    revision_of = {
        row.id: (row.article_id, row.number)
        for row in (connection.execute(statement) if numbers else ())
        if (row.article_id, row.number) in numbers
    }
    content = read(connection, list(revision_of))
    return {revision_of[revision_id]: article for revision_id, article in content.items()}
