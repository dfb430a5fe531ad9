"""Insert the receipts and keys of a batch, which is the results for the articles of one message.

A receipt is the id of a delivery, and a key names an article within its source. Once their rows are
inserted, no other worker can write a result for the same delivery, or another article under the
same key. First come the receipts, then the keys, then the rows of the articles
(worker.store.writing.locks), each in sorted order. So two writers never wait for each other in a
circle.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, Executable
from sqlalchemy.dialects import postgresql, sqlite

from worker.model.dataclass_fields import field_names, field_values
from worker.model.records import Attempt, OutcomeKind, StoredIdentity
from worker.model.source_trust import SourceIds
from worker.store.database.columns import stored_name
from worker.store.database.rows import Row, receipt_row
from worker.store.database.schema import (
    aliases,
    articles,
    receipts,
    sources,
)
from worker.store.database.statements import (
    StoredKey,
    alias_parameters,
    aliases_of,
    external_ids_of,
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
from worker.store.writing.locks import withdrawn_identity

MAX_KEYS = 32  # of one article
_STORED_BEFORE = (OutcomeKind.UNCHANGED, OutcomeKind.REVISION)
_EXTERNAL_IDS = sa.select(
    sources.c.source, *(sources.c[field] for field in field_names(SourceIds))
).where(sources.c.source.in_(sa.bindparam("p_sources", expanding=True)))


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
    statement = _insert_receipts(insert_of_rows(connection, receipts, tuple(sorted_rows[0])))
    inserted = connection.execute(statement, rows_parameter(connection, receipts, sorted_rows))
    return set(inserted.scalars())


@lru_cache(maxsize=8)  # to build it takes most of SQLAlchemy's time for a statement
def _insert_receipts(statement: postgresql.Insert | sqlite.Insert) -> Executable:
    return statement.on_conflict_do_nothing().returning(receipts.c.receipt)


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
    owner_rows = connection.execute(
        _owners(aliases_of(connection)), alias_parameters(claimed)
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


@lru_cache(maxsize=8)
def _owners(of_aliases: sa.FromClause) -> sa.Select[Any]:
    is_owner = articles.c.article_id == aliases.c.article_id
    columns = (articles.c.seq, articles.c.withdrawn_at, articles.c.withdrawal_fetched_at)
    return sa.select(aliases, *columns).select_from(of_aliases.outerjoin(articles, is_owner))


def _distrusted(connection: Connection, fresh: WriteBatch) -> set[str]:
    """Return the sources in the batch whose external ids are not trusted: many were wrong."""
    source_names = {stored_name(record.article.source) for record in fresh.records}
    if not source_names:
        return set()
    rows = connection.execute(_EXTERNAL_IDS, {"p_sources": sorted(source_names)}).mappings()
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
            blocked[article_id] = withdrawn_identity(article_id, keys.withdrawn[owner])
    return blocked
