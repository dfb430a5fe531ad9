"""Add what a batch (the articles of one message) contains to the counters of the articles' sources.

The counters are new articles, receipts (deliveries), dead letters (articles that could not be
processed), and missing, reused or changed external ids.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.records import Outcome, OutcomeKind, StoredIdentity
from worker.store.database.columns import stored_name
from worker.store.database.schema import articles, sources
from worker.store.database.upsert import add
from worker.store.writing.batch_decisions import Decision


def count_sources(
    connection: Connection,
    outcomes: Sequence[Outcome],
    decisions: Sequence[Decision],
    stored: Mapping[str, StoredIdentity],
    now: datetime,
) -> None:
    """Add the articles of a batch to the counters of the sources that they came from.

    Counted are new articles, deliveries, failed articles, and missing, reused or changed external
    ids. `stored` has what was known about the articles before the batch, and `decisions` the final
    verdicts on them. A stored article that was only cleaned again adds nothing to the deliveries.
    """
    # Called last: all writers update these rows, so their locks are held only until the commit.
    reprocessed = {r.record.receipt for r in decisions if r.record.reprocessed}
    receipts_by = Counter(stored_name(o.source) for o in outcomes if o.receipt not in reprocessed)
    dead_by = Counter(stored_name(o.source) for o in outcomes if o.kind is OutcomeKind.DEAD)
    stored = {article_id: known for article_id, known in stored.items() if known.revision}
    new = {r.article_id: r for r in decisions if r.adds_revision and r.article_id not in stored}
    articles_by = Counter(stored_name(r.record.article.source) for r in new.values())
    renamed = _under_another_id(connection, decisions, stored)
    bad_ids = {column: _bad_ids(decisions, stored, column, renamed) for column in _BAD_IDS}
    rows = [
        {
            **{column: counts[source] for column, counts in bad_ids.items()},
            "source": source,
            "articles": articles_by[source],
            "receipts": receipts_by[source],
            "dead": dead_by[source],
            "first_seen": now,
            "last_seen": now,
        }
        for source in sorted(receipts_by)
    ]
    add(connection, sources, "source", ["articles", "receipts", "dead", *_BAD_IDS], rows)


_BAD_IDS = ("without_id", "reused_ids", "changed_ids")


def _bad_ids(
    decisions: Sequence[Decision],
    stored: Mapping[str, StoredIdentity],
    column_name: str,
    copies: Collection[str],
) -> Counter[str]:
    """Count by source the articles in the batch with one kind of bad external id.

    The kind is the counter `column_name`: without_id, reused_ids or changed_ids. `copies` are the
    articles that `_under_another_id` returns.
    """
    counts: Counter[str] = Counter()
    for decision in decisions:
        article, verdict = decision.record.article, decision.verdict
        if verdict is None:
            continue
        has_id = any(key.startswith("id:") for key in (article.key, *article.aliases))
        new = verdict.article_id not in stored
        counted = {
            "without_id": new and not has_id,
            "reused_ids": new and decision.record.verdict.signal == "reused-id",
            "changed_ids": has_id
            and (verdict.article_id in copies if new else article.article_id != verdict.article_id),
        }
        counts[stored_name(article.source)] += counted[column_name]
    return counts


def _under_another_id(
    connection: Connection, decisions: Sequence[Decision], stored: Mapping[str, StoredIdentity]
) -> set[str]:
    """Return the ids of new articles that are exact copies of an article of the same source.

    The source has probably sent the same article again under another external id.
    """
    exact = {
        r.article_id: r.verdict.rival
        for r in decisions
        if r.verdict and r.verdict.signal == "exact" and r.article_id not in stored
    }
    if not exact:
        return set()
    columns = articles.c.article_id, articles.c.source
    originals = sa.select(*columns).where(articles.c.article_id.in_(exact.values()))
    source = {row.article_id: row.source for row in connection.execute(originals)}
    return {
        decision.article_id
        for decision in decisions
        if decision.article_id in exact
        and source.get(exact[decision.article_id]) == stored_name(decision.record.article.source)
    }
