"""Insert rows that may exist already (INSERT … ON CONFLICT), on PostgreSQL and SQLite."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from worker.store.database.rows import Row


def add(
    connection: Connection,
    table: sa.Table,
    key: str,
    counts: Sequence[str],
    rows: Sequence[Row],
    latest: Sequence[str] = ("last_seen",),
) -> None:
    """Insert rows into a table, or update the old row if the table has one with the same key.

    `key` is the name of a unique column. An update adds the new values in the columns `counts` to
    the old ones, and replaces those in the columns `latest`. Other columns of the old row stay.
    """
    if not rows:
        return
    statement = insert(connection, table)
    added = {count: table.c[count] + statement.excluded[count] for count in counts}
    replaced = {column: statement.excluded[column] for column in latest}
    statement = statement.on_conflict_do_update(index_elements=[key], set_={**added, **replaced})
    connection.execute(statement, rows)


def insert(connection: Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that supports ON CONFLICT (what to do if the row exists) in this database.

    SQLAlchemy has a separate class for this for PostgreSQL and for SQLite.
    """
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
