"""Taking down: ids come in, tombstones stay. Rows and keys are kept, nothing of the content is."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.records import OutcomeKind
from worker.store.database.columns import Moment
from worker.store.database.packing import pack_text
from worker.store.database.rows import letter_of
from worker.store.database.schema import (
    articles,
    clusters,
    dead_letters,
    decisions,
    revisions,
    tags,
)
from worker.store.values import StoredDeadLetter

PAGE = 200  # dead letters, each with its payload


def withdraw(connection: Connection, article_ids: Sequence[str], now: datetime) -> None:
    """Leave a tombstone of each. The caller holds the locks."""
    if not article_ids:
        return
    connection.execute(
        sa.update(articles)
        .where(articles.c.article_id.in_(article_ids))
        .values(
            newest=None,
            verdict=OutcomeKind.WITHDRAWN.value,
            canonical_pending=False,
            withdrawn_at=sa.func.coalesce(articles.c.withdrawn_at, sa.literal(now, Moment)),
        )
    )
    for table in (tags, decisions, revisions):
        connection.execute(sa.delete(table).where(table.c.article_id.in_(article_ids)))


def delete(connection: Connection, article_ids: Sequence[str], now: datetime) -> int:
    """Take down what stands of these; `mark_orphans` has to follow in a transaction of its own."""
    ids = articles.c.article_id
    standing = sa.select(ids).where(ids.in_(article_ids), articles.c.withdrawn_at.is_(None))
    taken = connection.scalars(standing.order_by(ids).with_for_update()).all()
    withdraw(connection, taken, now)
    # A writer locks a cluster before it looks whether the canonical article stands. Whoever
    # still saw it standing has committed once this lock is ours; whoever comes later will not.
    counted = sa.select(clusters.c.cluster_id).where(clusters.c.cluster_id.in_(taken))
    connection.execute(counted.order_by(clusters.c.cluster_id).with_for_update()).all()
    return len(taken)


def mark_orphans(connection: Connection, canonical_ids: Sequence[str]) -> None:
    """Mark what is left of the clusters of withdrawn articles: they wait for a new canonical."""
    ids = articles.c.article_id
    left = sa.select(ids).where(
        articles.c.cluster_id.in_(canonical_ids),
        articles.c.cluster_id != ids,
        articles.c.withdrawn_at.is_(None),
    )
    members = connection.scalars(left.order_by(ids).with_for_update()).all()
    if members:
        waiting = sa.update(articles).where(ids.in_(members))
        connection.execute(waiting.values(canonical_pending=True))


def letters_of_source(
    connection: Connection, source: str, before: datetime | None, after: str
) -> list[StoredDeadLetter]:
    """The first dead letters of a source, by id, that are not emptied yet."""
    wanted = [dead_letters.c.source == source, dead_letters.c.letter_id > after]
    wanted.append(dead_letters.c.payload != pack_text(""))
    if before:
        wanted.append(dead_letters.c.last < sa.literal(before, Moment))
    statement = sa.select(dead_letters).where(*wanted).order_by(dead_letters.c.letter_id)
    return [letter_of(row) for row in connection.execute(statement.limit(PAGE)).mappings()]


def clear_letters(connection: Connection, letter_ids: Sequence[str]) -> None:
    """Take the content out of dead letters. When the same payload comes again, it stays out."""
    ids = dead_letters.c.letter_id
    # In the order in which the pipeline locks them, or the two wait for each other in a circle.
    connection.execute(sa.select(ids).where(ids.in_(letter_ids)).order_by(ids).with_for_update())
    emptied = sa.update(dead_letters).where(ids.in_(letter_ids))
    connection.execute(emptied.values(payload=pack_text(""), detail="", whole=False))
