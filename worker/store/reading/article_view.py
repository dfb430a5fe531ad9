"""Read everything that is stored about one article, for the command `worker show`."""

from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.dataclass_fields import field_values
from worker.model.records import OutcomeKind
from worker.store.database.provenances import versions_of
from worker.store.database.schema import (
    aliases,
    articles,
    decisions,
    held_revisions,
    moves,
    receipts,
    revision_origins,
    revisions,
)
from worker.store.reading.stored_tags import tags_of
from worker.store.retention.past_outcomes import STORED_ORIGINS
from worker.store.view_values import ArticleView

MAX_SHOWN = 100  # sightings, decisions and cluster members shown
MAX_CANDIDATES = 5  # ids listed when a prefix is not unique
_DECIDED = "is_decided"  # whether a sighting still has its decision
HIDDEN_COLUMNS = {"id", "article_id", "fingerprint", "payload"}


def show(
    connection: Connection, article_id: str, most_texts: int | None = None
) -> ArticleView | None:
    """Return everything stored about an article, or None if the id is unknown.

    `article_id` may be only the beginning of an id. Raises LookupError, with a list of ids, if
    several articles have ids that begin so. If `most_texts` is given, only so many revisions are
    read, the newest ones, and only so many texts that were held back.
    """
    article = _find(connection, article_id.strip().lower())
    if article is None:
        return None
    full_id = article["article_id"]
    view = {
        "article": {k: v for k, v in article.items() if k not in ("seq", "newest", "raw_mark")},
        "revisions": _revision_rows(connection, full_id, most_texts),
        "held": _last_rows(connection, _held(full_id), most_texts),
        "tags": _tags(connection, full_id),
        "decisions": _rows(connection, _decisions(full_id)),
        "sightings": _rows(connection, _sightings(full_id)),
        "aliases": _rows(connection, _aliases(full_id)),
        "cluster": _rows(connection, _members(article["cluster_id"])),
        "moves": _rows(connection, _moves(full_id)),
    }
    return cast(ArticleView, view)  # tests/store/test_reading.py compares it with the columns


def _find(connection: Connection, prefix: str) -> sa.RowMapping | None:
    if not prefix:
        return None
    # Ids are lower-case hexadecimal: prefix + "g" sorts after all ids with this prefix.
    ids = articles.c.article_id
    matching = sa.select(articles).where(ids >= prefix, ids < prefix + "g").order_by(ids)
    rows = connection.execute(matching.limit(MAX_CANDIDATES + 1)).mappings().all()
    if len(rows) > 1:
        candidates = ", ".join(row["article_id"] for row in rows[:MAX_CANDIDATES])
        more = ", …" if len(rows) > MAX_CANDIDATES else ""
        raise LookupError(f"{prefix} is the beginning of several ids: {candidates}{more}")
    return rows[0] if rows else None


def _revisions(article_id: str) -> sa.Select[Any]:
    columns = [column for column in revisions.c if column.name not in HIDDEN_COLUMNS]
    statement = sa.select(*columns).where(revisions.c.article_id == article_id)
    return statement.order_by(revisions.c.number.desc())


def _held(article_id: str) -> sa.Select[Any]:
    columns = [column for column in held_revisions.c if column.name not in HIDDEN_COLUMNS]
    statement = sa.select(*columns).where(held_revisions.c.article_id == article_id)
    newest = (held_revisions.c.received.desc(), held_revisions.c.content_hash.desc())
    return statement.order_by(*newest)


def _revision_rows(
    connection: Connection, article_id: str, most: int | None
) -> Sequence[dict[str, Any]]:
    rows = _last_rows(connection, _revisions(article_id), most)
    versions = versions_of(connection, rows)
    without_number = [{k: v for k, v in row.items() if k != "provenance"} for row in rows]
    return [{**row, "versions": each} for row, each in zip(without_number, versions, strict=True)]


def _tags(connection: Connection, article_id: str) -> list[dict[str, Any]]:
    return [
        {**field_values(tag), "spans": [field_values(span) for span in tag.spans]}
        for tag in tags_of(connection, [article_id]).get(article_id, ())
    ]


