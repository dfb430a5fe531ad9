"""Read and change clusters (an article and its copies each) in SQLite and PostgreSQL databases.

Rows are locked in the same order as by the transactions that write batches: articles by id, then
clusters by id. So no two transactions wait for each other in a circle.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.dataclass_fields import field_names, field_values
from worker.model.records import Fingerprint, OutcomeKind
from worker.store.cluster_values import (
    ClusterMove,
    Member,
    RecordedMove,
    Sighting,
    StoredFingerprint,
)
from worker.store.clusters import cluster_queries
from worker.store.database.columns import KeyText, UtcDateTime
from worker.store.database.engine import Transaction
from worker.store.database.rows import Row
from worker.store.database.schema import articles, clusters, moves, pins, revisions
from worker.store.database.statements import NEWEST, chunks
from worker.store.database.upsert import add, insert

_MEMBER = sa.select(
    articles.c.seq,
    articles.c.article_id,
    articles.c.cluster_id,
    articles.c.verdict,
    articles.c.source,
    articles.c.revision,
    revisions.c.id.label("revision_id"),
    revisions.c.title,
    revisions.c.change,
    revisions.c.received,
    revisions.c.fingerprint,
    pins.c.article_id.is_not(None).label("pinned"),
).select_from(NEWEST.outerjoin(pins, pins.c.article_id == articles.c.article_id))
_CANONICAL = articles.alias("canonical")
_SLIGHT_CHANGES = ("format", "minor")  # they cannot separate an article from its cluster


class SqlClusters:
    """Reads and changes clusters, each of which is an article and its copies, in an SQL database.

    It implements the protocol ClusterStore, whose docstrings describe the methods. `reading` and
    `writing` are functions that open a transaction of the database.
    """

    def __init__(self, reading: Transaction, writing: Transaction) -> None:
        self._reading = reading
        self._writing = writing

    def members(self, article_ids: Collection[str]) -> list[Member]:
        with self._reading() as connection:
            return _members(connection, articles.c.article_id, article_ids)

    def members_of(self, cluster_ids: Collection[str]) -> list[Member]:
        with self._reading() as connection:
            return _members(connection, articles.c.cluster_id, cluster_ids)

    def orphaned_clusters(self, before: datetime, limit: int) -> Sequence[str]:
        with self._reading() as connection:
            return connection.scalars(cluster_queries.orphaned_clusters(before).limit(limit)).all()

    def displaced_members(self, limit: int) -> list[ClusterMove]:
        with self._reading() as connection:
            displaced = cluster_queries.DISPLACED_MEMBERS.limit(limit)
            return cluster_queries.following_moves(connection, displaced)

    def clear_pending(self) -> None:
        canonical_stored = sa.exists().where(
            _CANONICAL.c.article_id == articles.c.cluster_id, _CANONICAL.c.withdrawn_at.is_(None)
        )
        settled = (
            sa.select(articles.c.article_id)
            .where(articles.c.canonical_pending, canonical_stored)
            .order_by(articles.c.article_id)
            .with_for_update(of=articles)
        )
        with self._writing() as connection:
            article_ids = connection.scalars(settled).all()
            for chunk in chunks(article_ids):
                update = sa.update(articles).where(articles.c.article_id.in_(chunk))
                connection.execute(update.values(canonical_pending=False))

    def recent_members(
        self, since: datetime, after: int, limit: int, *, edited: bool = False
    ) -> list[Member]:
        c = revisions.c
        statement = _MEMBER.where(c.id > after, c.received >= sa.literal(since, UtcDateTime))
        if edited:
            statement = statement.where(c.number > 1, c.change.not_in(_SLIGHT_CHANGES))
        with self._reading() as connection:
            rows = connection.execute(statement.order_by(c.id).limit(limit)).mappings()
            return [_member(row) for row in rows]

    def recent_fingerprints(
        self, since: datetime, after: int, limit: int
    ) -> list[StoredFingerprint]:
        c = revisions.c
        columns = (c.id, articles.c.article_id, articles.c.cluster_id, c.received, c.fingerprint)
        recent = (
            sa.select(*columns)
            .select_from(NEWEST)
            .where(c.id > after, c.received >= sa.literal(since, UtcDateTime))
        )
        with self._reading() as connection:
            rows = connection.execute(recent.order_by(c.id).limit(limit))
            return [
                StoredFingerprint(row.id, row.article_id, row.cluster_id, row.received, fingerprint)
                for row in rows
                if (fingerprint := Fingerprint.unpacked(row.fingerprint))
            ]

    def count_recent(self, since: datetime) -> int:
        statement = sa.select(sa.func.count()).select_from(NEWEST)
        with self._reading() as connection:
            recent = revisions.c.received >= sa.literal(since, UtcDateTime)
            return connection.execute(statement.where(recent)).scalar_one()

    def move(self, moves: Sequence[ClusterMove], *, now: datetime) -> list[ClusterMove]:
        applied: list[ClusterMove] = []
        left: set[str] = set()
        while moves:
            with self._writing() as connection:
                done = _move(connection, moves, now)
            applied += done
            left |= {move.article_id for move in done if move.article_id == move.left}
            if not done or not left:
                break
            # A writer locks a cluster's row before it reads where the canonical article is. A
            # writer that still saw it in this cluster has committed by now, and its article is
            # found here; a later writer sees the cluster that the canonical article joined.
            displaced = cluster_queries.DISPLACED_MEMBERS.where(articles.c.cluster_id.in_(left))
            with self._reading() as connection:
                moves = cluster_queries.following_moves(connection, displaced)
        return applied

    def pin(self, cluster_of: Mapping[str, str], note: str, *, now: datetime) -> None:
        rows: list[Row] = [
            {"article_id": article_id, "cluster_id": cluster_id, "at": now, "note": note}
            for article_id, cluster_id in sorted(cluster_of.items())
        ]
        if rows:
            with self._writing() as connection:
                add(connection, pins, "article_id", (), rows, ("cluster_id", "at", "note"))

    def unpin(self, article_ids: Collection[str]) -> int:
        with self._writing() as connection:
            delete = sa.delete(pins).where(pins.c.article_id.in_(article_ids))
            return connection.execute(delete).rowcount

    def moves(self, article_ids: Collection[str]) -> list[RecordedMove]:
        columns = [moves.c[field] for field in field_names(RecordedMove)]
        statement = sa.select(*columns).where(moves.c.article_id.in_(article_ids))
        with self._reading() as connection:
            rows = connection.execute(statement.order_by(moves.c.id)).mappings()
            return [RecordedMove(**row) for row in rows]

    def sightings(self, article_ids: Collection[str]) -> list[Sighting]:
        with self._reading() as connection:
            sightings = [
                Sighting(**row)
                for chunk in chunks(sorted(article_ids))
                for row in connection.execute(cluster_queries.sightings(chunk)).mappings()
            ]
        return sorted(sightings, key=lambda sighting: (sighting.at, sighting.receipt))


def _members(
    connection: Connection, column: sa.Column[str], values: Collection[str]
) -> list[Member]:
    members = [
        _member(row)
        for chunk in chunks(sorted(set(values)))
        for row in connection.execute(_MEMBER.where(column.in_(chunk))).mappings()
    ]
    return sorted(members, key=lambda member: member.seq)


def _member(row: sa.RowMapping) -> Member:
    # A fingerprint that another release packed can't be compared: this stand-in has no version.
    stand_in = Fingerprint(content_hash="", text_hash=row["article_id"], words=0)
    fingerprint = Fingerprint.unpacked(row["fingerprint"]) or stand_in
    return Member(**{**row, "fingerprint": fingerprint})


def _move(
    connection: Connection, moves_asked: Sequence[ClusterMove], now: datetime
) -> list[ClusterMove]:
    """Lock the articles, and carry out and return the moves that are still valid.

    A move is valid if its article is still in the cluster `left`, and the cluster `joined` exists
    or is founded by one of these moves.
    """
    article_ids = {i for move in moves_asked for i in (move.article_id, move.joined)}
    cluster_of = _lock_articles(connection, article_ids)
    founders = {move.article_id for move in moves_asked if move.article_id == move.joined}
    done = [
        move
        for move in {move.article_id: move for move in moves_asked}.values()
        if cluster_of.get(move.article_id) == move.left != move.joined
        and (cluster_of.get(move.joined) == move.joined or move.joined in founders)
    ]
    if not done:
        return []
    counts: Counter[str] = Counter()
    for move in done:
        counts[move.left] -= 1
        counts[move.joined] += 1
    rows: list[Row] = [
        {"cluster_id": i, "articles": counts[i], "first_seen": now, "last_seen": now}
        for i in sorted(counts)
    ]
    add(connection, clusters, "cluster_id", ["articles"], rows)
    joined = [{"p_article_id": move.article_id, "p_cluster_id": move.joined} for move in done]
    connection.execute(_MOVE_ARTICLE, joined)
    connection.execute(_MOVE_PIN, joined)
    connection.execute(insert(connection, moves), [{**field_values(m), "at": now} for m in done])
    return done


def _lock_articles(connection: Connection, article_ids: Iterable[str]) -> dict[str, str]:
    """Lock the rows of these articles, without withdrawn ones; return article id -> cluster id."""
    cluster_of: dict[str, str] = {}
    for chunk in chunks(sorted(article_ids)):
        c = articles.c
        statement = sa.select(c.article_id, c.cluster_id).where(
            c.article_id.in_(chunk), c.withdrawn_at.is_(None), c.revision > 0
        )
        rows = connection.execute(statement.order_by(c.article_id).with_for_update())
        cluster_of |= {row.article_id: row.cluster_id for row in rows}
    return cluster_of


_CLUSTER_ID = sa.bindparam("p_cluster_id", type_=KeyText)
_MOVE_ARTICLE = (
    sa.update(articles)
    .where(articles.c.article_id == sa.bindparam("p_article_id", type_=KeyText))
    .values(
        cluster_id=_CLUSTER_ID,
        canonical_pending=False,
        verdict=sa.case(
            (articles.c.verdict == OutcomeKind.REVISION.value, articles.c.verdict),
            (articles.c.article_id != _CLUSTER_ID, OutcomeKind.DUPLICATE.value),
            (articles.c.verdict == OutcomeKind.DUPLICATE.value, OutcomeKind.NEW.value),
            else_=articles.c.verdict,
        ),
    )
)
_MOVE_PIN = (
    sa.update(pins)
    .where(pins.c.article_id == sa.bindparam("p_article_id", type_=KeyText))
    .values(cluster_id=_CLUSTER_ID)
)
