"""Doing over what is stored: which records are of older rules, what they hold, and new tags.

A re-tagged article gets no revision and no sighting: its tags are replaced, and where a reader
would see a difference the change feed has one entry. Cleaning again is a delivery of its own,
under a receipt made of article, revision and cleaner, so that it has its effect once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import Connection

from worker.model.dataclass_fields import field_names
from worker.model.records import Article, Retagged, Span, StoredRecord, Tag
from worker.store.database.columns import Json, Moment
from worker.store.database.packing import unpack_text
from worker.store.database.rows import tag_rows
from worker.store.database.schema import BEST_FIRST, articles, receipts, revisions, tags
from worker.store.database.statements import NEWEST
from worker.store.reading.search import matching
from worker.store.values import Query

RECLEAN = "reclean-"


def reclean_receipt(article_id: str, revision: int, cleaner: str) -> str:
    """The same for the same work: done once, it is not done again."""
    return f"{RECLEAN}{article_id}-{revision}-{cleaner}"


def stale_revisions(
    connection: Connection, query: Query, part: str, version: str, after: int, limit: int
) -> list[tuple[int, str]]:
    """The next newest revisions, behind that id, whose `part` is of another version."""
    found = _stale(connection, query, part, version).where(revisions.c.id > after)
    found = found.order_by(revisions.c.id).limit(limit)
    return [(row.id, row.article_id) for row in connection.execute(found)]


def count_stale(connection: Connection, query: Query, part: str, version: str) -> int:
    found = _stale(connection, query, part, version).subquery()
    return connection.execute(sa.select(sa.func.count()).select_from(found)).scalar_one()


def _stale(connection: Connection, query: Query, part: str, version: str) -> sa.Select[Any]:
    matched = matching(connection, query).order_by(None)
    found: sa.Select[Any] = matched.add_columns(revisions.c.article_id)
    of = sa.func.coalesce(revisions.c.versions[part].as_string(), "")
    if part == "cleaner":
        done = (
            sa.literal(RECLEAN)
            + revisions.c.article_id
            + sa.literal("-")
            + sa.cast(revisions.c.number, sa.Text)
            + sa.literal(f"-{version}")
        )
        found = found.where(~sa.exists().where(receipts.c.receipt == done))
    return found.where(of != version)


def records(connection: Connection, article_ids: Sequence[str]) -> list[StoredRecord]:
    """The newest revisions of these, in the order of the ids, with tags and payload."""
    statement = sa.select(revisions, articles.c.key, articles.c.source).select_from(NEWEST)
    statement = statement.where(articles.c.article_id.in_(article_ids))
    rows = connection.execute(statement.order_by(articles.c.article_id)).mappings().all()
    its_tags = _tags(connection, [row["article_id"] for row in rows])
    return [
        StoredRecord(
            article_id=row["article_id"],
            revision=row["number"],
            article=article_of(row),
            content_hash=row["content_hash"],
            received=row["received"],
            versions=row["versions"],
            payload=unpack_text(row["payload"]),
            tags=its_tags.get(row["article_id"], ()),
        )
        for row in rows
    ]


_ARTICLE = TypeAdapter(Article)


def article_of(row: sa.RowMapping) -> Article:
    """What was cleaned, from a row of `revisions` with `source` and `key`."""
    fields = {field: row[field] for field in field_names(Article) & row.keys()}
    its = {name: row["versions"].get(name, "") for name in ("cleaner", "learned")}
    return _ARTICLE.validate_python({**fields, **its})


def _tags(connection: Connection, article_ids: Sequence[str]) -> dict[str, tuple[Tag, ...]]:
    fields = field_names(Tag) - {"spans"}
    found: dict[str, list[Tag]] = {}
    statement = sa.select(tags).where(tags.c.article_id.in_(article_ids))
    for row in connection.execute(statement.order_by(*BEST_FIRST)).mappings():
        spans = tuple(Span(**span) for span in row["spans"])
        found.setdefault(row["article_id"], []).append(
            Tag(**{field: row[field] for field in fields}, spans=spans)
        )
    return {article_id: tuple(its) for article_id, its in found.items()}


def retag(connection: Connection, retagged: Sequence[Retagged], now: datetime) -> int:
    """Replace the tags of these; returns how many articles read differently now.

    What was revised, withdrawn or re-tagged since it was read is passed over.
    """
    due = _due(connection, {each.article_id: each for each in retagged})
    if not due:
        return 0
    before = _tags(connection, list(due))
    other = [i for i, (_, each) in due.items() if set(before.get(i, ())) != set(each.tags)]
    connection.execute(sa.delete(tags).where(tags.c.article_id.in_(other)))
    rows = [row for i in other for row in tag_rows(i, due[i][1].tags)]
    if rows:
        connection.execute(sa.insert(tags), rows)
    _set_versions(connection, list(due.values()))
    changed = [i for i in other if _seen(before.get(i, ())) != _seen(due[i][1].tags)]
    noted = sa.update(articles).where(articles.c.article_id.in_(changed))
    connection.execute(noted.values(retagged_at=sa.literal(now, Moment)))
    return len(changed)


Due = tuple[sa.RowMapping, Retagged]


def _due(connection: Connection, asked: Mapping[str, Retagged]) -> dict[str, Due]:
    """Those that are still as they were read, locked in the order in which writers lock."""
    columns = (articles.c.article_id, articles.c.revision, articles.c.newest)
    standing = sa.select(*columns).where(
        articles.c.article_id.in_(asked), articles.c.withdrawn_at.is_(None)
    )
    locked = connection.execute(
        standing.order_by(articles.c.article_id).with_for_update(key_share=True)
    ).all()
    newest = {row.newest: row.article_id for row in locked}
    found = sa.select(revisions.c.id, revisions.c.number, revisions.c.versions)
    rows = connection.execute(found.where(revisions.c.id.in_(newest))).mappings().all()
    due = {newest[row["id"]]: (row, asked[newest[row["id"]]]) for row in rows}
    return {
        article_id: (row, each)
        for article_id, (row, each) in due.items()
        if row["number"] == each.revision
        and row["versions"].get("tagger", "") == each.was != each.tagger
    }


def _set_versions(connection: Connection, due: Sequence[Due]) -> None:
    versions = sa.bindparam("its_versions", type_=Json)
    statement = sa.update(revisions).where(revisions.c.id == sa.bindparam("its_id"))
    rows = [
        {
            "its_id": row["id"],
            "its_versions": {**row["versions"], "tagger": each.tagger, "config": each.config},
        }
        for row, each in due
    ]
    connection.execute(statement.values(versions=versions), rows)


def _seen(its_tags: Sequence[Tag]) -> set[tuple[str, str, str, float]]:
    """What a reader of the feed gets of tags."""
    return {(tag.scheme, tag.code, tag.label, tag.score) for tag in its_tags}
