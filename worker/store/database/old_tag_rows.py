"""Read tags that an earlier version of this package has written. That version wrote one row of
the table `tag_rows` for each tag."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.dataclass_fields import field_names
from worker.model.records import Span, Tag
from worker.store.database.schema import tag_rows
from worker.store.database.statements import is_one_of
from worker.store.database.tag_encoding import rank

_FIELDS = field_names(Tag) & {column.name for column in tag_rows.c} - {"spans"}


def rows_of(connection: Connection, article_ids: Sequence[str]) -> dict[str, tuple[Tag, ...]]:
    """Return the tags that an earlier version has written for these articles: article id ->
    tags, best first."""
    found: dict[str, list[Tag]] = {}
    named = is_one_of(connection, tag_rows.c.article_id, article_ids)
    statement = sa.select(tag_rows).where(named)
    for row in connection.execute(statement).mappings():
        spans = tuple(Span(**span) for span in row["spans"])
        found.setdefault(row["article_id"], []).append(
            Tag(**{field: row[field] for field in _FIELDS}, spans=spans)
        )
    return {article_id: tuple(sorted(tags, key=rank)) for article_id, tags in found.items()}
