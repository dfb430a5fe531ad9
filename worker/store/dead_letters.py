"""Find, count, replay and remove stored dead letters: raw articles that could not be processed.

To replay one is to send it through the worker again. Each replay has a receipt, an id under which
the worker stores the outcome, as for any delivered article. So the outcome tells how the replay
ended. If the article fails again, the letter's counter `seen` increases. When such an outcome is
removed because of its age, the letter keeps how the replay ended.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.receipts import replay_parts
from worker.model.records import OutcomeKind
from worker.store.database.columns import KeyText, UtcDateTime
from worker.store.database.packing import EMPTY_TEXT
from worker.store.database.rows import stored_letter_of
from worker.store.database.schema import dead_letters, receipts
from worker.store.database.statements import chunks, concatenated
from worker.store.dead_letter_values import DeadLetterQuery, DeadLetterState, StoredDeadLetter
from worker.store.listing_values import LetterCounts, LetterPage, LetterPosition

LETTERS = dead_letters.outerjoin(receipts, receipts.c.receipt == dead_letters.c.replay)
# How the last replay ended, if its receipt was removed. A worker of an earlier version that marks a
# new replay leaves the end of the one before.
_KEPT_END = dead_letters.c.replay_ended == dead_letters.c.replay
_OUTCOME = sa.func.coalesce(receipts.c.outcome, sa.case((_KEPT_END, dead_letters.c.replay_outcome)))
_ARTICLE_ID = sa.func.coalesce(
    receipts.c.article_id, sa.case((_KEPT_END, dead_letters.c.replay_article))
)
_SEEN = sa.cast(dead_letters.c.seen, sa.Text)
_LAST_RECEIPT = concatenated(replay_parts(dead_letters.c.letter_id, _SEEN))
_STATE: sa.ColumnElement[str] = sa.case(
    (dead_letters.c.replay.is_(None), DeadLetterState.DEAD.value),
    (dead_letters.c.replay != _LAST_RECEIPT, DeadLetterState.DEAD.value),
    # An undeliverable message counts as replayed once it is back on its queue.
    (dead_letters.c.queue != "", DeadLetterState.REPLAYED.value),
    (_OUTCOME.is_(None), DeadLetterState.REPLAYING.value),
    (_OUTCOME.in_([OutcomeKind.DEAD.value]), DeadLetterState.DEAD.value),
    else_=DeadLetterState.REPLAYED.value,
)
IS_DEAD = _STATE.in_([DeadLetterState.DEAD.value])
IS_REPLAYED = _STATE.in_([DeadLetterState.REPLAYED.value])


def letters(connection: Connection, letter_ids: Sequence[str]) -> list[StoredDeadLetter]:
    """Return the dead letters (raw articles that could not be processed) with these ids, in their
    order.

    Unknown ids are left out.
    """
    letter_of = _letters_by_id(connection, letter_ids, list(dead_letters.c))
    return [letter_of[letter_id] for letter_id in letter_ids if letter_id in letter_of]


def _letters_by_id(
    connection: Connection, letter_ids: Sequence[str], columns: Sequence[sa.ColumnElement[Any]]
) -> dict[str, StoredDeadLetter]:
    letter_of = {}
    replays = (_STATE.label("state"), _OUTCOME.label("outcome"), _ARTICLE_ID.label("article_id"))
    for chunk in chunks(list(dict.fromkeys(letter_ids))):
        statement = sa.select(*columns, *replays).select_from(LETTERS)
        statement = statement.where(dead_letters.c.letter_id.in_(chunk))
        for row in connection.execute(statement).mappings():
            letter_of[row["letter_id"]] = stored_letter_of(row)
    return letter_of


def letter_ids(connection: Connection, query: DeadLetterQuery) -> Sequence[str]:
    """Return the ids of dead letters (raw articles that could not be processed) that match the
    query.

    The one that failed last comes first. At most `query.limit` ids are returned, all if it is None.
    """
    ids = dead_letters.c.letter_id
    statement = sa.select(ids).select_from(LETTERS).where(*_conditions(query))
    order = (dead_letters.c.last.desc(), ids)
    return connection.scalars(statement.order_by(*order).limit(query.limit)).all()


def count_letters(connection: Connection, query: DeadLetterQuery) -> dict[str, int]:
    """Count the dead letters (raw articles that could not be processed) that match the query, by
    reason.

    Returns reason of the failure -> number of letters, largest first. `query.limit` is ignored.
    """
    number = sa.func.count()
    counted = sa.select(dead_letters.c.reason, number.label("number"))
    statement = counted.select_from(LETTERS)
    statement = statement.where(*_conditions(query)).group_by(dead_letters.c.reason)
    rows = connection.execute(statement.order_by(number.desc(), dead_letters.c.reason))
    return {row.reason: row.number for row in rows}


def letter_page(
    connection: Connection, query: DeadLetterQuery, after: LetterPosition | None
) -> LetterPage:
    """Return a page of the dead letters (articles that could not be processed) that match a query.

    The one that failed last comes first. The page has at most `query.limit` letters, by default 50,
    those after the position `after`, and leaves their payloads out.
    """
    limit = query.limit or 50
    ids = dead_letters.c.letter_id
    statement = sa.select(ids).select_from(LETTERS).where(*_conditions(query))
    if after:
        last = sa.literal(after.last, UtcDateTime)
        same = sa.and_(dead_letters.c.last == last, ids > after.letter_id)
        statement = statement.where(sa.or_(dead_letters.c.last < last, same))
    order = (dead_letters.c.last.desc(), ids)
    found = connection.scalars(statement.order_by(*order).limit(limit + 1)).all()
    columns = [column for column in dead_letters.c if column.name != "payload"]
    payload = sa.literal(EMPTY_TEXT).label("payload")
    letter_of = _letters_by_id(connection, found[:limit], [*columns, payload])
    page = [letter_of[letter_id] for letter_id in found[:limit] if letter_id in letter_of]
    position = LetterPosition(page[-1].last, page[-1].letter_id) if found[limit:] else None
    return LetterPage(letters=tuple(page), next=position)


def count_some_letters(connection: Connection, query: DeadLetterQuery, most: int) -> LetterCounts:
    """Count the dead letters (raw articles that could not be processed) that match the query, by
    reason, but no more than `most` of them in all."""
    statement = sa.select(dead_letters.c.reason).select_from(LETTERS).where(*_conditions(query))
    some = statement.limit(most + 1).subquery()
    number = sa.func.count()
    counted = sa.select(some.c.reason, number.label("number")).group_by(some.c.reason)
    rows = connection.execute(counted.order_by(number.desc(), some.c.reason)).all()
    reasons = {row.reason: row.number for row in rows}
    return LetterCounts(reasons=reasons, is_complete=sum(reasons.values()) <= most)


def drop_matching(connection: Connection, query: DeadLetterQuery, expected: int) -> int:
    """Remove the dead letters (raw articles that could not be processed) that match the query, if
    there are exactly `expected` of them.

    Returns how many matched; if that is another number, none is removed. The letters are locked
    first, so none can fail again or be replayed between the count and the removal.
    """
    ids = dead_letters.c.letter_id
    matching = sa.select(ids).select_from(LETTERS).where(*_conditions(query))
    # The pipeline locks letters in this order. In another order the two could deadlock.
    matching = matching.order_by(ids).with_for_update(of=dead_letters)
    locked = connection.scalars(matching).all()
    if len(locked) == expected:
        for chunk in chunks(locked):
            connection.execute(sa.delete(dead_letters).where(ids.in_(chunk)))
    return len(locked)


def _conditions(query: DeadLetterQuery) -> list[sa.ColumnElement[bool]]:
    ids = dead_letters.c.letter_id
    equals = {"reason": query.reason, "source": query.source, "stage": query.stage}
    conditions: list[sa.ColumnElement[bool]] = [
        _STATE.in_([state.value for state in query.states]),
        *(dead_letters.c[column] == value for column, value in equals.items() if value),
    ]
    if query.since:
        conditions.append(dead_letters.c.last >= sa.literal(query.since, UtcDateTime))
    if query.before:
        conditions.append(dead_letters.c.last < sa.literal(query.before, UtcDateTime))
    if query.never_replayed:
        conditions.append(dead_letters.c.replay.is_(None))
    if query.id_prefixes:
        # Ids are lower-case hexadecimal: prefix + "g" sorts after all ids with this prefix.
        conditions.append(
            sa.or_(*(sa.and_(ids >= prefix, ids < prefix + "g") for prefix in query.id_prefixes))
        )
    return conditions


def mark_replays(connection: Connection, replays: Mapping[str, str], now: datetime) -> None:
    """Record that dead letters (articles that could not be processed) are sent through the worker
    again.

    `replays` maps the id of a letter to the receipt, the id under which the outcome of the new
    attempt will be stored. `now` is stored as the time of the attempt.
    """
    rows: list[dict[str, Any]] = [
        {"p_letter_id": letter_id, "p_replay": replays[letter_id], "p_at": now}
        for letter_id in sorted(replays)  # in the order in which the pipeline locks them
    ]
    marked = sa.update(dead_letters).where(
        dead_letters.c.letter_id == sa.bindparam("p_letter_id", type_=KeyText)
    )
    replay, at = (
        sa.bindparam("p_replay", type_=KeyText),
        sa.bindparam("p_at", type_=UtcDateTime),
    )
    if rows:
        connection.execute(marked.values(replay=replay, replay_at=at), rows)


def drop_letters(connection: Connection, letter_ids: Sequence[str]) -> int:
    """Remove the dead letters (articles that could not be processed) with these ids from the store.

    Returns how many of them existed.
    """
    dropped = 0
    for chunk in chunks(sorted(letter_ids)):
        dropped += _drop(connection, dead_letters.c.letter_id.in_(chunk))
    return dropped


def expire_letters(connection: Connection, before: datetime) -> int:
    """Remove old dead letters (articles that could not be processed), and return how many.

    Old are those that last failed before `before`. A letter is kept while it is being sent through
    the worker again.
    """
    unseen = dead_letters.c.last < sa.literal(before, UtcDateTime)
    ended = _STATE.in_([DeadLetterState.DEAD.value, DeadLetterState.REPLAYED.value])
    old = sa.select(dead_letters.c.letter_id).select_from(LETTERS).where(unseen, ended)
    return sum(
        _drop(connection, dead_letters.c.letter_id.in_(chunk), unseen)
        for chunk in chunks(sorted(connection.scalars(old)))
    )


def _drop(connection: Connection, *conditions: sa.ColumnElement[bool]) -> int:
    ids = dead_letters.c.letter_id
    # The pipeline locks letters in this order. In another order the two could deadlock.
    locked = connection.scalars(
        sa.select(ids).where(*conditions).order_by(ids).with_for_update()
    ).all()
    connection.execute(sa.delete(dead_letters).where(ids.in_(locked)))
    return len(locked)
