"""INSERT … ON CONFLICT for both databases. SQLAlchemy has a separate class for each of them."""

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
    """Insert rows. If a row with the same `key` exists, update it instead.

    The columns `counts` of the new row are added to it, and its columns `latest` are replaced.
    """
    if not rows:
        return
    statement = insert(connection, table)
    added = {count: table.c[count] + statement.excluded[count] for count in counts}
    replaced = {column: statement.excluded[column] for column in latest}
    statement = statement.on_conflict_do_update(index_elements=[key], set_={**added, **replaced})
    connection.execute(statement, rows)


def insert(connection: Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT for the connection's database, in the class that supports ON CONFLICT."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
