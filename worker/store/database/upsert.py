"""INSERT … ON CONFLICT, which both databases have and SQLAlchemy has only per dialect."""

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
    """Insert the rows; where the key is taken, add the counts and take over what is latest."""
    if not rows:
        return
    statement = insert(connection, table)
    added = {count: table.c[count] + statement.excluded[count] for count in counts}
    taken = {column: statement.excluded[column] for column in latest}
    statement = statement.on_conflict_do_update(index_elements=[key], set_={**added, **taken})
    connection.execute(statement, rows)


def insert(connection: Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
