"""Dead letters after they were buried: found, counted, replayed, dropped.

Nobody writes down how a replay ended: its receipt is derived from the letter and from how often
that had died, so the receipt's outcome, written with everything else in the pipeline's transaction,
settles the letter in the same instant, and one more death (`seen` grows) opens it again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.receipts import replay_parts
from worker.model.records import OutcomeKind
from worker.store.database.columns import Moment, Name
from worker.store.database.rows import letter_of
from worker.store.database.schema import dead_letters, receipts
from worker.store.database.statements import chunks, concatenated
from worker.store.values import DeadLetterQuery, DeadLetterState, StoredDeadLetter

_LETTERS = dead_letters.outerjoin(receipts, receipts.c.receipt == dead_letters.c.replay)
_SEEN = sa.cast(dead_letters.c.seen, sa.Text)
_LAST_RECEIPT = concatenated(replay_parts(dead_letters.c.letter_id, _SEEN))
_STATE = sa.case(
    (dead_letters.c.replay.is_(None), DeadLetterState.DEAD.value),
    (dead_letters.c.replay != _LAST_RECEIPT, DeadLetterState.DEAD.value),
    # A message back on its queue is as far as its letter goes.
    (dead_letters.c.queue != "", DeadLetterState.REPLAYED.value),
    (receipts.c.receipt.is_(None), DeadLetterState.REPLAYING.value),
    (receipts.c.outcome == OutcomeKind.DEAD.value, DeadLetterState.DEAD.value),
    else_=DeadLetterState.REPLAYED.value,
)


def letters(connection: Connection, letter_ids: Sequence[str]) -> list[StoredDeadLetter]:
    found = {}
    columns = (_STATE.label("state"), receipts.c.outcome, receipts.c.article_id)
    for chunk in chunks(list(dict.fromkeys(letter_ids))):
        statement = sa.select(dead_letters, *columns).select_from(_LETTERS)
        wanted = statement.where(dead_letters.c.letter_id.in_(chunk))
        for row in connection.execute(wanted).mappings():
            found[row["letter_id"]] = letter_of(row)
    return [found[letter_id] for letter_id in letter_ids if letter_id in found]


def letter_ids(connection: Connection, query: DeadLetterQuery) -> Sequence[str]:
    ids = dead_letters.c.letter_id
    statement = sa.select(ids).select_from(_LETTERS).where(*_wanted(query))
    order = (dead_letters.c.last.desc(), ids)
    return connection.scalars(statement.order_by(*order).limit(query.limit)).all()


def count_letters(connection: Connection, query: DeadLetterQuery) -> dict[str, int]:
    number = sa.func.count()
    counted = sa.select(dead_letters.c.reason, number.label("number"))
    statement = counted.select_from(_LETTERS)
    statement = statement.where(*_wanted(query)).group_by(dead_letters.c.reason)
    rows = connection.execute(statement.order_by(number.desc(), dead_letters.c.reason))
    return {row.reason: row.number for row in rows}


def _wanted(query: DeadLetterQuery) -> list[sa.ColumnElement[bool]]:
    ids = dead_letters.c.letter_id
    asked = {"reason": query.reason, "source": query.source, "stage": query.stage}
    wanted: list[sa.ColumnElement[bool]] = [
        _STATE.in_([state.value for state in query.states]),
        *(dead_letters.c[column] == value for column, value in asked.items() if value),
    ]
    if query.since:
        wanted.append(dead_letters.c.last >= sa.literal(query.since, Moment))
    if query.beginnings:
        # Ids are lower-case hexadecimal: "g" sorts behind all that begin so.
        wanted.append(sa.or_(*(sa.and_(ids >= b, ids < b + "g") for b in query.beginnings)))
    return wanted


def mark_replays(connection: Connection, replays: Mapping[str, str], now: datetime) -> None:
    rows: list[dict[str, Any]] = [
        {"its_id": letter_id, "its_replay": replays[letter_id], "its_at": now}
        for letter_id in sorted(replays)  # as the pipeline locks them
    ]
    marked = sa.update(dead_letters).where(
        dead_letters.c.letter_id == sa.bindparam("its_id", type_=Name)
    )
    replay, at = sa.bindparam("its_replay", type_=Name), sa.bindparam("its_at", type_=Moment)
    if rows:
        connection.execute(marked.values(replay=replay, replay_at=at), rows)


def drop_letters(connection: Connection, letter_ids: Sequence[str]) -> int:
    dropped = 0
    for chunk in chunks(sorted(letter_ids)):
        dropped += _drop(connection, dead_letters.c.letter_id.in_(chunk))
    return dropped


def expire_letters(connection: Connection, before: datetime) -> int:
    unseen = dead_letters.c.last < sa.literal(before, Moment)
    ended = _STATE.in_([DeadLetterState.DEAD.value, DeadLetterState.REPLAYED.value])
    old = sa.select(dead_letters.c.letter_id).select_from(_LETTERS).where(unseen, ended)
    return sum(
        _drop(connection, dead_letters.c.letter_id.in_(chunk), unseen)
        for chunk in chunks(sorted(connection.scalars(old)))
    )


def _drop(connection: Connection, *wanted: sa.ColumnElement[bool]) -> int:
    ids = dead_letters.c.letter_id
    # In the order in which the pipeline locks them, or the two wait for each other in a circle.
    locked = connection.scalars(sa.select(ids).where(*wanted).order_by(ids).with_for_update()).all()
    connection.execute(sa.delete(dead_letters).where(ids.in_(locked)))
    return len(locked)
