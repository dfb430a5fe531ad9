"""Keep the state of alerts in the store, and choose the one worker that looks for incidents.

The state is a text; what is in it is for worker.monitoring. There is one row, and each function is
one statement, so that workers on several hosts need no other lock.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.store.database.schema import alert_turns
from worker.store.database.upsert import insert

_ROW = 1
_AHEAD = timedelta(hours=1)  # a time that is later is of a clock that was wrong; no turn is so long


def take_turn(connection: Connection, holder: str, *, now: datetime, until: datetime) -> bool:
    """Ask for the turn of the worker `holder`: to be the only one that looks for incidents.

    Returns True if it has the turn until the time `until`, and False if another worker has it.
    """
    new = {"holder": holder, "until": until}
    statement = (
        insert(connection, alert_turns)
        .values(id=_ROW, state="", **new)
        .on_conflict_do_update(
            index_elements=["id"],
            set_=new,
            where=sa.or_(
                alert_turns.c.until <= now,
                alert_turns.c.until > now + _AHEAD,
                alert_turns.c.holder == holder,
            ),
        )
    )
    return connection.execute(statement).rowcount > 0


def write_state(
    connection: Connection, state: str, *, holder: str, at: datetime, until: datetime
) -> bool:
    """Store the state of alerts as of the time `at`, unless a later one is stored. One that is
    dated over an hour later was stored by a clock that was ahead, and is replaced.

    Returns whether it was stored. If it was, the turn of `holder`, to be the only one that looks
    for incidents, lasts until `until`.
    """
    new = {"state": state, "at": at, "holder": holder, "until": until}
    statement = (
        insert(connection, alert_turns)
        .values(id=_ROW, **new)
        .on_conflict_do_update(
            index_elements=["id"],
            set_=new,
            where=sa.or_(
                alert_turns.c.at.is_(None), alert_turns.c.at <= at, alert_turns.c.at > at + _AHEAD
            ),
        )
    )
    return connection.execute(statement).rowcount > 0


def read_state(connection: Connection) -> str:
    """Return the stored state of alerts; "" if there is none."""
    return connection.scalar(sa.select(alert_turns.c.state).where(alert_turns.c.id == _ROW)) or ""