def _decisions(article_id: str) -> sa.Select[Any]:
    """The decisions of stored receipts, and those that are kept of removed ones."""
    names = [column.name for column in decisions.c if column.name != "article_id"]
    stored = (
        sa.select(*(decisions.c[n] for n in names), receipts.c.at, receipts.c.revision)
        .join(receipts, receipts.c.receipt == decisions.c.receipt)
        .where(decisions.c.article_id == article_id)
    )
    columns = revision_origins.c
    kept = (
        sa.select(*(columns[n] for n in names), columns.at, columns.number.label("revision"))
        .select_from(STORED_ORIGINS)
        .where(columns.article_id == article_id, columns.verdict.is_not(None))
    )
    return _newest(stored, kept, kind="verdict")


def _sightings(article_id: str) -> sa.Select[Any]:
    """The deliveries of stored receipts, and those that are kept because they made a revision."""
    names = ("source", "at", "worker", "deliveries")
    columns, made = receipts.c, revision_origins.c
    stored = (
        sa.select(
            *(columns.receipt, columns.outcome, columns.revision, *(columns[n] for n in names)),
            decisions.c.receipt.is_not(None).label(_DECIDED),
        )
        .select_from(receipts.outerjoin(decisions, decisions.c.receipt == columns.receipt))
        .where(columns.article_id == article_id)
    )
    kept = (
        sa.select(
            *(made.receipt, made.outcome, made.number.label("revision"), *(made[n] for n in names)),
            made.verdict.is_not(None).label(_DECIDED),
        )
        .select_from(STORED_ORIGINS)
        .where(made.article_id == article_id)
    )
    return _newest(stored, kept, kind="outcome")


def _newest(*selects: "sa.Select[Any]", kind: str) -> sa.Select[Any]:
    """The latest rows of these selects, the latest first; `kind` is the column with the outcome.

    Those of one batch have the same time, and their receipts are in no order. What was stored
    before a withdrawal has lost its decisions, and what came after it has one; the number of the
    revision orders the others, and the sighting that made a revision comes before those that only
    found it unchanged.
    """
    joined = sa.union_all(*selects).subquery()
    columns = joined.c
    withdrawn = columns[kind] == OutcomeKind.WITHDRAWN.value
    found_unchanged = columns[kind] == OutcomeKind.UNCHANGED.value
    decided = columns.get(_DECIDED, sa.true())
    newest = (
        columns.at.desc(),
        sa.case((withdrawn, 1), (decided, 2), else_=0).desc(),
        columns.revision.desc(),
        sa.case((found_unchanged, 1), else_=0).desc(),
        columns.receipt.desc(),
    )
    shown = [column for column in columns if column.name != _DECIDED]
    return sa.select(*shown).order_by(*newest).limit(MAX_SHOWN)


def _aliases(article_id: str) -> sa.Select[Any]:
    statement = sa.select(aliases.c.source, aliases.c.key)
    statement = statement.where(aliases.c.article_id == article_id)
    return statement.order_by(aliases.c.source, aliases.c.key)


def _members(cluster_id: str) -> sa.Select[Any]:
    columns = articles.c
    return (
        sa.select(
            columns.article_id,
            columns.source,
            columns.verdict,
            revisions.c.title,
            columns.first_seen,
            revisions.c.published,
        )
        .join(revisions, revisions.c.id == columns.newest)
        .where(columns.cluster_id == cluster_id)
        .order_by(columns.seq.desc())
        .limit(MAX_SHOWN)
    )


def _moves(article_id: str) -> sa.Select[Any]:
    columns = [column for column in moves.c if column.name not in ("id", "article_id")]
    return sa.select(*columns).where(moves.c.article_id == article_id).order_by(moves.c.id)


def _last_rows(
    connection: Connection, newest_first: "sa.Select[Any]", most: int | None
) -> Sequence[dict[str, Any]]:
    """Read the newest `most` rows, or all, and return them with the oldest first."""
    return [*reversed(_rows(connection, newest_first.limit(most)))]


def _rows(connection: Connection, statement: sa.Select[Any]) -> Sequence[dict[str, Any]]:
    return [dict(row) for row in connection.execute(statement).mappings()]
