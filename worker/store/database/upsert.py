"""INSERT … ON CONFLICT for both databases: SQLAlchemy has it per dialect only."""

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
    """Insert rows; where a key exists, add to `counts` columns and replace `latest` columns."""
    if not rows:
        return
    statement = insert(connection, table)
    added = {count: table.c[count] + statement.excluded[count] for count in counts}
    replaced = {column: statement.excluded[column] for column in latest}
    statement = statement.on_conflict_do_update(index_elements=[key], set_={**added, **replaced})
    connection.execute(statement, rows)


def insert(connection: Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT of the connection's dialect, which supports ON CONFLICT."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
