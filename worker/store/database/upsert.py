"""Insert rows that may exist already (INSERT … ON CONFLICT), on PostgreSQL and SQLite.

`insert_of_rows` inserts any number of rows by a statement whose text is always the same. The rows
are one parameter, a JSON text, which the database takes apart. So neither SQLAlchemy nor the driver
builds a statement anew for each batch or converts each value on its own.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from worker.store.database.columns import (
    FreeText,
    KeyText,
    UtcDateTime,
    dumps,
    storable,
    stored_name,
)
from worker.store.database.rows import Row

_ROWS = "p_rows"


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
    dialect, names = connection.dialect.name, tuple(rows[0])
    statement = _add(dialect, table, key, tuple(counts), tuple(latest), names)
    has_bytes = _has_bytes(table, names)
    connection.execute(statement, rows if has_bytes else [rows_parameter(connection, table, rows)])


# SQLAlchemy takes most of its time for a statement to build it, so each is built once.
@lru_cache(maxsize=64)
def _add(
    dialect: str,
    table: sa.Table,
    key: str,
    counts: tuple[str, ...],
    latest: tuple[str, ...],
    names: tuple[str, ...],
) -> sa.Insert:
    has_bytes = _has_bytes(table, names)
    statement = _insert(dialect, table) if has_bytes else _insert_of_rows(dialect, table, names)
    added = {count: table.c[count] + statement.excluded[count] for count in counts}
    replaced = {column: statement.excluded[column] for column in latest}
    return statement.on_conflict_do_update(index_elements=[key], set_={**added, **replaced})


def _has_bytes(table: sa.Table, names: Sequence[str]) -> bool:
    return any(isinstance(table.c[name].type, sa.LargeBinary) for name in names)


def insert(connection: Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that supports ON CONFLICT (what to do if the row exists) in this database.

    SQLAlchemy has a separate class for this for PostgreSQL and for SQLite.
    """
    return _insert(connection.dialect.name, table)


def _insert(dialect: str, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def insert_of_rows(
    connection: Connection, table: sa.Table, names: Sequence[str]
) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT of rows with these columns, which `rows_parameter` gives as its parameters.

    The caller may add what happens to rows that exist already. The rows are inserted in their
    order. Columns of bytes are not supported.
    """
    return _insert_of_rows(connection.dialect.name, table, tuple(names))


@lru_cache(maxsize=64)
def _insert_of_rows(
    dialect: str, table: sa.Table, names: tuple[str, ...]
) -> postgresql.Insert | sqlite.Insert:
    chosen = _chosen(dialect, table, names)
    return _insert(dialect, table).from_select(list(names), chosen, include_defaults=False)


def rows_parameter(connection: Connection, table: sa.Table, rows: Sequence[Row]) -> dict[str, str]:
    """Return the parameters of a statement of `insert_of_rows` for these rows, of which all have
    the same columns."""
    writers = _writers(connection.dialect.name, table, tuple(rows[0]))
    written = [
        {name: writers[name](value) if name in writers else value for name, value in row.items()}
        for row in rows
    ]
    return {_ROWS: dumps(written)}


def _chosen(dialect: str, table: sa.Table, names: tuple[str, ...]) -> sa.Select[Any]:
    parameter = sa.bindparam(_ROWS, type_=sa.Text)
    if dialect == "postgresql":
        typed = [sa.column(name, table.c[name].type) for name in names]
        rows = sa.func.json_to_recordset(sa.cast(parameter, sa.JSON)).table_valued(
            *typed, name="inserted"
        )
        rows = rows.render_derived(with_types=True)
        return sa.select(*(rows.c[name] for name in names))
    each = sa.func.json_each(parameter).table_valued("value", name="inserted")
    values = (sa.func.json_extract(each.c.value, f"$.{name}") for name in names)
    # Without a condition, SQLite takes ON CONFLICT for the condition of a join.
    return sa.select(*values).select_from(each).where(sa.true())


@lru_cache(maxsize=64)
def _writers(
    dialect: str, table: sa.Table, names: tuple[str, ...]
) -> Mapping[str, Callable[[Any], Any]]:
    """Return what turns values of these columns to what JSON knows and the column stores."""
    of_type: dict[type[Any], Callable[[Any], Any]] = {
        KeyText: _key,
        FreeText: _text,
        UtcDateTime: _sqlite_time if dialect == "sqlite" else _time,
    }
    kinds = {name: type(table.c[name].type) for name in names}
    return {name: of_type[kind] for name, kind in kinds.items() if kind in of_type}


def _key(value: str | None) -> str | None:
    return None if value is None else stored_name(value)


def _text(value: str | None) -> str | None:
    return None if value is None else storable(value)


@lru_cache(maxsize=64)
def _time(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat()


@lru_cache(maxsize=64)  # most rows of a batch have the time of the batch
def _sqlite_time(value: datetime | None) -> str | None:
    """A time as SQLAlchemy writes it for SQLite, which has no type for times."""
    return None if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
