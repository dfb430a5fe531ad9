"""Withdraw articles: remove their content, but keep their rows and keys in the database.

Such a row keeps the article from being stored again when its source delivers it once more.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.records import OutcomeKind
from worker.store.database.columns import UtcDateTime
from worker.store.database.packing import pack_text
from worker.store.database.rows import stored_letter_of
from worker.store.database.schema import (
    articles,
    clusters,
    dead_letters,
    decisions,
    held_revisions,
    revisions,
    tags,
)
from worker.store.values import StoredDeadLetter

PAGE = 200  # dead letters, each with its payload


def withdraw(connection: Connection, article_ids: Sequence[str], now: datetime) -> None:
    """Remove the content, tags and decisions of these articles, and mark their rows as withdrawn.

    The rows stay, so that the articles are not stored again. The caller must have locked the rows.
    `now` is stored as the time of the withdrawal.
    """
    if not article_ids:
        return
    connection.execute(
        sa.update(articles)
        .where(articles.c.article_id.in_(article_ids))
        .values(
            newest=None,
            verdict=OutcomeKind.WITHDRAWN.value,
            canonical_pending=False,
            withdrawn_at=sa.func.coalesce(articles.c.withdrawn_at, sa.literal(now, UtcDateTime)),
        )
    )
    for table in (tags, decisions, held_revisions, revisions):
        connection.execute(sa.delete(table).where(table.c.article_id.in_(article_ids)))


def delete(connection: Connection, article_ids: Sequence[str], now: datetime) -> int:
    """Remove the content of these articles, as an operator asked; return how many had content.

    The caller must then call `mark_orphans` in another transaction, because other articles may be
    copies of these. `now` is stored as the time.
    """
    ids = articles.c.article_id
    not_withdrawn = sa.select(ids).where(ids.in_(article_ids), articles.c.withdrawn_at.is_(None))
    locked = connection.scalars(not_withdrawn.order_by(ids).with_for_update()).all()
    withdraw(connection, locked, now)
    # A writer locks a cluster before it checks that the canonical article is not withdrawn. Once
    # this lock is taken, writers that saw it unwithdrawn have committed, and no other can.
    lock_clusters = sa.select(clusters.c.cluster_id).where(clusters.c.cluster_id.in_(locked))
    connection.execute(lock_clusters.order_by(clusters.c.cluster_id).with_for_update()).all()
    return len(locked)


def mark_orphans(connection: Connection, canonical_ids: Sequence[str]) -> None:
    """Mark the copies of these withdrawn articles, so that they get a new canonical article.

    The canonical article is the one that stands for all copies of a text. The mark is the column
    `canonical_pending`. A maintenance job finds the marked copies and chooses one of them.
    """
    ids = articles.c.article_id
    remaining = sa.select(ids).where(
        articles.c.cluster_id.in_(canonical_ids),
        articles.c.cluster_id != ids,
        articles.c.withdrawn_at.is_(None),
    )
    members = connection.scalars(remaining.order_by(ids).with_for_update()).all()
    if members:
        update = sa.update(articles).where(ids.in_(members))
        connection.execute(update.values(canonical_pending=True))


def letters_of_source(
    connection: Connection, source: str, before: datetime | None, after: str
) -> list[StoredDeadLetter]:
    """Return a page of a source's dead letters, the raw articles that could not be processed.

    The page has up to 200 letters with ids larger than `after`, in the order of their ids. Only
    letters that last failed before `before` are returned (None: all), and only if their content is
    stored.
    """
    conditions = [dead_letters.c.source == source, dead_letters.c.letter_id > after]
    conditions.append(dead_letters.c.payload != pack_text(""))
    if before:
        conditions.append(dead_letters.c.last < sa.literal(before, UtcDateTime))
    statement = sa.select(dead_letters).where(*conditions).order_by(dead_letters.c.letter_id)
    return [stored_letter_of(row) for row in connection.execute(statement.limit(PAGE)).mappings()]


def clear_letters(connection: Connection, letter_ids: Sequence[str]) -> None:
    """Delete the stored content of dead letters, the raw articles that could not be processed.

    The rest of a letter is kept, such as its id and the reason of the failure. If the same article
    fails again, that is counted, but its content is not stored again.
    """
    ids = dead_letters.c.letter_id
    # The pipeline locks letters in this order. In another order the two could deadlock.
    connection.execute(sa.select(ids).where(ids.in_(letter_ids)).order_by(ids).with_for_update())
    update = sa.update(dead_letters).where(ids.in_(letter_ids))
    connection.execute(update.values(payload=pack_text(""), detail="", whole=False))
