"""Everything the store holds of one article, for a person to read."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.schema import (
    BEST_FIRST,
    aliases,
    articles,
    decisions,
    moves,
    receipts,
    revisions,
    tags,
)

SHOWN = 100  # sightings, decisions and cluster members shown
CANDIDATES = 5  # ids named when the beginning of an id is not unique
BLOBS = {"id", "article_id", "fingerprint", "payload"}


def show(connection: Connection, article_id: str) -> dict[str, Any] | None:
    """Raises LookupError that names the candidates when several ids begin so."""
    article = _find(connection, article_id.strip().lower())
    if article is None:
        return None
    its_id = article["article_id"]
    return {
        "article": {k: v for k, v in article.items() if k not in ("seq", "newest")},
        "revisions": _rows(connection, _revisions(its_id)),
        "tags": _rows(connection, _tags(its_id)),
        "decisions": _rows(connection, _decisions(its_id)),
        "sightings": _rows(connection, _sightings(its_id)),
        "aliases": _rows(connection, _aliases(its_id)),
        "cluster": _rows(connection, _members(article["cluster_id"])),
        "moves": _rows(connection, _moves(its_id)),
    }


def _find(connection: Connection, beginning: str) -> sa.RowMapping | None:
    if not beginning:
        return None
    # Ids are lower-case hexadecimal: "g" sorts behind all that begin so.
    ids = articles.c.article_id
    within = sa.select(articles).where(ids >= beginning, ids < beginning + "g").order_by(ids)
    found = connection.execute(within.limit(CANDIDATES + 1)).mappings().all()
    if len(found) > 1:
        named = ", ".join(row["article_id"] for row in found[:CANDIDATES])
        more = ", …" if len(found) > CANDIDATES else ""
        raise LookupError(f"{beginning} is the beginning of several ids: {named}{more}")
    return found[0] if found else None


def _revisions(article_id: str) -> sa.Select[Any]:
    columns = [column for column in revisions.c if column.name not in BLOBS]
    chosen = sa.select(*columns).where(revisions.c.article_id == article_id)
    return chosen.order_by(revisions.c.number)


def _tags(article_id: str) -> sa.Select[Any]:
    hidden = {"article_id", "code_folded", "label_folded"}
    columns = [column for column in tags.c if column.name not in hidden]
    chosen = sa.select(*columns).where(tags.c.article_id == article_id)
    return chosen.order_by(*BEST_FIRST)


def _decisions(article_id: str) -> sa.Select[Any]:
    columns = [column for column in decisions.c if column.name != "article_id"]
    return (
        sa.select(*columns, receipts.c.at)
        .join(receipts, receipts.c.receipt == decisions.c.receipt)
        .where(decisions.c.article_id == article_id)
        .order_by(receipts.c.at.desc(), receipts.c.receipt.desc())
        .limit(SHOWN)
    )


def _sightings(article_id: str) -> sa.Select[Any]:
    columns = receipts.c
    told = ("receipt", "outcome", "revision", "source", "at", "worker", "deliveries")
    return (
        sa.select(*(columns[column] for column in told))
        .where(columns.article_id == article_id)
        .order_by(columns.at.desc(), columns.receipt.desc())
        .limit(SHOWN)
    )


def _aliases(article_id: str) -> sa.Select[Any]:
    chosen = sa.select(aliases.c.source, aliases.c.key)
    chosen = chosen.where(aliases.c.article_id == article_id)
    return chosen.order_by(aliases.c.source, aliases.c.key)


def _members(cluster_id: str) -> sa.Select[Any]:
    columns = articles.c
    return (
        sa.select(columns.article_id, columns.source, columns.verdict, revisions.c.title)
        .join(revisions, revisions.c.id == columns.newest)
        .where(columns.cluster_id == cluster_id)
        .order_by(columns.seq.desc())
        .limit(SHOWN)
    )


def _moves(article_id: str) -> sa.Select[Any]:
    columns = [column for column in moves.c if column.name not in ("id", "article_id")]
    return sa.select(*columns).where(moves.c.article_id == article_id).order_by(moves.c.id)


def _rows(connection: Connection, statement: sa.Select[Any]) -> Sequence[dict[str, Any]]:
    return [dict(row) for row in connection.execute(statement).mappings()]
