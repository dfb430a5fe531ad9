"""The rhythm of a source: at which hours of the week it brings new articles, and how long a gap
between two of them may last before something is wrong. All hours are UTC."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

HOURS_A_DAY, DAYS_A_WEEK = 24, 7
HOURS_A_WEEK = HOURS_A_DAY * DAYS_A_WEEK

# 1970 began on a Thursday, which is three days after a Monday.
FIRST_HOUR_OF_WEEK = 3 * HOURS_A_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How many arrivals (hours with new articles) of a source are expected in each hour of the
    week, and the longest gap between two of them that chance explains.

    `expected` has 168 numbers, the first one for Monday from 0 to 1 o'clock UTC. `limit` is a
    number of expected arrivals: a gap in which more were expected is an alarm. `arrivals` is the
    number from which this was learned.
    """

    expected: tuple[float, ...]
    limit: float
    arrivals: int

    def expected_between(
        self, start: datetime, end: datetime, outages: Iterable[int] = ()
    ) -> float:
        """Return how many arrivals are expected from `start` to `end`, 0 if `end` is earlier.

        `outages` are hours since 1970 in which nothing could arrive; nothing is expected then.
        """
        first, last = _hours(start), _hours(end)
        if last <= first:
            return 0.0
        missing = sum(
            self.in_hour(hour) * max(0.0, min(hour + 1, last) - max(hour, first))
            for hour in set(outages)
        )
        return self._until(last) - self._until(first) - missing

    def deadline(self, last: datetime, outages: Iterable[int] = ()) -> datetime:
        """Return the time by which new articles should have come if the last ones came at `last`.
        If none have come by then, the gap is longer than chance explains.

        `outages` are hours since 1970 in which nothing could arrive; each makes the time later.
        """
        start = _hours(last)
        wanted = self._until(start) + self.limit
        for hour in sorted(set(outages)):
            if hour + 1 <= start:
                continue
            if self._until(hour) >= wanted:
                break
            wanted += self.in_hour(hour) * (hour + 1 - max(hour, start))
        return _time(self._when(wanted))

    def in_hour(self, hour: int) -> float:
        """Return how many arrivals are expected in the hour `hour`, counted from the start of 1970
        in UTC."""
        return self.expected[(hour + FIRST_HOUR_OF_WEEK) % HOURS_A_WEEK]

    def _until(self, hours: float) -> float:
        """The number of arrivals expected from the Monday before 1970 to a time, which is given in
        hours since 1970."""
        weeks, rest = divmod(hours + FIRST_HOUR_OF_WEEK, HOURS_A_WEEK)
        whole = min(int(rest), HOURS_A_WEEK - 1)
        begun = self.expected[whole] * (rest - whole)
        return weeks * sum(self.expected) + sum(self.expected[:whole]) + begun

    def _when(self, arrivals: float) -> float:
        """The time, in hours since 1970, by which so many arrivals are expected (see `_until`)."""
        weeks, rest = divmod(arrivals, sum(self.expected))
        hour = 0
        while hour < HOURS_A_WEEK - 1 and rest > self.expected[hour]:
            rest -= self.expected[hour]
            hour += 1
        in_hour = min(rest / self.expected[hour], 1.0) if self.expected[hour] else 0.0
        return weeks * HOURS_A_WEEK + hour + in_hour - FIRST_HOUR_OF_WEEK


def _hours(at: datetime) -> float:
    return at.timestamp() / 3600


def _time(hours: float) -> datetime:
    return datetime.fromtimestamp(hours * 3600, UTC)
