"""Keep the hourly numbers of outcomes of the last week, of which only the last hours change."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock

from worker.store.hourly_values import HourlyCount, hour_of
from worker.store.ports import OutcomeCountReader

WEEK_H = 168
_CHANGING_H = 2  # a batch that began before the full hour is counted in that hour a little later


class OutcomeHours:
    """The numbers of articles by outcome in each of the last 168 hours, of all sources together.

    The whole week is read once an hour, which takes long with many sources; otherwise the last two
    hours are. Threads may share it.
    """

    def __init__(self, store: OutcomeCountReader) -> None:
        self._store = store
        self._lock = Lock()
        self._hour = -1
        self._before: Sequence[HourlyCount] = ()

    def read(self, now: datetime) -> list[HourlyCount]:
        """Return the numbers up to now. Raises Unavailable when the store does not answer."""
        hour = hour_of(now)
        changing = hour - _CHANGING_H + 1
        with self._lock:
            if hour != self._hour:
                whole = self._store.outcomes_by_hour(now - timedelta(hours=WEEK_H))
                self._before = [count for count in whole if count.hour < changing]
                self._hour = hour
                return whole
            lately = self._store.outcomes_by_hour(now - timedelta(hours=_CHANGING_H - 1))
            return [*self._before, *lately]
