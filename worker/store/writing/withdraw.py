"""Withdraw articles: remove their content, but keep their rows and keys in the database.

Such a row keeps the article from being stored again when its source delivers it once more. If the
publisher has withdrawn it, a delivery that was fetched later brings it back. What an operator has
deleted, or an earlier version of this package has withdrawn, never comes back.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.records import OutcomeKind
from worker.store.database.columns import KeyText, UtcDateTime
from worker.store.database.packing import EMPTY_TEXT
from worker.store.database.rows import stored_letter_of
from worker.store.database.schema import (
    articles,
    clusters,
    dead_letters,
    decisions,
    held_revisions,
    reclean_marks,
    revision_origins,
    revisions,
)
from worker.store.dead_letter_values import StoredDeadLetter
from worker.store.writing.tag_writing import remove_tags

PAGE = 200  # dead letters, each with its payload


def withdraw(connection: Connection, fetched: Mapping[str, datetime | None], now: datetime) -> None:
    """Remove the content, tags and decisions of articles, and mark their rows as withdrawn.

    The rows stay, so that the articles are not stored again. `fetched` maps each article id to when
    the publisher's withdrawal was fetched; None if the article must never come back. The caller
    must have locked the rows. `now` is stored as the time of the withdrawal.
    """
    if not fetched:
        return
    for fetched_value, statement in ((True, _withdrawn_at_publisher(now)), (False, _deleted(now))):
        rows = [
            {"p_article_id": article_id, **({"p_fetched": at} if at else {})}
            for article_id, at in sorted(fetched.items())
            if bool(at) is fetched_value
        ]
        if rows:
            connection.execute(statement, rows)
    remove_tags(connection, sorted(fetched))
    for table in (
        decisions,
        held_revisions,
        revision_origins,
        reclean_marks,
        revisions,
    ):
        connection.execute(sa.delete(table).where(table.c.article_id.in_(fetched)))


def _deleted(now: datetime) -> sa.Update:
    return (
        sa.update(articles)
        .where(articles.c.article_id == sa.bindparam("p_article_id", type_=KeyText))
        .values(
            newest=None,
            verdict=OutcomeKind.WITHDRAWN.value,
            canonical_pending=False,
            withdrawn_at=sa.func.coalesce(articles.c.withdrawn_at, sa.literal(now, UtcDateTime)),
            withdrawal_fetched_at=None,
        )
    )


def _withdrawn_at_publisher(now: datetime) -> sa.Update:
    """The statement for a publisher's withdrawal: the latest one counts, and none makes a deletion
    by an operator less final."""
    c, fetched = articles.c, sa.bindparam("p_fetched", type_=UtcDateTime)
    final = sa.and_(c.withdrawn_at.is_not(None), c.withdrawal_fetched_at.is_(None))
    later = sa.or_(final, c.withdrawal_fetched_at > fetched)
    return _deleted(now).values(
        withdrawal_fetched_at=sa.case((later, c.withdrawal_fetched_at), else_=fetched)
    )


def bring_back(connection: Connection, article_ids: Sequence[str]) -> None:
    """Mark withdrawn articles as no longer withdrawn, because their publisher has put them back.
    Their new content is written after that.

    The caller must have locked the rows of the articles.
    """
    if article_ids:
        update = sa.update(articles).where(articles.c.article_id.in_(article_ids))
        connection.execute(update.values(withdrawn_at=None, withdrawal_fetched_at=None))


def delete(connection: Connection, article_ids: Sequence[str], now: datetime) -> int:
    """Remove the content of these articles for good, as an operator asked. Returns how many of them
    still had content.

    Other articles may be copies of these, so the caller must then call `mark_orphans` in another
    transaction. `now` is stored as the time of the deletion.
    """
    ids = articles.c.article_id
    named = sa.select(ids, articles.c.withdrawn_at).where(ids.in_(article_ids))
    rows = connection.execute(named.order_by(ids).with_for_update()).all()
    # Those that their publisher has withdrawn are deleted as well: now they can't come back.
    withdraw(connection, {row.article_id: None for row in rows}, now)
    locked = [row.article_id for row in rows if row.withdrawn_at is None]
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
    conditions.append(dead_letters.c.payload != EMPTY_TEXT)
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
    connection.execute(update.values(payload=EMPTY_TEXT, detail="", whole=False))
