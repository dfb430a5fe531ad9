"""Who shares a cluster, and whose canonical article is not where it was: queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.clusters import Move, MoveReason
from worker.store.columns import Moment
from worker.store.schema import articles

_CANONICAL = articles.alias("canonical")


def mates(article_ids: Sequence[str], limit: int) -> sa.Select[Any]:
    mate = articles.alias("mate")
    place = sa.func.row_number().over(
        partition_by=articles.c.article_id, order_by=mate.c.seq.desc()
    )
    ranked = (
        sa.select(
            articles.c.article_id.label("of"), mate.c.article_id.label("mate"), place.label("place")
        )
        .join(mate, mate.c.cluster_id == articles.c.cluster_id)
        .where(
            articles.c.article_id.in_(article_ids),
            mate.c.article_id != articles.c.article_id,
            mate.c.withdrawn_at.is_(None),
        )
        .subquery()
    )
    return sa.select(ranked.c.of, ranked.c.mate).where(ranked.c.place <= limit)


def orphaned(before: datetime) -> sa.Select[str]:
    """By index on either side: of what waits, and of what was withdrawn."""
    its = articles.c
    late = sa.select(its.cluster_id).where(
        its.canonical_pending, its.last_seen < sa.literal(before, Moment)
    )
    member = articles.alias("member")
    withdrawn = sa.select(its.article_id.label("cluster_id")).where(
        its.withdrawn_at.is_not(None),
        sa.exists().where(
            member.c.cluster_id == its.article_id,
            member.c.article_id != its.article_id,
            member.c.withdrawn_at.is_(None),
            member.c.revision > 0,
        ),
    )
    both = sa.union(late, withdrawn).subquery()
    return sa.select(both.c.cluster_id).order_by(both.c.cluster_id)


STRAYS = (
    sa.select(articles.c.article_id, articles.c.cluster_id, _CANONICAL.c.cluster_id.label("joined"))
    .join(_CANONICAL, _CANONICAL.c.article_id == articles.c.cluster_id)
    .where(
        articles.c.article_id != articles.c.cluster_id,
        articles.c.withdrawn_at.is_(None),
        _CANONICAL.c.cluster_id != _CANONICAL.c.article_id,
        _CANONICAL.c.withdrawn_at.is_(None),
    )
)


def astray(connection: Connection, statement: sa.Select[Any]) -> list[Move]:
    return [
        Move(
            article_id=row.article_id,
            left=row.cluster_id,
            joined=row.joined,
            reason=MoveReason.FOLLOWED,
            rival=row.cluster_id,
        )
        for row in connection.execute(statement.order_by(articles.c.article_id))
    ]
