"""Find the hours in which nothing is expected of a source, because a pause of it is planned."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from worker.config.planned_pauses import PlannedPause
from worker.store.hourly_values import hour_of, hour_start

_AROUND_H = 60 * 24  # hours before and after now; a rhythm is learned from 35 days
NO_HOURS: frozenset[int] = frozenset()


class PlannedHours:
    """The hours around the time `now` in which nothing is expected of sources, by planned pauses.

    Hours are counted from the start of 1970 in UTC; those up to 60 days before and after `now` are
    known. An hour belongs to the day on which it begins in the time zone of the pause.
    """

    def __init__(self, pauses: Sequence[PlannedPause], now: datetime) -> None:
        this = hour_of(now)
        self._around = range(this - _AROUND_H, this + _AROUND_H)
        self._pauses = pauses
        self._hours_of = cache(self._hours_of_pauses)

    def of(self, source: str) -> frozenset[int]:
        """Return the hours in which nothing is expected of the source with this name."""
        numbers = tuple(n for n, pause in enumerate(self._pauses) if pause.is_of(source))
        return self._hours_of(numbers) if numbers else NO_HOURS

    def _hours_of_pauses(self, numbers: tuple[int, ...]) -> frozenset[int]:
        hours: set[int] = set()
        for pause in (self._pauses[number] for number in numbers):
            zone = ZoneInfo(pause.zone)
            hours.update(
                h for h in self._around if pause.has(hour_start(h).astimezone(zone).date())
            )
        return frozenset(hours)


def pause_around(planned: frozenset[int], now: datetime) -> tuple[datetime, datetime] | None:
    """Return when the planned pause that holds now began and ends, None if there is none.

    `planned` are hours since 1970 in which nothing is expected.
    """
    first = last = hour_of(now)
    if first not in planned:
        return None
    while first - 1 in planned:
        first -= 1
    while last + 1 in planned:
        last += 1
    return hour_start(first), hour_start(last + 1)
