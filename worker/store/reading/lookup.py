"""Look up outcomes by receipt, and what is stored about articles by id or key.

An outcome is what became of a delivered raw article, and a receipt the id of that delivery.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.completeness import Extent
from worker.model.dataclass_fields import field_names
from worker.model.records import Article, Fingerprint, Outcome, StoredIdentity
from worker.model.source_trust import SourceIds
from worker.store.database.columns import stored_name
from worker.store.database.rows import outcome_of, search_hit_of
from worker.store.database.schema import (
    aliases,
    articles,
    held_revisions,
    receipts,
    revisions,
    sources,
)
from worker.store.database.statements import (
    HIT_COLUMNS,
    NEWEST,
    StoredKey,
    alias_parameters,
    aliases_of,
    chunks,
    external_ids_of,
    held_contents,
    stored_keys,
)
from worker.store.reading.stored_tags import tags_of
from worker.store.values import SearchHit


def outcomes(connection: Connection, requested: Sequence[str]) -> dict[str, Outcome]:
    """Return receipt -> what became of the raw article with this receipt, the id of its delivery.

    A receipt has no entry if it is unknown or its article is not processed yet.
    """
    receipt_of = {stored_name(receipt): receipt for receipt in requested}
    stored = {}
    for chunk in chunks(list(receipt_of)):
        statement = sa.select(receipts).where(receipts.c.receipt.in_(chunk))
        for row in connection.execute(statement).mappings():
            receipt = receipt_of[row["receipt"]]
            stored[receipt] = replace(outcome_of(row), receipt=receipt)
    return stored


def payload_hashes(connection: Connection, requested: Sequence[str]) -> dict[str, str]:
    """Return receipt -> a hash of the raw article that was delivered under it. A receipt is the id
    of one delivery.

    Receipts without a stored hash are left out.
    """
    receipt_of = {stored_name(receipt): receipt for receipt in requested}
    columns = (receipts.c.receipt, receipts.c.payload_hash)
    found = {}
    for chunk in chunks(list(receipt_of)):
        statement = sa.select(*columns).where(columns[0].in_(chunk), columns[1] != "")
        for receipt, payload_hash in connection.execute(statement):
            found[receipt_of[receipt]] = payload_hash
    return found


def latest_identities(
    connection: Connection, requested: Sequence[Article]
) -> list[StoredIdentity | None]:
    """Return for each article what is stored about it, or None if nothing is.

    A stored article is recognized if it has any key of the given article: its external id, a link
    or its opening words. If several stored articles have such keys, the field `alternatives` of the
    first has the others.
    """
    if not requested:
        return []
    # The key of the opening is stored only for articles without id and link, and for articles of
    # sources whose ids are not trusted.
    keys = [
        stored_keys(a.source, filter(None, (a.key, *a.aliases, a.opening_key))) for a in requested
    ]
    all_keys = {key for article_keys in keys for key in article_keys}
    owned = connection.execute(_owners(aliases_of(connection)), alias_parameters(all_keys))
    owners = {(row.source, row.key): row.article_id for row in owned}
    candidates = [
        [article.article_id, *(owners[key] for key in article_keys if key in owners)]
        for article, article_keys in zip(requested, keys, strict=True)
    ]
    all_ids = sorted({article_id for ids in candidates for article_id in ids})
    identities = _stored_identities(connection, all_ids)
    return [
        _first([identities[i] for i in dict.fromkeys(ids) if i in identities], article_keys, owners)
        for ids, article_keys in zip(candidates, keys, strict=True)
    ]


@lru_cache(maxsize=8)  # to build it takes most of SQLAlchemy's time for a statement
def _owners(of_aliases: sa.FromClause) -> sa.Select[Any]:
    return sa.select(aliases).select_from(of_aliases)


def _first(
    stored: Sequence[StoredIdentity],
    article_keys: Sequence[StoredKey],
    owners: Mapping[StoredKey, str],
) -> StoredIdentity | None:
    """Return the first of the identities found for an article, with the others as alternatives.

    `stored` may be empty; then None is returned. `owners` maps keys to article ids. Each identity
    gets those of `article_keys` that its article owns.
    """
    keys_of: dict[str, set[str]] = defaultdict(set)
    for source, key in article_keys:
        if owner := owners.get((source, key)):
            keys_of[owner].add(key)
    identities = [replace(s, keys=frozenset(keys_of[s.article_id])) for s in stored]
    return replace(identities[0], alternatives=tuple(identities[1:])) if identities else None


def _stored_identities(
    connection: Connection, article_ids: Sequence[str]
) -> dict[str, StoredIdentity]:
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(_identities(), {"p_ids": article_ids}):
        rows[row.article_id].append(row)
    return {article_id: _identity_of(group) for article_id, group in rows.items()}


@cache
def _identities() -> sa.Select[Any]:
    is_newest = revisions.c.id == articles.c.newest
    return (
        sa.select(
            articles.c.article_id,
            articles.c.revision,
            articles.c.cluster_id,
            articles.c.withdrawn_at,
            revisions.c.content_hash,
            sa.case((is_newest, revisions.c.fingerprint)).label("fingerprint"),
            sa.case((is_newest, revisions.c.words)).label("words"),
            revisions.c.flags,
            held_revisions.c.content_hash.label("held"),
            held_revisions.c.since,
            *(sources.c[field] for field in field_names(SourceIds)),
        )
        .outerjoin(sources, sources.c.source == articles.c.source)
        .outerjoin(revisions, revisions.c.article_id == articles.c.article_id)
        .outerjoin(held_revisions, held_revisions.c.article_id == articles.c.article_id)
        .where(articles.c.article_id.in_(sa.bindparam("p_ids", expanding=True)))
    )


def _identity_of(rows: Sequence[Any]) -> StoredIdentity:
    article = rows[0]
    newest = next((row for row in rows if row.words is not None), None)
    return StoredIdentity(
        article_id=article.article_id,
        hashes=frozenset(row.content_hash for row in rows if row.content_hash),
        revision=article.revision,
        cluster_id=article.cluster_id,
        withdrawn=article.withdrawn_at is not None,
        extent=Extent.of(newest.words, newest.flags) if newest else Extent.TITLE,
        fingerprint=Fingerprint.unpacked(newest.fingerprint) if newest else None,
        words=newest.words if newest else 0,
        held=held_contents(rows),
        distrusted=external_ids_of(article._mapping).distrusted,
    )


def fingerprints(connection: Connection, article_ids: Sequence[str]) -> dict[str, Fingerprint]:
    """Return article id -> fingerprint (the text hashes) of the article's newest revision.

    An article has no entry if it is unknown or withdrawn, or if another release stored its
    fingerprint in another format.
    """
    fingerprint_of = {}
    for chunk in chunks(list(dict.fromkeys(article_ids))):
        statement = sa.select(articles.c.article_id, revisions.c.fingerprint)
        statement = statement.select_from(NEWEST).where(articles.c.article_id.in_(chunk))
        for article_id, blob in connection.execute(statement):
            if fingerprint := Fingerprint.unpacked(blob):
                fingerprint_of[article_id] = fingerprint
    return fingerprint_of


def listing(
    connection: Connection, requested: Sequence[str]
) -> list[tuple[Outcome, SearchHit | None]]:
    """Return what became of each receipt (the id of one delivered raw article), and its stored
    article.

    The results are in the order of the receipts. A receipt without an outcome is left out. The
    article is None if none was stored, or if it is withdrawn.
    """
    ended = outcomes(connection, requested)
    ids = list(dict.fromkeys(o.article_id for o in ended.values() if o.article_id))
    hits: dict[str, SearchHit] = {}
    for chunk in chunks(ids):
        statement = sa.select(*HIT_COLUMNS).select_from(NEWEST)
        rows = connection.execute(statement.where(articles.c.article_id.in_(chunk))).mappings()
        hits.update({hit.article_id: hit for hit in tagged(connection, rows.all())})
    return [(ended[r], hits.get(ended[r].article_id)) for r in requested if r in ended]


def tagged(
    connection: Connection, rows: Sequence[sa.RowMapping], snippets: Sequence[str] = ()
) -> list[SearchHit]:
    """Turn rows that a search found into search hits, and add the tags of each article, best first.

    `rows` have the columns HIT_COLUMNS of statements.py. `snippets` are the passages to show, one
    for each row in the same order; without them, hits have no snippet.
    """
    ids = [row["article_id"] for row in rows]
    tags = tags_of(connection, ids)
    texts = snippets or [""] * len(rows)
    return [
        search_hit_of(row, tags.get(row["article_id"], ()), text)
        for row, text in zip(rows, texts, strict=True)
    ]
