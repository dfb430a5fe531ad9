"""Write a batch, the results for the raw articles of one message, to the database in one
transaction.

Rows are always locked in the same order, so two writers never wait for each other in a circle.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.records import Attempt, Outcome, StoredIdentity, Verdict
from worker.store.database.columns import KeyText
from worker.store.database.rows import (
    decision_row,
    letter_rows,
    receipt_row,
    revision_row,
    version_facts,
)
from worker.store.database.schema import (
    articles,
    clusters,
    dead_letters,
    decisions,
    receipts,
    revisions,
)
from worker.store.database.upsert import add, insert_of_rows, rows_parameter
from worker.store.writing.batch_decisions import Decision, Takedown, WriteBatch, decide
from worker.store.writing.batch_outcomes import intended, record_outcome, withdrawal_outcome
from worker.store.writing.held_revisions import hold
from worker.store.writing.locks import lock_articles
from worker.store.writing.outcome_counts import count_outcomes
from worker.store.writing.raw_marks import marks_of, store_marks
from worker.store.writing.refresh import refresh
from worker.store.writing.source_counts import count_sources
from worker.store.writing.tag_writing import write_tags
from worker.store.writing.taken_keys import blocked_by, take_keys, take_receipts, takedowns_of
from worker.store.writing.withdraw import bring_back, withdraw


def write(
    connection: Connection, batch: WriteBatch, now: datetime, attempt: Attempt
) -> list[Outcome]:
    """Write the results of a batch (the raw articles of one message); return what became of each.

    A result is skipped if its receipt, the id of the delivery, has an outcome already. `attempt`
    names the worker, and says how often the message was delivered. `now` is stored as the time.
    Raises ArticleChanged if another worker has changed an article that was found unchanged.
    """
    fresh = batch.fresh(take_receipts(connection, batch, now, attempt))
    if not fresh.results():
        return []
    keys = take_keys(connection, fresh)
    takedowns = takedowns_of(fresh, keys)
    stored = lock_articles(connection, fresh, takedowns, now)
    blocked = blocked_by(fresh, keys)
    decided = decide(fresh.records, stored, blocked)
    bring_back(connection, sorted({d.article_id for d in decided if d.returns}))
    _write_revisions(connection, decided, stored, now)
    refresh(connection, decided, now)
    hold(connection, decided, now)
    _write_decisions(connection, decided)
    _count_clusters(connection, decided, stored, _ids(takedowns), now)
    marks = marks_of(decided, keys.owners)
    _point_to_newest(connection, decided, stored, marks)
    store_marks(connection, marks, decided)
    refused = _refused(decided, stored, blocked)
    withdraw(connection, refused | _withdrawals_fetched(takedowns, now), now)
    _write_dead_letters(connection, fresh, now)
    outcomes = _outcomes(fresh, decided, takedowns, now)
    _correct_receipts(connection, fresh, outcomes, now)
    count_sources(connection, outcomes, decided, stored, now)
    count_outcomes(connection, outcomes, decided, now)
    return outcomes


def _write_revisions(
    connection: Connection,
    decided: Sequence[Decision],
    stored: Mapping[str, StoredIdentity],
    now: datetime,
) -> None:
    verdicts = [(r, r.record, r.verdict) for r in decided if r.verdict]
    facts = [
        version_facts(record, verdict, is_tagged=not r.refreshes)
        for r, record, verdict in verdicts
        if r.adds_revision or r.refreshes
    ]
    added = [(record, verdict) for r, record, verdict in verdicts if r.adds_revision]
    newest = {verdict.article_id: record for record, verdict in added}
    revised = [article_id for article_id in newest if article_id in stored]
    write_tags(connection, {i: record.tags for i, record in newest.items()}, revised, facts)
    if not added:
        return
    connection.execute(
        sa.insert(revisions), [revision_row(record, verdict, now) for record, verdict in added]
    )


def _write_decisions(connection: Connection, decided: Sequence[Decision]) -> None:
    rows = [decision_row(r.record.receipt, r.verdict) for r in decided if r.verdict]
    if rows:
        statement = insert_of_rows(connection, decisions, tuple(rows[0]))
        connection.execute(statement, rows_parameter(connection, decisions, rows))


def _newest(decided: Sequence[Decision]) -> dict[str, Verdict]:
    """Return article id -> the last verdict in the batch that added a revision to the article."""
    return {r.article_id: r.verdict for r in decided if r.verdict and r.adds_revision}


def _count_clusters(
    connection: Connection,
    decided: Sequence[Decision],
    stored: Mapping[str, StoredIdentity],
    taken_down: Sequence[str],
    now: datetime,
) -> None:
    # Two kinds of clusters are locked without a change of their count. Clusters that lose their
    # canonical article: an article that still joins one is then found when its copies are marked.
    # And the clusters named after articles of this batch that are duplicates: another article may
    # have joined one while the duplicate was undecided. The second transaction sees the first.
    counts: Counter[str] = Counter(dict.fromkeys(set(taken_down) & stored.keys(), 0))
    for article_id, verdict in _newest(decided).items():
        counts[verdict.cluster_id] += 1
        counts[article_id] += 0
        if article_id in stored and stored[article_id].revision:
            counts[stored[article_id].cluster_id] -= 1
    rows = [
        {"cluster_id": i, "articles": counts[i], "first_seen": now, "last_seen": now}
        for i in sorted(counts)
    ]
    add(connection, clusters, "cluster_id", ["articles"], rows)


def _point_to_newest(
    connection: Connection,
    decided: Sequence[Decision],
    stored: Mapping[str, StoredIdentity],
    marks: Mapping[str, bytes | None],
) -> None:
    # Called after the clusters are counted, which locks them: when a copy and its canonical article
    # are written at the same time, the second transaction sees the first one's article here.
    newest = _newest(decided)
    if not newest:
        return
    rows = [
        {
            "p_article_id": article_id,
            "p_number": verdict.revision,
            "p_cluster_id": verdict.cluster_id,
            "p_verdict": verdict.kind.value,
            "p_raw_mark": marks.get(article_id),
        }
        for article_id, verdict in newest.items()
    ]
    connection.execute(_newest_revision(), rows)
    present = {article_id for article_id, identity in stored.items() if not identity.withdrawn}
    new = [article_id for article_id in newest if article_id not in present]
    if not new:
        return
    connection.execute(_joining_copies(), {"new": new})


@cache
def _joining_copies() -> sa.Update:
    """Copies of articles that were not stored yet join the clusters of these."""
    # Rows that another writer has locked are skipped: that writer may wait for this transaction.
    pending_members = (
        sa.select(articles.c.article_id)
        .where(
            articles.c.cluster_id.in_(sa.bindparam("new", expanding=True)),
            articles.c.cluster_id != articles.c.article_id,
        )
        .with_for_update(skip_locked=True)
    )
    followed, canonical = articles.alias("followed"), articles.alias("canonical")
    joined = (
        sa.select(followed.c.cluster_id)
        .where(followed.c.article_id == articles.c.cluster_id, followed.c.withdrawn_at.is_(None))
        .correlate(articles)
        .scalar_subquery()
    )
    new_cluster_id = sa.func.coalesce(joined, articles.c.cluster_id)
    return (
        sa.update(articles)
        .where(articles.c.article_id.in_(pending_members))
        .values(cluster_id=new_cluster_id, canonical_pending=~_is_stored(canonical, new_cluster_id))
    )


def _is_stored(alias: sa.FromClause, article_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.exists().where(alias.c.article_id == article_id, alias.c.withdrawn_at.is_(None))


@cache
def _newest_revision() -> sa.Update:
    article_id = sa.bindparam("p_article_id", type_=KeyText)
    number = sa.bindparam("p_number", type_=sa.Integer)
    cluster_id = sa.bindparam("p_cluster_id", type_=KeyText)
    elected = articles.alias("elected")
    # The article that the index elected as canonical may have become a copy since then. The row of
    # the article itself may still name the cluster of a content that was refused.
    joined = sa.select(elected.c.cluster_id).where(
        elected.c.article_id == cluster_id,
        elected.c.article_id != article_id,
        elected.c.withdrawn_at.is_(None),
    )
    new_cluster = sa.func.coalesce(joined.scalar_subquery(), cluster_id)
    revision_id = sa.select(revisions.c.id).where(
        revisions.c.article_id == article_id, revisions.c.number == number
    )
    return (
        sa.update(articles)
        .where(articles.c.article_id == article_id)
        .values(
            newest=revision_id.scalar_subquery(),
            revision=number,
            cluster_id=new_cluster,
            verdict=sa.bindparam("p_verdict"),
            raw_mark=sa.bindparam("p_raw_mark"),
            canonical_pending=~_is_stored(articles.alias("canonical"), new_cluster),
        )
    )


def _write_dead_letters(connection: Connection, fresh: WriteBatch, now: datetime) -> None:
    # The payload of the first attempt is kept, and the reason of the last.
    rows = letter_rows(fresh.dead, now)
    latest = ["reason", "detail", "stage", "queue", "last"]
    add(connection, dead_letters, "letter_id", ["seen"], rows, latest)


def _outcomes(
    fresh: WriteBatch, decided: Iterable[Decision], takedowns: Iterable[Takedown], now: datetime
) -> list[Outcome]:
    return [
        *(intended(unchanged, now) for unchanged in fresh.unchanged),
        *(record_outcome(decision, now) for decision in decided),
        *(withdrawal_outcome(takedown, now) for takedown in takedowns),
        *(intended(letter, now) for letter in fresh.dead),
    ]


def _correct_receipts(
    connection: Connection, fresh: WriteBatch, outcomes: Sequence[Outcome], now: datetime
) -> None:
    each = zip(fresh.results(), outcomes, strict=True)  # unchanged ones first, as intended
    rows = [
        {f"p_{column}": value for column, value in receipt_row(outcome).items()}
        for result, outcome in islice(each, len(fresh.unchanged), None)
        if outcome != intended(result, now)
    ]
    if rows:
        changed: dict[str, Any] = {
            column: sa.bindparam(f"p_{column}") for column in ("outcome", "article_id", "revision")
        }
        statement = sa.update(receipts).where(receipts.c.receipt == sa.bindparam("p_receipt"))
        connection.execute(statement.values(changed), rows)


def _refused(
    decided: Sequence[Decision],
    stored: Mapping[str, StoredIdentity],
    blocked: Mapping[str, StoredIdentity],
) -> dict[str, datetime | None]:
    """Return the new articles of the batch of which nothing was stored, because their main key
    leads to a withdrawn article, with the time at which that withdrawal was fetched.

    Their rows were inserted when they were locked, and become tombstones, too.
    """
    written = {decision.article_id for decision in decided if decision.verdict}
    return {
        article_id: identity.withdrawal_fetched
        for article_id, identity in blocked.items()
        if article_id not in stored and article_id not in written
    }


def _withdrawals_fetched(takedowns: Iterable[Takedown], now: datetime) -> dict[str, datetime]:
    """Return article id -> when the last withdrawal of the article in the batch was fetched."""
    fetched: dict[str, datetime] = {}
    for takedown in takedowns:
        at = takedown.withdrawal.fetched or now
        for article_id in takedown.article_ids:
            fetched[article_id] = max(at, fetched.get(article_id, at))
    return fetched


def _ids(takedowns: Iterable[Takedown]) -> list[str]:
    return [article_id for takedown in takedowns for article_id in takedown.article_ids]
