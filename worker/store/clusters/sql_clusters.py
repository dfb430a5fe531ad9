"""Clusters on SQLAlchemy. Rows are locked in the order in which the pipeline's writers take them:
articles by id, then clusters by id. So no two wait for each other in a circle."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.dataclass_fields import field_names, field_values
from worker.model.receipts import RECLEAN_PREFIX
from worker.model.records import Fingerprint, OutcomeKind
from worker.store.cluster_values import ClusterMove, Member, Sighting, StoredFingerprint
from worker.store.clusters import orphans
from worker.store.database.columns import Moment, Name
from worker.store.database.rows import Row
from worker.store.database.schema import articles, clusters, moves, pins, receipts, revisions
from worker.store.database.statements import NEWEST, chunks
from worker.store.database.upsert import add, insert

Transaction = Callable[[], AbstractContextManager[Connection]]

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
_SLIGHT = ("format", "minor")  # changes that cannot part an article from its cluster


class SqlClusters:
    """See worker.store.clusters.cluster_port.Clusters."""

    def __init__(self, reading: Transaction, writing: Transaction) -> None:
        self._reading = reading
        self._writing = writing

    def members(self, article_ids: Collection[str]) -> list[Member]:
        with self._reading() as connection:
            return _members(connection, articles.c.article_id, article_ids)

    def standing(self, cluster_ids: Collection[str]) -> list[Member]:
        with self._reading() as connection:
            return _members(connection, articles.c.cluster_id, cluster_ids)

    def mates(self, article_ids: Collection[str], limit: int) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        with self._reading() as connection:
            for chunk in chunks(sorted(article_ids)):
                for row in connection.execute(orphans.mates(chunk, limit)):
                    found.setdefault(row.of, []).append(row.mate)
        return found

    def orphaned(self, before: datetime, limit: int) -> Sequence[str]:
        with self._reading() as connection:
            return connection.scalars(orphans.orphaned(before).limit(limit)).all()

    def astray(self, limit: int) -> list[ClusterMove]:
        with self._reading() as connection:
            return orphans.astray(connection, orphans.STRAYS.limit(limit))

    def settle(self) -> None:
        standing = sa.exists().where(
            _CANONICAL.c.article_id == articles.c.cluster_id, _CANONICAL.c.withdrawn_at.is_(None)
        )
        come = sa.select(articles.c.article_id).where(articles.c.canonical_pending, standing)
        with self._writing() as connection:
            free = come.order_by(articles.c.article_id).with_for_update(of=articles)
            ids = connection.scalars(free).all()
            for chunk in chunks(ids):
                marked = sa.update(articles).where(articles.c.article_id.in_(chunk))
                connection.execute(marked.values(canonical_pending=False))

    def page(
        self, since: datetime, after: int, limit: int, *, edited: bool = False
    ) -> list[Member]:
        its = revisions.c
        statement = _MEMBER.where(its.id > after, its.received >= sa.literal(since, Moment))
        if edited:
            statement = statement.where(its.number > 1, its.change.not_in(_SLIGHT))
        with self._reading() as connection:
            rows = connection.execute(statement.order_by(its.id).limit(limit)).mappings()
            return [_member(row) for row in rows]

    def prints(self, since: datetime, after: int, limit: int) -> list[StoredFingerprint]:
        its = revisions.c
        columns = (its.id, articles.c.article_id, articles.c.cluster_id, its.received)
        statement = sa.select(*columns, its.fingerprint).select_from(NEWEST)
        recent = statement.where(its.id > after, its.received >= sa.literal(since, Moment))
        with self._reading() as connection:
            rows = connection.execute(recent.order_by(its.id).limit(limit))
            return [
                StoredFingerprint(row.id, row.article_id, row.cluster_id, row.received, print_)
                for row in rows
                if (print_ := Fingerprint.unpacked(row.fingerprint))
            ]

    def count(self, since: datetime) -> int:
        statement = sa.select(sa.func.count()).select_from(NEWEST)
        with self._reading() as connection:
            recent = revisions.c.received >= sa.literal(since, Moment)
            return connection.execute(statement.where(recent)).scalar_one()

    def newest(self) -> int:
        with self._reading() as connection:
            return connection.scalar(sa.select(sa.func.max(revisions.c.id))) or 0

    def move(self, moves: Sequence[ClusterMove], *, now: datetime) -> list[ClusterMove]:
        moved: list[ClusterMove] = []
        left: set[str] = set()
        while moves:
            with self._writing() as connection:
                done = _move(connection, moves, now)
            moved += done
            left |= {move.article_id for move in done if move.article_id == move.left}
            # A writer locks a cluster's row before it looks where its canonical article is. Who
            # still saw it here has committed by now; who comes later sees where it went.
            followers = (
                orphans.STRAYS.where(articles.c.cluster_id.in_(left)) if done and left else None
            )
            if followers is None:
                break
            with self._reading() as connection:
                moves = orphans.astray(connection, followers)
        return moved

    def pin(self, its_pins: dict[str, str], note: str, *, now: datetime) -> None:
        rows: list[Row] = [
            {"article_id": article_id, "cluster_id": cluster_id, "at": now, "note": note}
            for article_id, cluster_id in sorted(its_pins.items())
        ]
        if rows:
            with self._writing() as connection:
                add(connection, pins, "article_id", (), rows, ("cluster_id", "at", "note"))

    def unpin(self, article_ids: Collection[str]) -> int:
        with self._writing() as connection:
            gone = sa.delete(pins).where(pins.c.article_id.in_(article_ids))
            return connection.execute(gone).rowcount

    def moves(self, article_ids: Collection[str]) -> list[dict[str, Any]]:
        statement = sa.select(moves).where(moves.c.article_id.in_(article_ids))
        with self._reading() as connection:
            rows = connection.execute(statement.order_by(moves.c.id)).mappings()
            return [{name: row[name] for name in row if name != "id"} for row in rows]

    def sightings(self, article_ids: Collection[str]) -> list[Sighting]:
        columns = [receipts.c[field] for field in field_names(Sighting)]
        seen = ~receipts.c.receipt.startswith(RECLEAN_PREFIX, autoescape=True)
        with self._reading() as connection:
            found = [
                Sighting(**row)
                for chunk in chunks(sorted(article_ids))
                for row in connection.execute(
                    sa.select(*columns).where(receipts.c.article_id.in_(chunk), seen)
                ).mappings()
            ]
        return sorted(found, key=lambda its: (its.at, its.receipt))


def _members(
    connection: Connection, column: sa.Column[str], values: Collection[str]
) -> list[Member]:
    found = [
        _member(row)
        for chunk in chunks(sorted(set(values)))
        for row in connection.execute(_MEMBER.where(column.in_(chunk))).mappings()
    ]
    return sorted(found, key=lambda member: member.seq)


def _member(row: sa.RowMapping) -> Member:
    # One packed by another release can't be compared with any: it has no version.
    unknown = Fingerprint(content_hash="", text_hash=row["article_id"], words=0)
    found = Fingerprint.unpacked(row["fingerprint"]) or unknown
    return Member(**{**row, "fingerprint": found})


def _move(
    connection: Connection, wanted: Sequence[ClusterMove], now: datetime
) -> list[ClusterMove]:
    standing = _locked(connection, {i for move in wanted for i in (move.article_id, move.joined)})
    firsts = {move.article_id for move in wanted if move.article_id == move.joined}
    done = [
        move
        for move in {move.article_id: move for move in wanted}.values()
        if standing.get(move.article_id) == move.left != move.joined
        and (standing.get(move.joined) == move.joined or move.joined in firsts)
    ]
    if not done:
        return []
    counted: Counter[str] = Counter()
    for move in done:
        counted[move.left] -= 1
        counted[move.joined] += 1
    rows: list[Row] = [
        {"cluster_id": i, "articles": counted[i], "first_seen": now, "last_seen": now}
        for i in sorted(counted)
    ]
    add(connection, clusters, "cluster_id", ["articles"], rows)
    connection.execute(_MOVED, [{"its_id": m.article_id, "its_cluster": m.joined} for m in done])
    connection.execute(
        _PIN_MOVED, [{"its_id": m.article_id, "its_cluster": m.joined} for m in done]
    )
    connection.execute(insert(connection, moves), [{**field_values(m), "at": now} for m in done])
    return done


def _locked(connection: Connection, article_ids: Iterable[str]) -> dict[str, str]:
    """Where those of the articles are that stand."""
    found: dict[str, str] = {}
    for chunk in chunks(sorted(article_ids)):
        its = articles.c
        statement = sa.select(its.article_id, its.cluster_id).where(
            its.article_id.in_(chunk), its.withdrawn_at.is_(None), its.revision > 0
        )
        rows = connection.execute(statement.order_by(its.article_id).with_for_update())
        found |= {row.article_id: row.cluster_id for row in rows}
    return found


_HOME = sa.bindparam("its_cluster", type_=Name)
_MOVED = (
    sa.update(articles)
    .where(articles.c.article_id == sa.bindparam("its_id", type_=Name))
    .values(
        cluster_id=_HOME,
        canonical_pending=False,
        verdict=sa.case(
            (articles.c.verdict == OutcomeKind.REVISION.value, articles.c.verdict),
            (articles.c.article_id != _HOME, OutcomeKind.DUPLICATE.value),
            (articles.c.verdict == OutcomeKind.DUPLICATE.value, OutcomeKind.NEW.value),
            else_=articles.c.verdict,
        ),
    )
)
_PIN_MOVED = (
    sa.update(pins)
    .where(pins.c.article_id == sa.bindparam("its_id", type_=Name))
    .values(cluster_id=_HOME)
)
