"""List the clusters of a period, those with the most sources first.

A cluster is an article and its copies. At most 20,000 articles of the period are looked at, the
newest ones.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.columns import UtcDateTime
from worker.store.database.schema import articles
from worker.store.listing_values import ClusterPage, ClusterPosition, ClusterSummary
from worker.store.reading.display_titles import titles

MOST_ARTICLES = 20_000  # articles of the period that are looked at


def cluster_page(
    connection: Connection, since: datetime, after: ClusterPosition | None, limit: int
) -> ClusterPage:
    """Return the clusters (an article and its copies each) with articles that were first seen at
    `since` or later, those with the most sources first.

    Only clusters with more than one article in that time are listed, at most `limit` of them, and
    those after the position `after`, None for the beginning of the list.
    """
    seq = after.seq if after else connection.scalar(sa.select(sa.func.max(articles.c.seq))) or 0
    newest = _newest(seq)
    grouped = _grouped(newest, since)
    statement = sa.select(grouped)
    if after:
        statement = statement.where(_is_after(grouped.c, after))
    order = (grouped.c.sources.desc(), grouped.c.articles.desc(), grouped.c.cluster_id)
    rows = connection.execute(statement.order_by(*order).limit(limit + 1)).all()
    shown = rows[:limit]
    last = shown[-1] if len(rows) > limit else None
    return ClusterPage(
        clusters=_summaries(connection, shown),
        next=ClusterPosition(seq, last.sources, last.articles, last.cluster_id) if last else None,
        is_complete=_reaches(connection, seq, since),
    )


def _newest(seq: int) -> sa.Subquery:
    c = articles.c
    columns = (c.cluster_id, c.source, c.first_seen, c.withdrawn_at)
    return (
        sa.select(*columns)
        .where(c.seq <= seq)
        .order_by(c.seq.desc())
        .limit(MOST_ARTICLES)
        .subquery()
    )


def _grouped(newest: sa.Subquery, since: datetime) -> sa.Subquery:
    c = newest.c
    number = sa.func.count()
    return (
        sa.select(
            c.cluster_id,
            sa.func.count(c.source.distinct()).label("sources"),
            number.label("articles"),
            sa.func.min(c.first_seen).label("first_seen"),
            sa.func.max(c.first_seen).label("last_seen"),
        )
        .where(c.first_seen >= sa.literal(since, UtcDateTime), c.withdrawn_at.is_(None))
        .group_by(c.cluster_id)
        .having(number > 1)
        .subquery()
    )


def _is_after(c: Any, after: ClusterPosition) -> sa.ColumnElement[bool]:
    same_sources = c.sources == after.sources
    same_articles = sa.and_(same_sources, c.articles == after.articles)
    return sa.or_(
        c.sources < after.sources,
        sa.and_(same_sources, c.articles < after.articles),
        sa.and_(same_articles, c.cluster_id > after.cluster_id),
    )


def _summaries(connection: Connection, rows: Sequence[Any]) -> tuple[ClusterSummary, ...]:
    title_of = titles(connection, [row.cluster_id for row in rows])
    summaries = []
    for row in rows:
        title = title_of.get(row.cluster_id)
        summaries.append(
            ClusterSummary(
                **row._mapping,
                title=title.title if title else "",
                source=title.source if title else "",
            )
        )
    return tuple(summaries)


def _reaches(connection: Connection, seq: int, since: datetime) -> bool:
    """Whether the articles that were looked at reach back to `since`."""
    earliest = (
        sa.select(articles.c.first_seen)
        .where(articles.c.seq <= seq)
        .order_by(articles.c.seq.desc())
        .offset(MOST_ARTICLES)
        .limit(1)
    )
    at = connection.scalar(earliest)
    return at is None or at < since
