"""Who shares a cluster, and whose canonical article is not where it was: queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.cluster_values import ClusterMove, MoveReason
from worker.store.database.columns import Moment
from worker.store.database.schema import articles, clusters

_MOST_RANKED = 1000  # members
_CANONICAL = articles.alias("canonical")


def mates(article_ids: Sequence[str], limit: int) -> sa.Select[Any]:
    """Each cluster is ranked once, however many of these are in it; a huge one would take long."""
    its = articles.c
    small = sa.and_(clusters.c.cluster_id == its.cluster_id, clusters.c.articles <= _MOST_RANKED)
    rival = (
        sa.select(its.article_id, its.cluster_id)
        .join(clusters, small)
        .where(its.article_id.in_(article_ids))
        .cte()
    )
    place = sa.func.row_number().over(partition_by=its.cluster_id, order_by=its.seq.desc())
    met = its.cluster_id.in_(sa.select(rival.c.cluster_id))
    ranked = (
        sa.select(its.article_id, its.cluster_id, place.label("place"))
        .where(met, its.withdrawn_at.is_(None))
        .subquery()
    )
    return (
        sa.select(rival.c.article_id.label("of"), ranked.c.article_id.label("mate"))
        .join(ranked, ranked.c.cluster_id == rival.c.cluster_id)
        .where(ranked.c.place <= limit, ranked.c.article_id != rival.c.article_id)
    )


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


def astray(connection: Connection, statement: sa.Select[Any]) -> list[ClusterMove]:
    return [
        ClusterMove(
            article_id=row.article_id,
            left=row.cluster_id,
            joined=row.joined,
            reason=MoveReason.FOLLOWED,
            rival=row.cluster_id,
        )
        for row in connection.execute(statement.order_by(articles.c.article_id))
    ]
