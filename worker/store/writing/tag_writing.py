"""Write the tags of articles, and convert tags that an earlier version has written."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.records import Tag
from worker.store.database.columns import dumps, stored_name
from worker.store.database.old_tag_rows import rows_of
from worker.store.database.schema import article_tags, articles, tag_rows
from worker.store.database.tag_encoding import EncodedTags, Facts, encode_tags, provenance_of


def write_tags(
    connection: Connection,
    tags: Mapping[str, Sequence[Tag]],
    replaced: Collection[str],
    facts: Iterable[Facts] = (),
) -> None:
    """Store the tags of articles; `tags` maps article ids to tags. The rows of the articles must be
    stored and locked.

    Tags that are stored for articles in `replaced` are removed first; the others must have none.
    `facts` are stored, too: facts that revisions written in this transaction share with others,
    such as the versions of the rules.
    """
    remove_tags(connection, [article_id for article_id in replaced if article_id in tags])
    encoded = {
        stored_name(article_id): encode_tags(article_tags)
        for article_id, article_tags in tags.items()
        if article_tags
    }
    shared = {provenance_of(each): each for each in facts}
    for each in encoded.values():
        shared |= each.provenances
    if shared:
        _insert(connection, encoded, shared)


def remove_tags(connection: Connection, article_ids: Collection[str]) -> None:
    """Remove all tags of these articles, in the form of this version and in that of earlier
    ones."""
    if not article_ids:
        return
    numbers = sa.select(articles.c.seq).where(articles.c.article_id.in_(article_ids))
    connection.execute(sa.delete(article_tags).where(article_tags.c.article.in_(numbers)))
    connection.execute(sa.delete(tag_rows).where(tag_rows.c.article_id.in_(article_ids)))


def _insert(
    connection: Connection, tags: Mapping[str, EncodedTags], shared: Mapping[int, Facts]
) -> None:
    # Sorted, so that two writers with the same new facts do not wait for each other in a circle.
    facts = sorted(shared.items())
    # Not by way of SQLAlchemy's expressions, which take several times as long.
    if connection.dialect.name == "postgresql":
        written = [dumps([{"id": number, "facts": dict(of)} for number, of in facts])]
        if tags:  # both in one round trip
            rows = [
                {"article_id": i, "tags": of.value, "terms": of.terms} for i, of in tags.items()
            ]
            written.append(dumps(rows))
        statement = _ADD_BOTH if tags else _ADD_FACTS
        connection.exec_driver_sql(statement, tuple(written))
        return
    connection.exec_driver_sql(_ADD_FACT_ROWS, [(number, dumps(dict(of))) for number, of in facts])
    if tags:
        values = [
            (dumps(of.value), orjson.dumps(of.terms).decode(), article_id)
            for article_id, of in tags.items()
        ]
        connection.exec_driver_sql(_ADD_TAG_VALUES, values)


def move_tags(connection: Connection, most: int) -> int:
    """Convert the tags of up to `most` articles from the form of an earlier version, one row for
    each tag, to one row for each article.

    Returns the number of articles; 0 says that nothing is left to convert.
    """
    next_ids = sa.select(tag_rows.c.article_id).distinct().order_by(tag_rows.c.article_id)
    ids = connection.scalars(next_ids.limit(most)).all()
    # Writers lock the articles first, in this order, and then write their tags.
    lock = sa.select(articles.c.seq, articles.c.article_id).where(articles.c.article_id.in_(ids))
    locked = connection.execute(lock.order_by(articles.c.article_id).with_for_update()).all()
    stored = rows_of(connection, ids)
    has_value = sa.select(article_tags.c.article).where(
        article_tags.c.article.in_([row.seq for row in locked])
    )
    newer = set(connection.scalars(has_value))
    moved = {
        row.article_id: stored[row.article_id]
        for row in locked
        if row.article_id in stored and row.seq not in newer
    }
    if moved:
        write_tags(connection, moved, ())
    connection.execute(sa.delete(tag_rows).where(tag_rows.c.article_id.in_(ids)))
    return len(ids)


_ADD_FACT_ROWS = "INSERT INTO provenances (id, facts) VALUES (?, ?) ON CONFLICT DO NOTHING"
_ADD_FACTS = """
    INSERT INTO provenances (id, facts)
    SELECT * FROM json_to_recordset(%s::json) AS shared (id bigint, facts jsonb)
    ON CONFLICT DO NOTHING"""
_ADD_TAG_VALUES = """
    INSERT INTO article_tags (article, tags, terms)
    SELECT seq, ?, ? FROM articles WHERE article_id = ?"""
_ADD_BOTH = f"""
    WITH shared AS ({_ADD_FACTS})
    INSERT INTO article_tags (article, tags, terms)
    SELECT a.seq, t.tags::text, t.terms
    FROM json_to_recordset(%s::json) AS t (article_id text, tags json, terms bigint[])
    JOIN articles AS a USING (article_id)"""  # noqa: S608
