"""Keep the state of alerts where all workers can read it: in the broker, with a copy in the store.

It says which incidents are known, which reports wait, and which worker looks for incidents now. The
broker is asked first, and the store if the broker does not answer or has lost its data.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from worker.broker import alert_turns
from worker.broker.connection import BrokerConnection
from worker.monitoring.incidents import AlertState
from worker.store.ports import AlertStore

log = logging.getLogger("worker")


class AlertBoard(Protocol):
    """A place for the state of alerts, which all workers share: the broker or the store.

    It lets one worker at a time judge what needs attention. Each method raises Unavailable when the
    server does not answer.
    """

    def take_turn(self, holder: str, now: datetime, for_s: float) -> bool:
        """Ask for the turn of the worker `holder`: to be the only one that looks for incidents for
        `for_s` seconds. Return False if another worker has the turn."""
        ...

    def read(self) -> AlertState:
        """Return the shared state of alerts: the known incidents and the reports that wait. It
        is empty if there is none, or if it can't be read."""
        ...

    def write(self, state: AlertState, holder: str, now: datetime, for_s: float) -> bool:
        """Write the state, and prolong the turn of the worker `holder` by `for_s` seconds from now.

        Returns False, and writes nothing, if another worker has had a turn meanwhile.
        """
        ...


class BrokerBoard:
    """Keeps the state of alerts in the broker, for the workers of one queue."""

    def __init__(self, connection: BrokerConnection, queue: str) -> None:
        self._connection = connection
        self._queue = queue

    def take_turn(self, holder: str, now: datetime, for_s: float) -> bool:
        with self._connection.channel() as channel:
            return alert_turns.take_turn(channel, self._queue, holder, for_s)

    def read(self) -> AlertState:
        with self._connection.channel() as channel:
            return decoded(alert_turns.read_state(channel, self._queue))

    def write(self, state: AlertState, holder: str, now: datetime, for_s: float) -> bool:
        with self._connection.channel() as channel:
            return alert_turns.write_state(
                channel, self._queue, encoded_state(state), holder=holder, for_s=for_s
            )


class StoreBoard:
    """Keeps the state of alerts in the store."""

    def __init__(self, store: AlertStore, lock: Callable[[], AbstractContextManager[None]]) -> None:
        self._store = store
        self._lock = lock

    def take_turn(self, holder: str, now: datetime, for_s: float) -> bool:
        with self._opened() as store:
            return store.take_alert_turn(holder, now=now, until=now + timedelta(seconds=for_s))

    def read(self) -> AlertState:
        with self._opened() as store:
            return decoded(store.alert_state())

    def write(self, state: AlertState, holder: str, now: datetime, for_s: float) -> bool:
        until = now + timedelta(seconds=for_s)
        with self._opened() as store:
            return store.write_alert_state(
                encoded_state(state), holder=holder, at=state.at or now, until=until
            )

    @contextmanager
    def _opened(self) -> Iterator[AlertStore]:
        with self._lock():
            try:
                yield self._store
            finally:
                self._store.close()


@cache
def _adapter() -> TypeAdapter[AlertState]:
    return TypeAdapter(AlertState)


def encoded_state(state: AlertState) -> str:
    """Return the state of alerts as JSON."""
    return _adapter().dump_json(state).decode()


def decoded(text: str) -> AlertState:
    """Read the state of alerts from JSON. Fields that only a later version knows are ignored.

    A text that can't be read is logged, and counts as an empty state. So all incidents that last
    are reported a second time.
    """
    if not text:
        return AlertState()
    try:
        return _adapter().validate_json(text)
    except ValidationError as e:
        log.warning("alerts.unreadable error=%s", e.errors(include_url=False)[0]["msg"])
        return AlertState()
