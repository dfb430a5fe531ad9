"""Read whole articles in bulk for exports, as pages in the order in which they were stored.

First up to 100,000 revision ids are selected, then their articles are read in small pages, each in
its own transaction. So memory use is small and no writer waits, however slow the reader is.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import Connection

from worker.model.dataclass_fields import field_names
from worker.model.records import OutcomeKind, Tag
from worker.store.database.schema import (
    articles,
    receipts,
    revision_origins,
    revisions,
)
from worker.store.database.statements import NEWEST
from worker.store.reading.search import matching
from worker.store.reading.stored_tags import tags_of
from worker.store.retention.moved_facts import KINDS_WITH_REVISION
from worker.store.values import Query, StoredArticle, StoredTag

MAX_IDS = 100_000  # ids
PAGE = 200  # articles; one has a few kB as a rule, and 5 MB at most
ALL_REVISIONS = articles.join(revisions, revisions.c.article_id == articles.c.article_id)
_CONTENT = field_names(StoredArticle) - {"revision", "source", "verdict", "cluster_id", "tags"}
_FIELDS = (
    *(revisions.c[column] for column in sorted(_CONTENT)),
    revisions.c.id,
    revisions.c.number.label("revision"),
    articles.c.source,
    articles.c.verdict,
    articles.c.cluster_id,
    (articles.c.newest == revisions.c.id).label("is_newest"),
)


def count(connection: Connection, query: Query) -> int:
    """Count all stored articles that match a query, even if they are more than the query's
    limit."""
    matched = _matching_ids(connection, query)
    counted = sa.select(sa.func.count()).select_from(matched.subquery())
    return connection.execute(counted).scalar_one()


def ids(
    connection: Connection, query: Query, after: int, *, all_revisions: bool = False
) -> Sequence[int]:
    """Return the row ids of the revisions that match a query and whose row id is larger than
    `after`.

    At most 100,000 are returned, the smallest first. Only the newest revision of each article is
    searched, unless `all_revisions` is set.
    """
    following = _matching_ids(connection, query, all_revisions=all_revisions)
    following = following.where(revisions.c.id > after).order_by(revisions.c.id).limit(MAX_IDS)
    return connection.scalars(following).all()


def page(
    connection: Connection, revision_ids: Sequence[int], *, all_revisions: bool = False
) -> list[StoredArticle]:
    """Return the articles with these revision ids, in the order of the ids.

    A revision that has been replaced by a newer one is left out, unless `all_revisions` is set.
    """
    content = read(connection, revision_ids, newest_only=not all_revisions)
    return [content[i] for i in revision_ids if i in content]


def first_ids(connection: Connection, query: Query) -> Sequence[str]:
    """Return the ids of the first articles that match a query, in the order in which they were
    stored.

    At most `query.limit` ids are returned.
    """
    chosen = _matching_ids(connection, query).with_only_columns(articles.c.article_id)
    return connection.scalars(chosen.order_by(revisions.c.id).limit(query.limit)).all()


def _matching_ids(
    connection: Connection, query: Query, *, all_revisions: bool = False
) -> sa.Select[Any]:
    return matching(connection, query, ALL_REVISIONS if all_revisions else NEWEST).order_by(None)


def read(
    connection: Connection, revision_ids: Sequence[int], *, newest_only: bool = False
) -> dict[int, StoredArticle]:
    """Return the revisions with these row ids, each with the content of the article: row id ->
    article.

    Older revisions have no tags, because tags are stored for the newest revision only. With
    `newest_only`, older revisions are left out.
    """
    if not revision_ids:
        return {}
    joined = NEWEST if newest_only else ALL_REVISIONS
    statement = sa.select(*_FIELDS).select_from(joined).where(revisions.c.id.in_(revision_ids))
    rows = connection.execute(statement).mappings().all()
    newest = {row["article_id"] for row in rows if row["is_newest"]}
    stored = tags_of(connection, newest)
    verdicts = _verdicts(connection, {r["article_id"] for r in rows if not r["is_newest"]})
    return {row["id"]: _article(row, stored, verdicts) for row in rows}


_ARTICLE = TypeAdapter(StoredArticle)


def _article(
    row: sa.RowMapping,
    tags: Mapping[str, Sequence[Tag]],
    verdicts: dict[tuple[str, int], str],
) -> StoredArticle:
    fields: dict[str, Any] = {name: row[name] for name in field_names(StoredArticle) & row.keys()}
    if row["is_newest"]:
        fields["tags"] = tuple(
            StoredTag(
                scheme=tag.scheme,
                code=tag.code,
                label=tag.label,
                score=tag.score,
                salience=tag.salience,
            )
            for tag in tags.get(row["article_id"], ())
        )
    else:
        revision_key = (row["article_id"], row["revision"])
        fields["verdict"] = verdicts.get(revision_key, OutcomeKind.REVISION.value)
    return _ARTICLE.validate_python(fields)


def _verdicts(connection: Connection, article_ids: Collection[str]) -> dict[tuple[str, int], str]:
    """Return (article id, revision number) -> verdict, read from the receipts of these articles, or
    from what is kept of removed receipts.

    The table `articles` has only the verdict of the newest revision.
    """
    if not article_ids:
        return {}
    stored = sa.select(receipts.c.article_id, receipts.c.revision, receipts.c.outcome).where(
        receipts.c.article_id.in_(article_ids), receipts.c.outcome.in_(KINDS_WITH_REVISION)
    )
    c = revision_origins.c
    kept = sa.select(c.article_id, c.number, c.outcome).where(c.article_id.in_(article_ids))
    rows = connection.execute(sa.union_all(kept, stored))
    return {(row.article_id, row[1]): row.outcome for row in rows}
