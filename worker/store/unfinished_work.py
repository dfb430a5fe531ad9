"""Find in one statement what work the store has left: articles that could not be processed (dead
letters), articles of paused sources, and copies whose original is not stored."""

from collections import Counter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.columns import KeyText, UtcDateTime
from worker.store.database.schema import articles, dead_letters, held_articles
from worker.store.dead_letters import IS_DEAD, LETTERS
from worker.store.held_values import HeldCount
from worker.store.values import UnfinishedWork

_LETTERS, _HELD, _LACKS = "letters", "held", "lacks"


def unfinished_work(connection: Connection) -> UnfinishedWork:
    """Count the standing dead letters (articles that could not be processed) by reason and the
    held articles (those of paused sources) by source, and find out whether a copy is stored whose
    original is not.

    It takes one statement.
    """
    letters: Counter[str] = Counter()
    held: dict[str, HeldCount] = {}
    lacks_originals = False
    for kind, name, number, since in connection.execute(_STATEMENT):
        if kind == _LETTERS:
            letters[name] += number
        elif kind == _HELD:
            held[name] = HeldCount(articles=number, since=since)
        else:
            lacks_originals = bool(number)
    return UnfinishedWork(
        dead_letters=dict(sorted(letters.items(), key=lambda item: (-item[1], item[0]))),
        lacks_originals=lacks_originals,
        held=dict(sorted(held.items())),
    )


def _counted(
    kind: str,
    name: sa.ColumnElement[str],
    number: sa.ColumnElement[int],
    since: sa.ColumnElement[Any],
) -> sa.Select[Any]:
    return sa.select(sa.literal(kind, KeyText), name, number, since)


def _statement() -> sa.CompoundSelect[Any]:
    reason, number = dead_letters.c.reason, sa.func.count()
    no_time = sa.cast(sa.null(), UtcDateTime)
    letters = _counted(_LETTERS, reason, number, no_time).group_by(reason)
    # Most letters were never replayed: for these nothing need be looked up among the receipts.
    never = letters.where(dead_letters.c.replay.is_(None))
    again = letters.select_from(LETTERS).where(dead_letters.c.replay.is_not(None), IS_DEAD)
    source = held_articles.c.source
    held = _counted(_HELD, source, number, sa.func.min(held_articles.c.held_at)).group_by(source)
    is_lacking = sa.case((sa.exists().where(articles.c.canonical_pending), 1), else_=0)
    lacks = _counted(_LACKS, sa.literal("", KeyText), is_lacking, no_time)
    return sa.union_all(never, again, held, lacks)


_STATEMENT = _statement()
