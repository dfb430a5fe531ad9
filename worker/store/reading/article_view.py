"""Read everything that is stored about one article, for the command `worker show`."""

from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.records import OutcomeKind
from worker.store.database.schema import (
    BEST_FIRST,
    aliases,
    articles,
    decisions,
    held_revisions,
    moves,
    receipts,
    revisions,
    tags,
)
from worker.store.view_values import ArticleView

MAX_SHOWN = 100  # sightings, decisions and cluster members shown
MAX_CANDIDATES = 5  # ids listed when a prefix is not unique
HIDDEN_COLUMNS = {"id", "article_id", "fingerprint", "payload"}


def show(connection: Connection, article_id: str) -> ArticleView | None:
    """Return everything stored about an article, or None if the id is unknown.

    `article_id` may be only the beginning of an id. Raises LookupError, with a list of ids, if
    several articles have ids that begin so.
    """
    article = _find(connection, article_id.strip().lower())
    if article is None:
        return None
    full_id = article["article_id"]
    view = {
        "article": {k: v for k, v in article.items() if k not in ("seq", "newest", "raw_mark")},
        "revisions": _rows(connection, _revisions(full_id)),
        "held": _rows(connection, _held(full_id)),
        "tags": _rows(connection, _tags(full_id)),
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
    return statement.order_by(revisions.c.number)


def _held(article_id: str) -> sa.Select[Any]:
    columns = [column for column in held_revisions.c if column.name not in HIDDEN_COLUMNS]
    statement = sa.select(*columns).where(held_revisions.c.article_id == article_id)
    return statement.order_by(held_revisions.c.received, held_revisions.c.content_hash)


def _tags(article_id: str) -> sa.Select[Any]:
    hidden = {"article_id", "code_folded", "label_folded"}
    columns = [column for column in tags.c if column.name not in hidden]
    statement = sa.select(*columns).where(tags.c.article_id == article_id)
    return statement.order_by(*BEST_FIRST)


def _latest_first(decided: sa.ColumnElement[bool]) -> tuple[sa.ColumnElement[Any], ...]:
    """The order of sightings, the latest first; `decided` says whether one has a decision.

    Those of one batch have the same time, and their receipts are in no order. What was stored
    before a withdrawal has lost its decisions, and what came after it has one; the number of the
    revision orders the others, and the sighting that made a revision comes before those that only
    found it unchanged.
    """
    columns = receipts.c
    withdrawn = columns.outcome == OutcomeKind.WITHDRAWN.value
    found_unchanged = columns.outcome == OutcomeKind.UNCHANGED.value
    return (
        columns.at.desc(),
        sa.case((withdrawn, 1), (decided, 2), else_=0).desc(),
        columns.revision.desc(),
        sa.case((found_unchanged, 1), else_=0).desc(),
        columns.receipt.desc(),
    )


def _decisions(article_id: str) -> sa.Select[Any]:
    columns = [column for column in decisions.c if column.name != "article_id"]
    return (
        sa.select(*columns, receipts.c.at, receipts.c.revision)
        .join(receipts, receipts.c.receipt == decisions.c.receipt)
        .where(decisions.c.article_id == article_id)
        .order_by(*_latest_first(sa.true()))
        .limit(MAX_SHOWN)
    )


def _sightings(article_id: str) -> sa.Select[Any]:
    columns = receipts.c
    columns_shown = ("receipt", "outcome", "revision", "source", "at", "worker", "deliveries")
    with_decision = receipts.outerjoin(decisions, decisions.c.receipt == columns.receipt)
    return (
        sa.select(*(columns[column] for column in columns_shown))
        .select_from(with_decision)
        .where(columns.article_id == article_id)
        .order_by(*_latest_first(decisions.c.receipt.is_not(None)))
        .limit(MAX_SHOWN)
    )


def _aliases(article_id: str) -> sa.Select[Any]:
    statement = sa.select(aliases.c.source, aliases.c.key)
    statement = statement.where(aliases.c.article_id == article_id)
    return statement.order_by(aliases.c.source, aliases.c.key)


def _members(cluster_id: str) -> sa.Select[Any]:
    columns = articles.c
    return (
        sa.select(columns.article_id, columns.source, columns.verdict, revisions.c.title)
        .join(revisions, revisions.c.id == columns.newest)
        .where(columns.cluster_id == cluster_id)
        .order_by(columns.seq.desc())
        .limit(MAX_SHOWN)
    )


def _moves(article_id: str) -> sa.Select[Any]:
    columns = [column for column in moves.c if column.name not in ("id", "article_id")]
    return sa.select(*columns).where(moves.c.article_id == article_id).order_by(moves.c.id)


def _rows(connection: Connection, statement: sa.Select[Any]) -> Sequence[dict[str, Any]]:
    return [dict(row) for row in connection.execute(statement).mappings()]
