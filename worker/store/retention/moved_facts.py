"""Copy to other tables what other code reads from receipts, before the receipts are removed.

A receipt is the stored outcome of one delivery. It says which verdict a revision got and why, how
the replay of a dead letter ended, and that an article was cleaned again in vain.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.receipts import RECLEAN_PREFIX, reclean_work, replayed_letter
from worker.model.records import OutcomeKind
from worker.store.database.columns import KeyText
from worker.store.database.provenances import version_of
from worker.store.database.schema import (
    dead_letters,
    decisions,
    receipts,
    reclean_marks,
    revision_origins,
    revisions,
)
from worker.store.database.upsert import insert

KINDS_WITH_REVISION = [
    kind.value
    for kind in (OutcomeKind.NEW, OutcomeKind.REVISION, OutcomeKind.DUPLICATE, OutcomeKind.VARIANT)
]
_OF_DECISION = ("verdict", "signal", "rival", "scores", "thresholds", "version")


def move_facts(connection: Connection, names: Sequence[str]) -> None:
    """Copy facts that are needed later out of receipts that are about to be removed. A receipt is
    the id of one delivery, stored with what became of it; `names` are these ids.

    The facts are about stored revisions, about replays of dead letters, and about articles that
    were cleaned again.
    """
    _keep_origins(connection, names)
    _keep_reclean_marks(connection, [n for n in names if n.startswith(RECLEAN_PREFIX)])
    _keep_ends_of_replays(connection, [n for n in names if replayed_letter(n)])


def _keep_origins(connection: Connection, names: Sequence[str]) -> None:
    """Keep the receipt and the decision by which a revision was stored, if it is still stored."""
    c = receipts.c
    selected = [
        *(c.article_id, c.revision, c.receipt, c.outcome, c.source, c.at, c.worker, c.deliveries),
        *(decisions.c[name] for name in _OF_DECISION),
    ]
    targets = ["article_id", "number", "receipt", "outcome", "source", "at", "worker", "deliveries"]
    of_revision = sa.and_(revisions.c.article_id == c.article_id, revisions.c.number == c.revision)
    made = (
        sa.select(*selected)
        .select_from(
            receipts.join(revisions, of_revision).outerjoin(
                decisions, decisions.c.receipt == c.receipt
            )
        )
        .where(c.receipt.in_(names), c.outcome.in_(KINDS_WITH_REVISION))
        .order_by(c.article_id, c.revision, c.at)
    )
    statement = insert(connection, revision_origins).from_select([*targets, *_OF_DECISION], made)
    connection.execute(statement.on_conflict_do_nothing())


def _keep_reclean_marks(connection: Connection, names: Sequence[str]) -> None:
    """Keep the cleaner that has cleaned a revision again, unless the revision names it itself."""
    works = [work for name in names if (work := reclean_work(name))]
    if not works:
        return
    c = revisions.c
    ids = {work.article_id for work in works}
    rows = connection.execute(
        sa.select(c.article_id, c.number, version_of("cleaner").label("cleaner")).where(
            c.article_id.in_(ids)
        )
    )
    cleaner_of = {(row.article_id, row.number): row.cleaner for row in rows}
    # In the order of the receipts, oldest first: the last version counts.
    marks = {
        (work.article_id, work.number): work.cleaner
        for work in works
        if cleaner_of.get((work.article_id, work.number), work.cleaner) != work.cleaner
    }
    if not marks:
        return
    statement = insert(connection, reclean_marks)
    replaced = {"cleaner": statement.excluded.cleaner}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["article_id", "number"], set_=replaced),
        [
            {"article_id": article_id, "number": number, "cleaner": marks[article_id, number]}
            for article_id, number in sorted(marks)
        ],
    )


def _keep_ends_of_replays(connection: Connection, names: Sequence[str]) -> None:
    """Keep on each dead letter how its replay ended, and to which article it led."""
    if not names:
        return
    c = receipts.c
    ended = connection.execute(
        sa.select(c.receipt, c.outcome, c.article_id).where(c.receipt.in_(names))
    )
    rows: list[dict[str, Any]] = [
        {
            "p_letter_id": replayed_letter(row.receipt),
            "p_receipt": row.receipt,
            "p_outcome": row.outcome,
            "p_article": row.article_id,
        }
        for row in ended
    ]
    rows.sort(key=lambda row: str(row["p_letter_id"]))  # in the order in which the pipeline locks
    statement = (
        sa.update(dead_letters)
        .where(
            dead_letters.c.letter_id == sa.bindparam("p_letter_id", type_=KeyText),
            dead_letters.c.replay == sa.bindparam("p_receipt", type_=KeyText),
        )
        .values(
            replay_ended=sa.bindparam("p_receipt", type_=KeyText),
            replay_outcome=sa.bindparam("p_outcome", type_=KeyText),
            replay_article=sa.bindparam("p_article", type_=KeyText),
        )
    )
    connection.execute(statement, rows)
