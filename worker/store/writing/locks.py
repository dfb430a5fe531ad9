"""What a write transaction takes first: its receipts, its keys and its articles, in this order.

Each is locked in the order of its own key, so two writers never wait for each other in a circle.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.completeness import Extent
from worker.model.dataclass_fields import field_names, field_values
from worker.model.records import Attempt, OutcomeKind, StoredIdentity
from worker.model.source_trust import SourceIds
from worker.store.database.columns import name
from worker.store.database.rows import Row, article_row, receipt_row
from worker.store.database.schema import aliases, articles, receipts, revisions, sources
from worker.store.database.statements import Key, aliases_of, ids_of, stored_keys
from worker.store.database.upsert import insert
from worker.store.writing.batch_decisions import (
    Takedown,
    WriteBatch,
    claimed_keys,
    intended,
    take_down,
)

MOST_KEYS = 32  # that lead to one article
_STORED_BEFORE = (OutcomeKind.UNCHANGED, OutcomeKind.REVISION)


def take_receipts(
    connection: Connection, batch: WriteBatch, now: datetime, handling: Attempt
) -> set[str]:
    """The receipts that nobody has ended before, entered with the outcome to be expected."""
    rows: dict[str, Row] = {}
    for end in batch.ends():
        rows.setdefault(end.receipt, {**receipt_row(intended(end, now)), **field_values(handling)})
    if not rows:
        return set()
    statement = insert(connection, receipts).on_conflict_do_nothing()
    result = connection.execute(
        statement.returning(receipts.c.receipt), [rows[receipt] for receipt in sorted(rows)]
    )
    return set(result.scalars())


class Keys(NamedTuple):
    """Where the keys of a batch lead, and what stood there before."""

    owners: dict[Key, str]
    existing: set[str]
    withdrawn: set[str]


def take_keys(connection: Connection, fresh: WriteBatch) -> Keys:
    # A withdrawal and an article that share a key meet here: whoever comes second waits until
    # the first is committed and then sees it.
    claimed = claimed_keys(fresh, _distrusted(connection, fresh), _full(connection, fresh))
    if not claimed:
        return Keys({}, set(), set())
    rows = [
        {"source": source, "key": key, "article_id": claimed[source, key]}
        for source, key in sorted(claimed)
    ]
    connection.execute(insert(connection, aliases).on_conflict_do_nothing(), rows)
    led_to = articles.c.article_id == aliases.c.article_id
    found = connection.execute(
        sa.select(aliases, articles.c.seq, articles.c.withdrawn_at).select_from(
            aliases_of(claimed).outerjoin(articles, led_to)
        )
    ).all()
    return Keys(
        owners={(row.source, row.key): row.article_id for row in found},
        existing={row.article_id for row in found if row.seq is not None},
        withdrawn={row.article_id for row in found if row.withdrawn_at is not None},
    )


def _distrusted(connection: Connection, fresh: WriteBatch) -> set[str]:
    """Those of the sources whose ids are worth little."""
    named = {name(record.article.source) for record in fresh.records}
    if not named:
        return set()
    columns = [sources.c[field] for field in field_names(SourceIds)]
    found = sa.select(sources.c.source, *columns).where(sources.c.source.in_(named))
    rows = connection.execute(found).mappings()
    return {row["source"] for row in rows if ids_of(row).distrusted}


def _full(connection: Connection, fresh: WriteBatch) -> set[str]:
    """Articles that get no more keys: a source with new ids in every poll would add for ever."""
    known = {r.verdict.article_id for r in fresh.records if r.verdict.kind in _STORED_BEFORE}
    if not known:
        return set()
    counted = sa.select(aliases.c.article_id).where(aliases.c.article_id.in_(known))
    full = counted.group_by(aliases.c.article_id).having(sa.func.count() >= MOST_KEYS)
    return set(connection.scalars(full))


def takedowns_of(fresh: WriteBatch, keys: Keys) -> list[Takedown]:
    existing = keys.existing | {record.verdict.article_id for record in fresh.records}
    return [take_down(withdrawal, keys.owners, existing) for withdrawal in fresh.withdrawals]


def blocked_by(fresh: WriteBatch, keys: Keys) -> dict[str, StoredIdentity]:
    """Articles whose own key was withdrawn under another id before they ever came."""
    blocked = {}
    for record in fresh.records:
        article, article_id = record.article, record.verdict.article_id
        (own,) = stored_keys(article.source, [article.key])
        if keys.owners.get(own) in keys.withdrawn:
            blocked[article_id] = _gone(article_id)
    return blocked


def _gone(article_id: str, revision: int = 0) -> StoredIdentity:
    return StoredIdentity(
        article_id=article_id,
        hashes=frozenset(),
        revision=revision,
        cluster_id=article_id,
        withdrawn=True,
    )


def lock_articles(
    connection: Connection, fresh: WriteBatch, takedowns: Sequence[Takedown], now: datetime
) -> dict[str, StoredIdentity]:
    """Lock or insert every article involved; what is known of those that were there before."""
    rows = _article_rows(fresh, takedowns, now)
    if not rows:
        return {}
    statement = insert(connection, articles)
    statement = statement.on_conflict_do_update(
        index_elements=["article_id"],
        set_={
            "sightings": articles.c.sightings + statement.excluded.sightings,
            "last_seen": sa.case(
                (statement.excluded.sightings > 0, statement.excluded.last_seen),
                else_=articles.c.last_seen,
            ),
        },
    )
    columns = ("article_id", "revision", "cluster_id", "withdrawn_at")
    result = connection.execute(
        statement.returning(*(articles.c[column] for column in columns)),
        [rows[article_id] for article_id in sorted(rows)],
    )
    return _known(connection, result.all())


def _article_rows(
    fresh: WriteBatch, takedowns: Sequence[Takedown], now: datetime
) -> dict[str, Row]:
    """What is inserted of the articles that are not there yet, with this batch's sightings."""
    rows: dict[str, Row] = {}
    for record in fresh.records:
        article, verdict = record.article, record.verdict
        row = article_row(verdict.article_id, article.source, article.key, verdict)
        rows.setdefault(verdict.article_id, row)
    for takedown in takedowns:
        withdrawal = takedown.withdrawal
        for article_id in takedown.article_ids:
            row = article_row(article_id, withdrawal.source, withdrawal.keys[0], None)
            rows.setdefault(article_id, row)
    seen = Counter(r.verdict.article_id for r in fresh.records if not r.reprocessed)
    seen.update(article_id for takedown in takedowns for article_id in takedown.article_ids)
    for article_id, row in rows.items():
        row.update(sightings=seen[article_id], first_seen=now, last_seen=now)
    return rows


def _known(connection: Connection, locked: Sequence[Any]) -> dict[str, StoredIdentity]:
    newest = {row.article_id: row.revision for row in locked if row.withdrawn_at is None}
    ids = [article_id for article_id, revision in newest.items() if revision]
    hashes: dict[str, set[str]] = {article_id: set() for article_id in ids}
    extents: dict[str, Extent] = {}
    if ids:
        columns = revisions.c
        found = sa.select(
            columns.article_id, columns.content_hash, columns.number, columns.words, columns.flags
        ).where(columns.article_id.in_(ids))
        for article_id, content_hash, number, words, flags in connection.execute(found):
            hashes[article_id].add(content_hash)
            if number == newest[article_id]:
                extents[article_id] = Extent.of(words, flags)
    known = {}
    for article_id, revision, cluster_id, withdrawn_at in locked:
        if withdrawn_at is not None:
            known[article_id] = _gone(article_id, revision)
        elif revision:
            known[article_id] = StoredIdentity(
                article_id=article_id,
                hashes=frozenset(hashes[article_id]),
                revision=revision,
                cluster_id=cluster_id,
                extent=extents.get(article_id, Extent.TITLE),
            )
    return known
