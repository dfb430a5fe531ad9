"""Lock the rows of the articles of a batch, and read what is stored about them.

The receipts and keys of the batch are inserted before (worker.store.writing.taken_keys). The rows
are locked in sorted order, so that two writers never wait for each other in a circle.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from worker.model.completeness import Extent
from worker.model.records import StoredIdentity
from worker.model.unchanged import ArticleChanged
from worker.store.database.columns import UtcDateTime
from worker.store.database.rows import Row, article_row
from worker.store.database.schema import (
    articles,
    held_revisions,
    revisions,
)
from worker.store.database.statements import (
    held_contents,
)
from worker.store.database.upsert import insert_of_rows, rows_parameter
from worker.store.writing.batch_decisions import (
    Takedown,
    WriteBatch,
)


def withdrawn_identity(
    article_id: str, fetched: datetime | None, revision: int = 0, cluster_id: str = ""
) -> StoredIdentity:
    """Return what the store knows of an article that was taken down: when the publisher's request
    was fetched, None if an operator deleted it for good."""
    return StoredIdentity(
        article_id=article_id,
        hashes=frozenset(),
        revision=revision,
        cluster_id=cluster_id or article_id,
        withdrawn=True,
        withdrawal_fetched=fetched,
        extent=Extent.TITLE,
    )


def lock_articles(
    connection: Connection, fresh: WriteBatch, takedowns: Sequence[Takedown], now: datetime
) -> dict[str, StoredIdentity]:
    """Lock the rows of all articles of a batch, also of those in `takedowns`, which are to be taken
    down. Returns what is stored about each article that may change, by its id.

    New articles get a row, and are not in the result. `now` is stored as the time at which the
    articles were last seen. Raises ArticleChanged if an article that was found unchanged has been
    changed by another worker since.
    """
    found = {unchanged.article_id for unchanged in fresh.unchanged}
    if found and len(found) == len(fresh.results()):  # one statement for all, and no row to insert
        _check_unchanged(fresh, takedowns, _count_sightings(connection, found, now))
        return {}
    rows = _article_rows(fresh, takedowns, now)
    if not rows:
        return {}
    sorted_rows = [rows[article_id] for article_id in sorted(rows)]
    statement = _locking(insert_of_rows(connection, articles, tuple(sorted_rows[0])))
    result = connection.execute(statement, rows_parameter(connection, articles, sorted_rows))
    locked = result.all()
    changing = _check_unchanged(fresh, takedowns, locked)
    return _stored_identities(connection, [r for r in locked if r.article_id in changing])


@lru_cache(maxsize=8)  # to build it takes most of SQLAlchemy's time for a statement
def _locking(statement: postgresql.Insert | sqlite.Insert) -> sa.Executable:
    """Add to an INSERT of articles what happens to those that are stored: a sighting is counted,
    which locks the row."""
    columns = ("article_id", "revision", "cluster_id", "withdrawn_at", "withdrawal_fetched_at")
    return statement.on_conflict_do_update(
        index_elements=["article_id"],
        set_={
            "sightings": articles.c.sightings + statement.excluded.sightings,
            "last_seen": sa.case(
                (statement.excluded.sightings > 0, statement.excluded.last_seen),
                else_=articles.c.last_seen,
            ),
        },
    ).returning(*(articles.c[column] for column in columns), articles.c.raw_mark)


def _count_sightings(connection: Connection, article_ids: Collection[str], now: datetime) -> Any:
    """Lock these articles, count one more sighting of each, and return their rows."""
    parameters = {"p_ids": sorted(article_ids), "p_now": now}
    return connection.execute(_COUNT_SIGHTINGS, parameters).all()


def _check_unchanged(
    fresh: WriteBatch, takedowns: Sequence[Takedown], locked: Sequence[Any]
) -> set[str]:
    """Raise ArticleChanged unless the articles that were found unchanged still have their raw
    marks. Return the ids of the other articles of the batch.

    `locked` has the rows of all articles of the batch, which this transaction has locked.
    """
    rows = {row.article_id: row for row in locked}
    for unchanged in fresh.unchanged:
        row = rows.get(unchanged.article_id)
        same = row and not row.withdrawn_at and (row.revision, row.raw_mark) == unchanged.known
        if not same:
            raise ArticleChanged(unchanged.article_id)
    changing = {record.verdict.article_id for record in fresh.records}
    return changing.union(*(takedown.article_ids for takedown in takedowns))


_IDS = sa.bindparam("p_ids", type_=sa.Text, expanding=True)
# Locked in order first: an UPDATE locks rows in any order, and two writers could wait in a circle.
_LOCKED = (
    sa.select(articles.c.article_id)
    .where(articles.c.article_id.in_(_IDS))
    .order_by(articles.c.article_id)
    .with_for_update()
    .cte("locked")
)
_COUNT_SIGHTINGS = (
    sa.update(articles)
    .where(articles.c.article_id.in_(sa.select(_LOCKED.c.article_id)))
    .values(
        sightings=articles.c.sightings + 1,
        last_seen=sa.bindparam("p_now", type_=UtcDateTime),
    )
    .returning(
        articles.c.article_id, articles.c.revision, articles.c.withdrawn_at, articles.c.raw_mark
    )
)


def _article_rows(
    fresh: WriteBatch, takedowns: Sequence[Takedown], now: datetime
) -> dict[str, Row]:
    """Return article id -> row of table `articles` for each article of the batch.

    A new article is inserted with it. A stored article only gets its `sightings`, the number of
    times that the batch has it, and `last_seen`.
    """
    rows: dict[str, Row] = {
        u.article_id: article_row(u.article_id, u.source, u.key, None) for u in fresh.unchanged
    }
    for record in fresh.records:
        article, verdict = record.article, record.verdict
        row = article_row(verdict.article_id, article.source, article.key, verdict)
        rows.setdefault(verdict.article_id, row)
    for takedown in takedowns:
        withdrawal = takedown.withdrawal
        for article_id in takedown.article_ids:
            row = article_row(article_id, withdrawal.source, withdrawal.keys[0], None)
            rows.setdefault(article_id, row)
    sightings = Counter(r.verdict.article_id for r in fresh.records if not r.reprocessed)
    sightings.update(article_id for takedown in takedowns for article_id in takedown.article_ids)
    sightings.update(unchanged.article_id for unchanged in fresh.unchanged)
    for article_id, row in rows.items():
        row.update(sightings=sightings[article_id], first_seen=now, last_seen=now)
    return rows


def _stored_identities(connection: Connection, locked: Sequence[Any]) -> dict[str, StoredIdentity]:
    """Return what is stored about these articles, by article id; articles without a revision are
    left out.

    `locked` has rows of table `articles` that this transaction has locked.
    """
    rows_of = _revisions(
        connection, [row.article_id for row in locked if row.revision and not row.withdrawn_at]
    )
    return {
        row.article_id: withdrawn_identity(
            row.article_id, row.withdrawal_fetched_at, row.revision, row.cluster_id
        )
        if row.withdrawn_at
        else _identity_of(row, rows_of[row.article_id])
        for row in locked
        if row.withdrawn_at or row.revision
    }


_KNOWN_CONTENTS = (
    sa.select(
        *(revisions.c[n] for n in ("article_id", "content_hash", "number", "words", "flags")),
        *(held_revisions.c.content_hash.label("held"), held_revisions.c.since),
    )
    .outerjoin(held_revisions, held_revisions.c.article_id == revisions.c.article_id)
    .where(revisions.c.article_id.in_(_IDS))
)


def _revisions(connection: Connection, article_ids: Sequence[str]) -> dict[str, list[Any]]:
    """Return article id -> its revisions, once for each content of the article that is held
    back."""
    rows_of: dict[str, list[Any]] = {article_id: [] for article_id in article_ids}
    for row in connection.execute(_KNOWN_CONTENTS, {"p_ids": article_ids}) if article_ids else ():
        rows_of[row.article_id].append(row)
    return rows_of


def _identity_of(article: Any, rows: Sequence[Any]) -> StoredIdentity:
    newest = next((row for row in rows if row.number == article.revision), None)
    return StoredIdentity(
        article_id=article.article_id,
        hashes=frozenset(row.content_hash for row in rows),
        revision=article.revision,
        cluster_id=article.cluster_id,
        extent=Extent.of(newest.words, newest.flags) if newest else Extent.TITLE,
        words=newest.words if newest else 0,
        held=held_contents(rows),
        raw_mark=article.raw_mark,
    )
