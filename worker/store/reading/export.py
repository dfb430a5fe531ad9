"""Whole articles in bulk: a query comes in, pages of articles go out in the order of storage.

First many ids are found, behind the last ones, then their articles are read a page at a time, each
in a transaction of its own: however much there is and however slowly it is taken, memory stays
small and no writer waits.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import Connection

from worker.model.dataclass_fields import field_names
from worker.model.records import OutcomeKind
from worker.store.database.schema import BEST_FIRST, articles, receipts, revisions, tags
from worker.store.database.statements import NEWEST
from worker.store.reading.search import matching
from worker.store.values import Query, StoredArticle, StoredTag

FOUND_AT_ONCE = 100_000  # ids
PAGE = 200  # articles; a usual one has a few kB, the largest 5 MB
EVERY = articles.join(revisions, revisions.c.article_id == articles.c.article_id)
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
_ADDING = [
    kind.value
    for kind in (OutcomeKind.NEW, OutcomeKind.REVISION, OutcomeKind.DUPLICATE, OutcomeKind.VARIANT)
]


def count(connection: Connection, query: Query) -> int:
    found = _found(connection, query)
    counted = sa.select(sa.func.count()).select_from(found.subquery())
    return connection.execute(counted).scalar_one()


def ids(
    connection: Connection, query: Query, after: int, *, all_revisions: bool = False
) -> Sequence[int]:
    """The next revision ids. Many at once: a database may look at everything to find a few."""
    behind = _found(connection, query, all_revisions=all_revisions)
    behind = behind.where(revisions.c.id > after).order_by(revisions.c.id).limit(FOUND_AT_ONCE)
    return connection.scalars(behind).all()


def page(
    connection: Connection, revision_ids: Sequence[int], *, all_revisions: bool = False
) -> list[StoredArticle]:
    """The articles of these, in order; a revision that is not the newest any more is left out."""
    found = read(connection, revision_ids, newest_only=not all_revisions)
    return [found[i] for i in revision_ids if i in found]


def first_ids(connection: Connection, query: Query) -> Sequence[str]:
    """The ids of the first articles that are asked for, as many as its limit."""
    chosen = _found(connection, query).with_only_columns(articles.c.article_id)
    return connection.scalars(chosen.order_by(revisions.c.id).limit(query.limit)).all()


def _found(connection: Connection, query: Query, *, all_revisions: bool = False) -> sa.Select[Any]:
    return matching(connection, query, EVERY if all_revisions else NEWEST).order_by(None)


def read(
    connection: Connection, revision_ids: Sequence[int], *, newest_only: bool = False
) -> dict[int, StoredArticle]:
    """These revisions as values, by their ids."""
    if not revision_ids:
        return {}
    joined = NEWEST if newest_only else EVERY
    statement = sa.select(*_FIELDS).select_from(joined).where(revisions.c.id.in_(revision_ids))
    rows = connection.execute(statement).mappings().all()
    newest = {row["article_id"] for row in rows if row["is_newest"]}
    its_tags = _tags(connection, newest)
    verdicts = _verdicts(connection, {r["article_id"] for r in rows if not r["is_newest"]})
    return {row["id"]: _article(row, its_tags, verdicts) for row in rows}


_ARTICLE = TypeAdapter(StoredArticle)


def _article(
    row: sa.RowMapping,
    its_tags: dict[str, list[StoredTag]],
    verdicts: dict[tuple[str, int], str],
) -> StoredArticle:
    fields: dict[str, Any] = {name: row[name] for name in field_names(StoredArticle) & row.keys()}
    if row["is_newest"]:
        fields["tags"] = tuple(its_tags[row["article_id"]])
    else:
        its_verdict = (row["article_id"], row["revision"])
        fields["verdict"] = verdicts.get(its_verdict, OutcomeKind.REVISION.value)
    return _ARTICLE.validate_python(fields)


def _tags(connection: Connection, article_ids: Collection[str]) -> dict[str, list[StoredTag]]:
    found: dict[str, list[StoredTag]] = defaultdict(list)
    if not article_ids:
        return found
    columns = (tags.c.scheme, tags.c.code, tags.c.label, tags.c.score)
    statement = sa.select(tags.c.article_id, *columns).where(tags.c.article_id.in_(article_ids))
    for row in connection.execute(statement.order_by(*BEST_FIRST)):
        found[row.article_id].append(
            StoredTag(scheme=row.scheme, code=row.code, label=row.label, score=row.score)
        )
    return found


def _verdicts(connection: Connection, article_ids: Collection[str]) -> dict[tuple[str, int], str]:
    """What each revision was judged when it was stored: `articles` has the newest one's only."""
    if not article_ids:
        return {}
    statement = sa.select(receipts.c.article_id, receipts.c.revision, receipts.c.outcome).where(
        receipts.c.article_id.in_(article_ids), receipts.c.outcome.in_(_ADDING)
    )
    return {(row.article_id, row.revision): row.outcome for row in connection.execute(statement)}
