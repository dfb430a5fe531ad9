"""Parts of SQL statements that reading and writing share."""

import operator
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import reduce
from typing import Any, TypeVar

import sqlalchemy as sa

from worker.model.dataclass_fields import field_names
from worker.model.source_trust import SourceIds
from worker.store.database.columns import Name, name
from worker.store.database.schema import aliases, articles, revisions

T = TypeVar("T")
Key = tuple[str, str]  # (source, key) as stored
CHUNK = 5_000  # values in one IN (…); PostgreSQL takes 65,535 parameters, SQLite 32,766

# Joined by both columns, so that an index serves from either side.
NEWEST = articles.join(
    revisions,
    sa.and_(revisions.c.article_id == articles.c.article_id, articles.c.newest == revisions.c.id),
)
FOUND = (
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


def aliases_of(keys: Collection[Key]) -> sa.FromClause:
    """The rows of `aliases` with these keys: SQLite scans the table for (source, key) IN (…)."""
    columns = (sa.column("source", Name), sa.column("key", Name))
    wanted = sa.values(*columns, name="wanted").data(sorted(keys)).cte("wanted")
    same = sa.and_(aliases.c.source == wanted.c.source, aliases.c.key == wanted.c.key)
    return wanted.join(aliases, same)


def stored_keys(source: str, keys: Iterable[str]) -> list[Key]:
    return [(name(source), name(key)) for key in keys]


def ids_of(row: sa.RowMapping) -> SourceIds:
    """None are counted of a source that has only withdrawals."""
    return SourceIds(**{field: row[field] or 0 for field in field_names(SourceIds)})


def concatenated(parts: Iterable[Any]) -> sa.ColumnElement[str]:
    """One text in SQL of these parts: strings, and expressions that give text."""
    parts = [sa.literal(part) if isinstance(part, str) else part for part in parts]
    return reduce(operator.add, parts)


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
