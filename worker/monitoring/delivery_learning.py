"""Learn from the last weeks how all sources usually deliver, to judge later how they are.

It is done once an hour, so what only judges does not import this module, and numpy with it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from worker.monitoring.learned_sources import (
    LEARNED_H,
    LEAST_AGE,
    LEAST_ARTICLES,
    LearnedSource,
    LearnedSources,
    expected_in_window,
    windows_by_source,
)
from worker.monitoring.outages import find_outages
from worker.monitoring.rhythm_learning import (
    Hours,
    WeeklyShape,
    as_hours,
    learn_rhythm,
    pooled_shape,
)
from worker.monitoring.source_drift import WINDOW_H, WINDOWS_BEFORE, Counts
from worker.monitoring.source_rhythm import Rhythm
from worker.store.hourly_values import hour_of, hour_start
from worker.store.source_values import SourceClock, SourceHours, WindowCount

_LEAST_ARRIVALS = 5  # in the hours that are learned from
_LEAST_POLLS = 20
_POLLS_AN_ARRIVAL = 2  # a source that delivers much more often than it brings something is polled


def learn_sources(
    clocks: Sequence[SourceClock],
    hours: Sequence[SourceHours],
    counts: Sequence[WindowCount],
    now: datetime,
) -> LearnedSources:
    """Learn how all sources usually deliver, from what the store says about the last weeks."""
    delivered = {of.source: as_hours(of.delivered) for of in hours}
    arrivals = {of.source: as_hours(of.with_new) for of in hours}
    articles = {of.source: of.articles for of in hours}
    outages = find_outages(list(delivered.values()))
    shape, poll_shape = pooled_shape(arrivals.values()), pooled_shape(delivered.values())
    windows = windows_by_source(counts)
    learned = {}
    for clock in clocks:
        name = clock.source
        if name not in delivered:
            continue
        rhythm = _rhythm(clock, arrivals[name], shape, outages, now)
        polls = _poll_rhythm(clock, delivered[name], arrivals[name], poll_shape, outages, now)
        before = _windows_before(clock, windows.get(name, {}), now)
        learned[name] = LearnedSource(
            rhythm=rhythm,
            poll_rhythm=polls,
            per_day=articles[name] / _days(clock, now),
            before=before,
            expected=tuple(
                expected_in_window(rhythm, number, now, outages)
                for number in WINDOWS_BEFORE[: len(before)]
            ),
        )
    return LearnedSources(at=now, sources=learned, outages=outages)


def _rhythm(
    clock: SourceClock,
    arrivals: Hours,
    shape: WeeklyShape,
    outages: frozenset[int],
    now: datetime,
) -> Rhythm | None:
    """Learn the rhythm of new articles up to the last one, so that a silence is not learned."""
    is_known = now - clock.first_seen >= LEAST_AGE and clock.articles >= LEAST_ARTICLES
    if not is_known or clock.newest_hour is None:
        return None
    start = max(hour_of(clock.first_seen), clock.newest_hour - LEARNED_H + 1)
    least = min(hour_of(now), start + int(LEAST_AGE / timedelta(hours=1)))
    end = max(clock.newest_hour + 1, least)
    rhythm = learn_rhythm(arrivals, shape, start=start, end=end, outages=outages)
    return rhythm if rhythm and rhythm.arrivals >= _LEAST_ARRIVALS else None


def _poll_rhythm(
    clock: SourceClock,
    delivered: Hours,
    arrivals: Hours,
    shape: WeeklyShape,
    outages: frozenset[int],
    now: datetime,
) -> Rhythm | None:
    end = int(delivered[-1]) + 1
    start = max(hour_of(clock.first_seen), end - LEARNED_H)
    polls, news = (int(((h >= start) & (h < end)).sum()) for h in (delivered, arrivals))
    is_polled = polls >= max(_LEAST_POLLS, _POLLS_AN_ARRIVAL * news)
    if not is_polled or hour_start(end) - clock.first_seen < LEAST_AGE:
        return None
    return learn_rhythm(delivered, shape, start=start, end=end, outages=outages)


def _windows_before(
    clock: SourceClock, windows: Mapping[int, Counts], now: datetime
) -> tuple[Counts, ...]:
    """The earlier windows in which the source was known from beginning to end."""
    age_h = (now - clock.first_seen) / timedelta(hours=1)
    known = [number for number in WINDOWS_BEFORE if WINDOW_H * (number + 1) <= age_h]
    return tuple(windows.get(number, {}) for number in known)


def _days(clock: SourceClock, now: datetime) -> float:
    """The days to which the number of articles in the hours of a source belongs, at least one."""
    end = now if clock.newest_hour is None else hour_start(clock.newest_hour + 1)
    return max(1.0, min((end - clock.first_seen).total_seconds() / 86400, LEARNED_H / 24))
