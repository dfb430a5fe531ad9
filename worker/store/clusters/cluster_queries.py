"""Queries for the members of clusters, and for clusters that need a repair.

A cluster is an article, the canonical one, and its copies. It needs a repair when the canonical
article was withdrawn, was never stored, or has moved to another cluster.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.dataclass_fields import field_names
from worker.model.receipts import RECLEAN_PREFIX
from worker.store.cluster_values import ClusterMove, MoveReason, Sighting
from worker.store.database.columns import UtcDateTime
from worker.store.database.schema import articles, clusters, receipts, revision_origins
from worker.store.database.statements import chunks
from worker.store.retention.past_outcomes import STORED_ORIGINS

_MAX_RANKED_MEMBERS = 1000
_CANONICAL = articles.alias("canonical")


def other_members(
    connection: Connection, article_ids: Collection[str], limit: int
) -> dict[str, list[str]]:
    """Return article id -> ids of other articles in the same cluster (an article and its copies).

    For each article there are up to `limit` ids, those of the members that were stored last. An
    article has no entry if it is alone in its cluster, or if the cluster has over 1,000 members.
    """
    members: dict[str, list[str]] = {}
    for chunk in chunks(sorted(article_ids)):
        for row in connection.execute(_other_members(chunk, limit)):
            members.setdefault(row.article_id, []).append(row.member_id)
    return members


def _other_members(article_ids: Sequence[str], limit: int) -> sa.Select[Any]:
    """Select pairs of an article and another member of its cluster, up to `limit` for each article.

    Members are ranked once for each cluster, even if several of the articles are in it. Clusters of
    more than 1,000 members are skipped, because ranking them would take long.
    """
    c = articles.c
    small = sa.and_(
        clusters.c.cluster_id == c.cluster_id, clusters.c.articles <= _MAX_RANKED_MEMBERS
    )
    requested = (
        sa.select(c.article_id, c.cluster_id)
        .join(clusters, small)
        .where(c.article_id.in_(article_ids))
        .cte()
    )
    rank = sa.func.row_number().over(partition_by=c.cluster_id, order_by=c.seq.desc())
    in_clusters = c.cluster_id.in_(sa.select(requested.c.cluster_id))
    ranked = (
        sa.select(c.article_id, c.cluster_id, rank.label("rank"))
        .where(in_clusters, c.withdrawn_at.is_(None))
        .subquery()
    )
    return (
        sa.select(requested.c.article_id, ranked.c.article_id.label("member_id"))
        .join(ranked, ranked.c.cluster_id == requested.c.cluster_id)
        .where(ranked.c.rank <= limit, ranked.c.article_id != requested.c.article_id)
    )


def orphaned_clusters(before: datetime) -> sa.Select[str]:
    """Return a SELECT of the ids of clusters that lack their original article.

    A cluster is an article and its copies. The original is lacking if it was withdrawn, or if it
    was never stored although a copy of it was, and that copy was last received before the time
    `before`.
    """
    c = articles.c
    overdue = sa.select(c.cluster_id).where(
        c.canonical_pending, c.last_seen < sa.literal(before, UtcDateTime)
    )
    member = articles.alias("member")
    withdrawn = sa.select(c.article_id.label("cluster_id")).where(
        c.withdrawn_at.is_not(None),
        sa.exists().where(
            member.c.cluster_id == c.article_id,
            member.c.article_id != c.article_id,
            member.c.withdrawn_at.is_(None),
            member.c.revision > 0,
        ),
    )
    orphaned = sa.union(overdue, withdrawn).subquery()
    return sa.select(orphaned.c.cluster_id).order_by(orphaned.c.cluster_id)


DISPLACED_MEMBERS = (
    sa.select(articles.c.article_id, articles.c.cluster_id, _CANONICAL.c.cluster_id.label("joined"))
    .join(_CANONICAL, _CANONICAL.c.article_id == articles.c.cluster_id)
    .where(
        articles.c.article_id != articles.c.cluster_id,
        articles.c.withdrawn_at.is_(None),
        _CANONICAL.c.cluster_id != _CANONICAL.c.article_id,
        _CANONICAL.c.withdrawn_at.is_(None),
    )
)


def following_moves(connection: Connection, displaced: sa.Select[Any]) -> list[ClusterMove]:
    """Return the moves by which copies follow their original article to another cluster.

    A cluster is an article and its copies. `displaced` is a SELECT of the copies that are still in
    the old cluster, with the columns `article_id`, `cluster_id` (the old cluster) and `joined` (the
    new one).
    """
    return [
        ClusterMove(
            article_id=row.article_id,
            left=row.cluster_id,
            joined=row.joined,
            reason=MoveReason.FOLLOWED,
            rival=row.cluster_id,
        )
        for row in connection.execute(displaced.order_by(articles.c.article_id))
    ]


def sightings(article_ids: Collection[str]) -> sa.CompoundSelect[Any]:
    """Return a query for the deliveries of these articles, with the fields of the class Sighting as
    columns.

    If the receipt of a delivery (its outcome) was removed, the delivery is in the result only if it
    made a stored revision.
    """
    stored = sa.select(*(receipts.c[name] for name in sorted(field_names(Sighting)))).where(
        receipts.c.article_id.in_(article_ids), _delivered(receipts.c.receipt)
    )
    made = revision_origins.c
    kept = (
        sa.select(
            *(
                made.number if name == "revision" else made[name]
                for name in sorted(field_names(Sighting))
            )
        )
        .select_from(STORED_ORIGINS)
        .where(made.article_id.in_(article_ids), _delivered(made.receipt))
    )
    return sa.union_all(stored, kept)


def _delivered(receipt: sa.Column[str]) -> sa.ColumnElement[bool]:
    return ~receipt.startswith(RECLEAN_PREFIX, autoescape=True)
