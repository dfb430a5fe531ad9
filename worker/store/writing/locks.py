"""Lock the database rows that a batch, the results for the articles of one message, is written to.

First the rows of its receipts (ids of deliveries) are locked, then those of the articles' keys,
then those of the articles, each in sorted order. So two writers never wait for each other in a
circle.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.completeness import Extent
from worker.model.dataclass_fields import field_names, field_values
from worker.model.records import Attempt, OutcomeKind, StoredIdentity
from worker.model.source_trust import SourceIds
from worker.model.unchanged import ArticleChanged
from worker.store.database.columns import UtcDateTime, stored_name
from worker.store.database.rows import Row, article_row, receipt_row
from worker.store.database.schema import (
    aliases,
    articles,
    held_revisions,
    receipts,
    revisions,
    sources,
)
from worker.store.database.statements import (
    StoredKey,
    alias_parameters,
    aliases_of,
    external_ids_of,
    held_contents,
    stored_keys,
)
from worker.store.database.upsert import insert_of_rows, rows_parameter
from worker.store.writing.batch_decisions import (
    Takedown,
    WriteBatch,
    claimed_keys,
    payload_hash,
    take_down,
)
from worker.store.writing.batch_outcomes import intended

MAX_KEYS = 32  # of one article
_STORED_BEFORE = (OutcomeKind.UNCHANGED, OutcomeKind.REVISION)


def take_receipts(
    connection: Connection, batch: WriteBatch, now: datetime, attempt: Attempt
) -> set[str]:
    """Insert the receipts of a batch into the database, and return those that were not there yet.

    A receipt is the id of one delivered raw article. Once it is inserted, no other worker can write
    a result for the same delivery. `attempt` is stored with it: the name of the worker, and how
    often the message was delivered.
    """
    rows: dict[str, Row] = {}
    for result in batch.results():
        rows.setdefault(
            result.receipt,
            {
                **receipt_row(intended(result, now)),
                **field_values(attempt),
                "traceparent": batch.traces.get(result.receipt, attempt.traceparent),
                "payload_hash": payload_hash(result),
            },
        )
    if not rows:
        return set()
    sorted_rows = [rows[receipt] for receipt in sorted(rows)]
    statement = insert_of_rows(connection, receipts, tuple(sorted_rows[0]))
    inserted = connection.execute(
        statement.on_conflict_do_nothing().returning(receipts.c.receipt),
        rows_parameter(connection, receipts, sorted_rows),
    )
    return set(inserted.scalars())


class ClaimedKeys(NamedTuple):
    """To which articles the keys in a batch (external ids, links or opening words) lead.

    `owners` maps (source, key) to an article id. `existing` has the ids of those articles that have
    a row in the database. `withdrawn` maps the ids of those that were taken down to the time at
    which the publisher's request was fetched, None for ones that an operator deleted for good.
    """

    owners: dict[StoredKey, str]
    existing: set[str]
    withdrawn: dict[str, datetime | None]


def take_keys(connection: Connection, fresh: WriteBatch) -> ClaimedKeys:
    """Insert the keys of a batch's articles, and return to which article each key leads now.

    A key is an external id, a link or the opening words, by which an article is recognized within
    its source. A key that leads to an article already is left as it is. Another worker that inserts
    one of these keys waits until this transaction has ended.
    """
    # A withdrawal and an article with the same key meet here: the second transaction waits until
    # the first has committed, and then sees its key.
    claimed = claimed_keys(fresh, _distrusted(connection, fresh), _full(connection, fresh))
    if not claimed:
        return ClaimedKeys({}, set(), {})
    rows = [
        {"source": source, "key": key, "article_id": claimed[source, key]}
        for source, key in sorted(claimed)
    ]
    statement = insert_of_rows(connection, aliases, ("source", "key", "article_id"))
    added = rows_parameter(connection, aliases, rows)
    connection.execute(statement.on_conflict_do_nothing(), added)
    is_owner = articles.c.article_id == aliases.c.article_id
    columns = (articles.c.seq, articles.c.withdrawn_at, articles.c.withdrawal_fetched_at)
    owner_rows = connection.execute(
        sa.select(aliases, *columns).select_from(
            aliases_of(connection).outerjoin(articles, is_owner)
        ),
        alias_parameters(claimed),
    ).all()
    return ClaimedKeys(
        owners={(row.source, row.key): row.article_id for row in owner_rows},
        existing={row.article_id for row in owner_rows if row.seq is not None},
        withdrawn={
            row.article_id: row.withdrawal_fetched_at
            for row in owner_rows
            if row.withdrawn_at is not None
        },
    )


def _distrusted(connection: Connection, fresh: WriteBatch) -> set[str]:
    """Return the sources in the batch whose external ids are not trusted: many were wrong."""
    source_names = {stored_name(record.article.source) for record in fresh.records}
    if not source_names:
        return set()
    columns = [sources.c[field] for field in field_names(SourceIds)]
    statement = sa.select(sources.c.source, *columns).where(sources.c.source.in_(source_names))
    rows = connection.execute(statement).mappings()
    return {row["source"] for row in rows if external_ids_of(row).distrusted}


def _full(connection: Connection, fresh: WriteBatch) -> set[str]:
    """Return the ids of articles in the batch that already have the maximum number of keys, 32.

    There must be a maximum, because some sources send an article under a new id in every poll.
    """
    stored = {r.verdict.article_id for r in fresh.records if r.verdict.kind in _STORED_BEFORE}
    if not stored:
        return set()
    counted = sa.select(aliases.c.article_id).where(aliases.c.article_id.in_(stored))
    full = counted.group_by(aliases.c.article_id).having(sa.func.count() >= MAX_KEYS)
    return set(connection.scalars(full))


def takedowns_of(fresh: WriteBatch, keys: ClaimedKeys) -> list[Takedown]:
    """Return each publisher's request to take an article down, with the articles to remove for it.

    `fresh` is the batch with the requests. The articles are found by the keys in each request,
    among those stored and those in the batch. `keys` tells to which article each key leads.
    """
    existing = keys.existing | {record.verdict.article_id for record in fresh.records}
    return [take_down(withdrawal, keys.owners, existing) for withdrawal in fresh.withdrawals]


def blocked_by(fresh: WriteBatch, keys: ClaimedKeys) -> dict[str, StoredIdentity]:
    """Return the articles of a batch whose main key, `article.key`, leads to a withdrawn article
    according to `keys`. They must not be stored, unless their publisher has put them back.

    The result maps the id of each to a StoredIdentity that is marked as withdrawn, with the time at
    which the withdrawal was fetched.
    """
    blocked = {}
    for record in fresh.records:
        article, article_id = record.article, record.verdict.article_id
        (own,) = stored_keys(article.source, [article.key])
        owner = keys.owners.get(own, "")
        if owner in keys.withdrawn:
            blocked[article_id] = _withdrawn_identity(article_id, keys.withdrawn[owner])
    return blocked


def _withdrawn_identity(
    article_id: str, fetched: datetime | None, revision: int = 0, cluster_id: str = ""
) -> StoredIdentity:
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
    statement = insert_of_rows(connection, articles, tuple(sorted_rows[0]))
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
    columns = ("article_id", "revision", "cluster_id", "withdrawn_at", "withdrawal_fetched_at")
    result = connection.execute(
        statement.returning(*(articles.c[column] for column in columns), articles.c.raw_mark),
        rows_parameter(connection, articles, sorted_rows),
    )
    locked = result.all()
    changing = _check_unchanged(fresh, takedowns, locked)
    return _stored_identities(connection, [r for r in locked if r.article_id in changing])


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
        row.article_id: _withdrawn_identity(
            row.article_id, row.withdrawal_fetched_at, row.revision, row.cluster_id
        )
        if row.withdrawn_at
        else _identity_of(row, rows_of[row.article_id])
        for row in locked
        if row.withdrawn_at or row.revision
    }


def _revisions(connection: Connection, article_ids: Sequence[str]) -> dict[str, list[Any]]:
    """Return article id -> its revisions, once for each content of the article that is held
    back."""
    rows_of: dict[str, list[Any]] = {article_id: [] for article_id in article_ids}
    columns, held = revisions.c, held_revisions.c
    statement = (
        sa.select(
            *(columns.article_id, columns.content_hash, columns.number),
            *(columns.words, columns.flags, held.content_hash.label("held"), held.since),
        )
        .outerjoin(held_revisions, held.article_id == columns.article_id)
        .where(columns.article_id.in_(article_ids))
    )
    for row in connection.execute(statement) if article_ids else ():
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
