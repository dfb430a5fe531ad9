"""Parts of SQL statements that are used both for reading the store and for writing it."""

import json
import operator
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import reduce
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.dataclass_fields import field_names
from worker.model.fetched_page import HeldContent
from worker.model.source_trust import SourceIds
from worker.store.database.columns import dumps, stored_name
from worker.store.database.schema import aliases, articles, revisions

T = TypeVar("T")
StoredKey = tuple[str, str]  # (source, key) as stored
CHUNK = 5_000  # values in one IN (…); PostgreSQL takes 65,535 parameters, SQLite 32,766

# By both columns, so that an index serves from each side.
IS_NEWEST = sa.and_(
    revisions.c.article_id == articles.c.article_id, articles.c.newest == revisions.c.id
)
NEWEST = articles.join(revisions, IS_NEWEST)
HIT_COLUMNS = (
    articles.c.article_id,
    articles.c.revision,
    articles.c.source,
    articles.c.verdict,
    articles.c.cluster_id,
    revisions.c.title,
    revisions.c.url,
    revisions.c.language,
    revisions.c.words,
    revisions.c.published,
    revisions.c.received,
)


def aliases_of(connection: Connection) -> sa.FromClause:
    """Return a FROM clause for the rows of table `aliases` that have one of some (source, key)
    pairs, which `alias_parameters` gives as the parameters of the statement.

    A row of `aliases` tells which article of a source is recognized by a key, such as a link. The
    clause is the same for any number of pairs, so that SQLAlchemy compiles a statement only once.
    """
    return _OF_ALIASES[connection.dialect.name]


def alias_parameters(keys: Collection[StoredKey]) -> dict[str, str]:
    """Return the parameters of a statement with `aliases_of`, for these (source, key) pairs."""
    return {_PAIRS: dumps([{"source": source, "key": key} for source, key in sorted(keys)])}


_PAIRS = "p_pairs"
_pairs = sa.bindparam(_PAIRS, type_=sa.Text)
_each = sa.func.json_each(_pairs).table_valued("value", name="requested")
_record = (
    sa.func.json_to_recordset(sa.cast(_pairs, sa.JSON))
    .table_valued(sa.column("source", sa.Text), sa.column("key", sa.Text), name="requested")
    .render_derived(with_types=True)
)


def _of_pairs(pairs: sa.FromClause, source: Any, key: Any) -> sa.FromClause:
    return pairs.join(aliases, sa.and_(aliases.c.source == source, aliases.c.key == key))


_OF_ALIASES = {
    "sqlite": _of_pairs(
        _each,
        sa.func.json_extract(_each.c.value, "$.source"),
        sa.func.json_extract(_each.c.value, "$.key"),
    ),
    "postgresql": _of_pairs(_record, _record.c.source, _record.c.key),
}


def stored_keys(source: str, keys: Iterable[str]) -> list[StoredKey]:
    """Return the pairs (source, key) for these keys of a source, as they are written in table
    `aliases`.

    Names that are too long for the database are shortened, so a comparison needs these pairs.
    """
    return [(stored_name(source), stored_name(key)) for key in keys]


def external_ids_of(row: sa.RowMapping) -> SourceIds:
    """Return how many articles a source has delivered with missing, reused or changed external ids.

    `row` is the row of table `sources` with these counters; a counter that is NULL counts as 0.
    """
    return SourceIds(**{field: row[field] or 0 for field in field_names(SourceIds)})


def held_contents(rows: Sequence[Any]) -> tuple[HeldContent, ...]:
    """Return the contents of an article that are stored but not shown, because the page gave much
    less text than was known.

    `rows` are those of its revisions, joined with its rows in table `held_revisions`. Their column
    `held` is the hash of such a content, or NULL in all rows if there is none.
    """
    if not rows or rows[0].held is None:
        return ()
    pairs = dict.fromkeys((row.held, row.since) for row in rows)
    return tuple(HeldContent(content_hash=held, since=since) for held, since in pairs)


def concatenated(parts: Iterable[Any]) -> sa.ColumnElement[str]:
    """Return an SQL expression that joins these parts to one text.

    A part is a string, or an SQL expression that gives text.
    """
    parts = [sa.literal(part) if isinstance(part, str) else part for part in parts]
    return reduce(operator.add, parts)


def is_one_of(
    connection: Connection, column: sa.ColumnElement[Any], values: Sequence[Any]
) -> sa.ColumnElement[bool]:
    """Return the SQL condition that a column, of names or numbers, has one of these values.

    They are sent as one value: to name thousands in the statement takes longer than to find the
    rows.
    """
    if connection.dialect.name == "postgresql":
        return column == sa.func.any(sa.literal(list(values), sa.ARRAY(column.type)))
    each = sa.func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(sa.select(each.c.value))


def estimated_rows(connection: Connection, statement: sa.Select[Any]) -> int:
    """Return how many rows PostgreSQL expects a SELECT to find, from what it knows of the frequency
    of values and words. It takes a fraction of a millisecond.

    0 on SQLite, which estimates nothing.
    """
    if connection.dialect.name != "postgresql":
        return 0
    compiled = statement.compile(dialect=connection.dialect)
    explain = f"EXPLAIN (FORMAT JSON) {compiled}"
    plan = connection.exec_driver_sql(explain, compiled.params).scalar_one()
    return int(plan[0]["Plan"]["Plan Rows"])


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the values in portions of 5,000, because a database limits the parameters of a
    statement."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
