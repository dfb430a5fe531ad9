"""Rulings of a batch come in; what they say of its sources, and of their ids, is added up."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.records import Outcome, OutcomeKind, StoredIdentity
from worker.store.database.columns import name
from worker.store.database.schema import articles, sources
from worker.store.database.upsert import add
from worker.store.writing.batch_decisions import Decision


def count_sources(
    connection: Connection,
    outcomes: Sequence[Outcome],
    rulings: Sequence[Decision],
    known: Mapping[str, StoredIdentity],
    now: datetime,
) -> None:
    # Last of all: every writer meets at these rows, so they are held for the commit only.
    again = {r.record.receipt for r in rulings if r.record.reprocessed}
    receipts_by = Counter(name(o.source) for o in outcomes if o.receipt not in again)
    dead_by = Counter(name(o.source) for o in outcomes if o.kind is OutcomeKind.DEAD)
    new = {r.article_id: r for r in rulings if r.adds_revision and r.article_id not in known}
    articles_by = Counter(name(r.record.article.source) for r in new.values())
    again_named = _under_another_id(connection, rulings, known)
    bad = {name_: _bad_ids(rulings, known, name_, again_named) for name_ in _BAD_IDS}
    rows = [
        {
            **{name_: counts[source] for name_, counts in bad.items()},
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
    rulings: Sequence[Decision],
    known: Mapping[str, StoredIdentity],
    what: str,
    copies: Collection[str],
) -> Counter[str]:
    """Per source, how often an external id was absent, another story's, or not the last one."""
    counts: Counter[str] = Counter()
    for ruling in rulings:
        article, verdict = ruling.record.article, ruling.verdict
        if verdict is None:
            continue
        given = any(key.startswith("id:") for key in (article.key, *article.aliases))
        new = verdict.article_id not in known
        found = {
            "without_id": new and not given,
            "reused_ids": new and ruling.record.verdict.signal == "reused-id",
            "changed_ids": given
            and (verdict.article_id in copies if new else article.article_id != verdict.article_id),
        }
        counts[name(article.source)] += found[what]
    return counts


def _under_another_id(
    connection: Connection, rulings: Sequence[Decision], known: Mapping[str, StoredIdentity]
) -> set[str]:
    """New articles that say word for word what one of their own source says."""
    exact = {
        r.article_id: r.verdict.rival
        for r in rulings
        if r.verdict and r.verdict.signal == "exact" and r.article_id not in known
    }
    if not exact:
        return set()
    columns = articles.c.article_id, articles.c.source
    rivals = sa.select(*columns).where(articles.c.article_id.in_(exact.values()))
    source = {row.article_id: row.source for row in connection.execute(rivals)}
    return {
        ruling.article_id
        for ruling in rulings
        if ruling.article_id in exact
        and source.get(exact[ruling.article_id]) == name(ruling.record.article.source)
    }
