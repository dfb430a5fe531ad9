"""What the store answers: ids and receipts come in, values go out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.completeness import Extent
from worker.model.dataclass_fields import field_names
from worker.model.records import Article, Fingerprint, Outcome, StoredIdentity
from worker.model.source_trust import SourceIds
from worker.store.database.columns import name
from worker.store.database.rows import found_of, outcome_of
from worker.store.database.schema import (
    BEST_FIRST,
    aliases,
    articles,
    receipts,
    revisions,
    sources,
    tags,
)
from worker.store.database.statements import (
    FOUND,
    NEWEST,
    Key,
    aliases_of,
    chunks,
    ids_of,
    stored_keys,
)
from worker.store.values import SearchHit


def outcomes(connection: Connection, wanted: Sequence[str]) -> dict[str, Outcome]:
    given = {name(receipt): receipt for receipt in wanted}
    found = {}
    for chunk in chunks(list(given)):
        statement = sa.select(receipts).where(receipts.c.receipt.in_(chunk))
        for row in connection.execute(statement).mappings():
            receipt = given[row["receipt"]]
            found[receipt] = replace(outcome_of(row), receipt=receipt)
    return found


def latest_identities(
    connection: Connection, asked: Sequence[Article]
) -> list[StoredIdentity | None]:
    if not asked:
        return []
    # The opening leads on only where it was stored: of articles without id and link, and of
    # sources whose ids are worth little.
    keys = [stored_keys(a.source, filter(None, (a.key, *a.aliases, a.opening_key))) for a in asked]
    every = {key for its in keys for key in its}
    statement = sa.select(aliases).select_from(aliases_of(every))
    owners = {(row.source, row.key): row.article_id for row in connection.execute(statement)}
    ways = [
        [article.article_id, *(owners[key] for key in its if key in owners)]
        for article, its in zip(asked, keys, strict=True)
    ]
    known = _known(connection, sorted({article_id for way in ways for article_id in way}))
    return [
        _first([known[i] for i in dict.fromkeys(way) if i in known], its, owners)
        for way, its in zip(ways, keys, strict=True)
    ]


def _first(
    found: Sequence[StoredIdentity], its: Sequence[Key], owners: Mapping[Key, str]
) -> StoredIdentity | None:
    led = {
        known.article_id: frozenset(k for s, k in its if owners.get((s, k)) == known.article_id)
        for known in found
    }
    identities = [replace(identity, keys=led[identity.article_id]) for identity in found]
    return replace(identities[0], alternatives=tuple(identities[1:])) if identities else None


def _known(connection: Connection, article_ids: Sequence[str]) -> dict[str, StoredIdentity]:
    is_newest = revisions.c.id == articles.c.newest
    statement = (
        sa.select(
            articles.c.article_id,
            articles.c.revision,
            articles.c.cluster_id,
            articles.c.withdrawn_at,
            revisions.c.content_hash,
            sa.case((is_newest, revisions.c.fingerprint)).label("fingerprint"),
            sa.case((is_newest, revisions.c.words)).label("words"),
            revisions.c.flags,
            *(sources.c[field] for field in field_names(SourceIds)),
        )
        .outerjoin(sources, sources.c.source == articles.c.source)
        .outerjoin(revisions, revisions.c.article_id == articles.c.article_id)
        .where(articles.c.article_id.in_(article_ids))
    )
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(statement):
        rows[row.article_id].append(row)
    return {article_id: _as_known(its) for article_id, its in rows.items()}


def _as_known(rows: Sequence[Any]) -> StoredIdentity:
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
        distrusted=ids_of(article._mapping).distrusted,
    )


def fingerprints(connection: Connection, article_ids: Sequence[str]) -> dict[str, Fingerprint]:
    found = {}
    for chunk in chunks(list(dict.fromkeys(article_ids))):
        statement = sa.select(articles.c.article_id, revisions.c.fingerprint)
        statement = statement.select_from(NEWEST).where(articles.c.article_id.in_(chunk))
        for article_id, blob in connection.execute(statement):
            if fingerprint := Fingerprint.unpacked(blob):
                found[article_id] = fingerprint
    return found


def listing(
    connection: Connection, wanted: Sequence[str]
) -> list[tuple[Outcome, SearchHit | None]]:
    ended = outcomes(connection, wanted)
    ids = list(dict.fromkeys(o.article_id for o in ended.values() if o.article_id))
    found: dict[str, SearchHit] = {}
    for chunk in chunks(ids):
        statement = sa.select(*FOUND).select_from(NEWEST)
        rows = connection.execute(statement.where(articles.c.article_id.in_(chunk))).mappings()
        found.update({f.article_id: f for f in tagged(connection, rows.all())})
    return [(ended[r], found.get(ended[r].article_id)) for r in wanted if r in ended]


def tagged(
    connection: Connection, rows: Sequence[sa.RowMapping], snippets: Sequence[str] = ()
) -> list[SearchHit]:
    """The rows as values, in their order, with the tags of each, best first."""
    ids = [row["article_id"] for row in rows]
    statement = sa.select(tags.c.article_id, tags.c.scheme, tags.c.code, tags.c.label)
    statement = statement.where(tags.c.article_id.in_(ids))
    names: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for article_id, scheme, code, label in (
        connection.execute(statement.order_by(*BEST_FIRST)) if ids else ()
    ):
        names[article_id].append((f"{scheme}:{code}", label))
    texts = snippets or [""] * len(rows)
    return [
        found_of(row, names[row["article_id"]], text) for row, text in zip(rows, texts, strict=True)
    ]
