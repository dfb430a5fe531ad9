"""Measure how many articles a second are processed, from counts that are read now and then."""

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from worker.monitoring.status_values import Status

_PERIOD = timedelta(minutes=1)
_LEAST = timedelta(seconds=4)  # a shorter time says little


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many articles a second have been processed, on average over the last `seconds`."""

    articles_per_s: float
    seconds: float

    def within(self, age_s: float) -> "Rate":
        """Return the rate of the same articles, if they all came in the last `age_s` seconds, the
        age of the system. A time under 4 s is taken as 4 s, as it says little."""
        seconds = max(age_s, _LEAST.total_seconds())
        if seconds >= self.seconds:
            return self
        rate = self.articles_per_s * self.seconds / seconds
        return replace(self, articles_per_s=rate, seconds=seconds)


class RateMeter:
    """Measures how many articles a second are processed, by the numbers of processed articles
    that were read in the last minute. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._samples: deque[tuple[datetime, int]] = deque()

    def measure(self, status: Status) -> Rate | None:
        """Return the rate of the last minute, as far as the state was read in it.

        At first, it is the average over this hour (UTC) and the one before. Returns None if the
        store does not answer.
        """
        if status.outcomes is None:
            return None
        ended = sum(status.outcomes.outcomes.values())
        with self._lock:
            samples = self._samples
            if samples and (status.at < samples[-1][0] or ended < samples[-1][1]):
                samples.clear()  # another store, or the clock was set back
            if not samples or status.at > samples[-1][0]:
                samples.append((status.at, ended))
            while len(samples) > 1 and status.at - samples[0][0] > _PERIOD:
                samples.popleft()
            at, before = samples[0]
        passed = status.at - at
        if passed >= _LEAST:
            seconds = passed.total_seconds()
            return Rate(articles_per_s=(ended - before) / seconds, seconds=seconds)
        return _hourly(status)


def _hourly(status: Status) -> Rate | None:
    if status.lately is None:
        return None
    seconds = 3600.0 + status.at.minute * 60 + status.at.second
    number = sum(status.lately.outcomes.values())
    return Rate(articles_per_s=number / seconds, seconds=seconds)
