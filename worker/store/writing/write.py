"""The write transaction: a batch comes in, the outcomes that were written go out.

Two writers never wait for each other in a circle: tables are locked in the order of this page
and rows in the order of their keys. On SQLite the transaction holds the only write lock anyway.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.records import Attempt, Outcome, StoredIdentity, Verdict
from worker.store.database.columns import Name
from worker.store.database.rows import (
    decision_row,
    letter_rows,
    receipt_row,
    revision_row,
    tag_rows,
)
from worker.store.database.schema import (
    articles,
    clusters,
    dead_letters,
    decisions,
    receipts,
    revisions,
    tags,
)
from worker.store.database.upsert import add
from worker.store.writing.batch_decisions import (
    Decision,
    Takedown,
    WriteBatch,
    decide,
    intended,
    record_outcome,
    withdrawal_outcome,
)
from worker.store.writing.locks import (
    blocked_by,
    lock_articles,
    take_keys,
    take_receipts,
    takedowns_of,
)
from worker.store.writing.refresh import refresh
from worker.store.writing.source_counts import count_sources
from worker.store.writing.withdraw import withdraw


def write(
    connection: Connection, batch: WriteBatch, now: datetime, handling: Attempt
) -> list[Outcome]:
    """Write what is fresh of the batch. The number of statements does not depend on its size."""
    fresh = batch.fresh(take_receipts(connection, batch, now, handling))
    if not fresh.ends():
        return []
    keys = take_keys(connection, fresh)
    takedowns = takedowns_of(fresh, keys)
    known = lock_articles(connection, fresh, takedowns, now)
    blocked = blocked_by(fresh, keys)
    rulings = decide(fresh.records, {**known, **blocked})
    _write_revisions(connection, rulings, known, now)
    refresh(connection, rulings, now)
    _write_decisions(connection, rulings)
    _count_clusters(connection, rulings, known, _ids(takedowns), now)
    _point_to_newest(connection, rulings, known)
    withdraw(connection, [*_ids(takedowns), *(blocked.keys() - known.keys())], now)
    _bury(connection, fresh, now)
    outcomes = _outcomes(fresh, rulings, takedowns, now)
    _correct_receipts(connection, fresh, outcomes, now)
    count_sources(connection, outcomes, rulings, known, now)
    return outcomes


def _write_revisions(
    connection: Connection,
    rulings: Sequence[Decision],
    known: Mapping[str, StoredIdentity],
    now: datetime,
) -> None:
    added = [(r.record, r.verdict) for r in rulings if r.verdict and r.adds_revision]
    if not added:
        return
    connection.execute(
        sa.insert(revisions), [revision_row(record, verdict, now) for record, verdict in added]
    )
    newest = {verdict.article_id: record for record, verdict in added}
    revised = [article_id for article_id in newest if article_id in known]
    if revised:
        connection.execute(sa.delete(tags).where(tags.c.article_id.in_(revised)))
    rows = [row for i, record in newest.items() for row in tag_rows(i, record.tags)]
    if rows:
        connection.execute(sa.insert(tags), rows)


def _write_decisions(connection: Connection, rulings: Sequence[Decision]) -> None:
    rows = [decision_row(r.record.receipt, r.verdict) for r in rulings if r.verdict]
    if rows:
        connection.execute(sa.insert(decisions), rows)


def _newest(rulings: Sequence[Decision]) -> dict[str, Verdict]:
    """The last verdict of each article that got a revision."""
    return {r.article_id: r.verdict for r in rulings if r.verdict and r.adds_revision}


def _count_clusters(
    connection: Connection,
    rulings: Sequence[Decision],
    known: Mapping[str, StoredIdentity],
    taken_down: Sequence[str],
    now: datetime,
) -> None:
    # Also locked, without a count: clusters that lose their canonical article, so that whoever
    # still joins one is seen by who marks the copies; and copies that another article may have
    # taken for canonical while they were undecided, so that the second of the two sees the first.
    more: Counter[str] = Counter(dict.fromkeys(set(taken_down) & known.keys(), 0))
    for article_id, verdict in _newest(rulings).items():
        more[verdict.cluster_id] += 1
        more[article_id] += 0
        if article_id in known:
            more[known[article_id].cluster_id] -= 1
    rows = [
        {"cluster_id": i, "articles": more[i], "first_seen": now, "last_seen": now}
        for i in sorted(more)
    ]
    add(connection, clusters, "cluster_id", ["articles"], rows)


def _point_to_newest(
    connection: Connection, rulings: Sequence[Decision], known: Mapping[str, StoredIdentity]
) -> None:
    # After the clusters are counted, and by that locked: when a copy and its canonical article
    # arrive at once, the second of the two sees the first here.
    newest = _newest(rulings)
    if not newest:
        return
    rows = [
        {
            "its_id": article_id,
            "its_number": verdict.revision,
            "its_cluster": verdict.cluster_id,
            "its_verdict": verdict.kind.value,
        }
        for article_id, verdict in newest.items()
    ]
    connection.execute(_newest_revision(), rows)
    new = [article_id for article_id in newest if article_id not in known]
    if not new:
        return
    # Rows that another writer holds are skipped, not waited for: it may be waiting for us.
    waiting = (
        sa.select(articles.c.article_id)
        .where(articles.c.cluster_id.in_(new), articles.c.cluster_id != articles.c.article_id)
        .with_for_update(skip_locked=True)
    )
    followed, home = articles.alias("followed"), articles.alias("home")
    joined = (
        sa.select(followed.c.cluster_id)
        .where(followed.c.article_id == articles.c.cluster_id, followed.c.withdrawn_at.is_(None))
        .correlate(articles)
        .scalar_subquery()
    )
    its_home = sa.func.coalesce(joined, articles.c.cluster_id)
    connection.execute(
        sa.update(articles)
        .where(articles.c.article_id.in_(waiting))
        .values(cluster_id=its_home, canonical_pending=~_stands(home, its_home))
    )


def _stands(its: sa.FromClause, article_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.exists().where(its.c.article_id == article_id, its.c.withdrawn_at.is_(None))


def _newest_revision() -> sa.Update:
    article_id = sa.bindparam("its_id", type_=Name)
    number = sa.bindparam("its_number", type_=sa.Integer)
    cluster_id = sa.bindparam("its_cluster", type_=Name)
    canonical = articles.alias("canonical")
    # What the index took for canonical may have become a copy since.
    joined = sa.select(canonical.c.cluster_id).where(
        canonical.c.article_id == cluster_id, canonical.c.withdrawn_at.is_(None)
    )
    home = sa.func.coalesce(joined.scalar_subquery(), cluster_id)
    revision_id = sa.select(revisions.c.id).where(
        revisions.c.article_id == article_id, revisions.c.number == number
    )
    return (
        sa.update(articles)
        .where(articles.c.article_id == article_id)
        .values(
            newest=revision_id.scalar_subquery(),
            revision=number,
            cluster_id=home,
            verdict=sa.bindparam("its_verdict"),
            canonical_pending=~_stands(articles.alias("home"), home),
        )
    )


def _bury(connection: Connection, fresh: WriteBatch, now: datetime) -> None:
    # The first payload stays; why it can't be processed is what the last attempt said.
    rows = letter_rows(fresh.dead, now)
    latest = ["reason", "detail", "stage", "queue", "last"]
    add(connection, dead_letters, "letter_id", ["seen"], rows, latest)


def _outcomes(
    fresh: WriteBatch, rulings: Iterable[Decision], takedowns: Iterable[Takedown], now: datetime
) -> list[Outcome]:
    return [
        *(record_outcome(ruling, now) for ruling in rulings),
        *(withdrawal_outcome(takedown, now) for takedown in takedowns),
        *(intended(letter, now) for letter in fresh.dead),
    ]


def _correct_receipts(
    connection: Connection, fresh: WriteBatch, outcomes: Sequence[Outcome], now: datetime
) -> None:
    rows = [
        {f"its_{column}": value for column, value in receipt_row(outcome).items()}
        for end, outcome in zip(fresh.ends(), outcomes, strict=True)
        if outcome != intended(end, now)
    ]
    if rows:
        changed: dict[str, Any] = {
            column: sa.bindparam(f"its_{column}")
            for column in ("outcome", "article_id", "revision")
        }
        statement = sa.update(receipts).where(receipts.c.receipt == sa.bindparam("its_receipt"))
        connection.execute(statement.values(changed), rows)


def _ids(takedowns: Iterable[Takedown]) -> list[str]:
    return [article_id for takedown in takedowns for article_id in takedown.article_ids]
