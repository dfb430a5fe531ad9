"""Learn at which hours of the week a source brings new articles, and how long a gap between two of
them may last before something is wrong.

An arrival is an hour in which at least one new article came, so many articles at once count like a
single one. The arrivals expected in an hour are the source's number a week, times the share of that
hour of the day, times the share of that weekday. A source with few arrivals borrows the shares that
are usual for all sources. A gap is measured by the arrivals that were expected in it: a night
counts little, a Monday morning much. Articles come in bursts, so there are more long gaps than
chance alone (a Poisson process) would make. Therefore the gaps are taken to have a Lomax
distribution, fitted by their mean and variance.

The false alarms and delays of the method are measured by `bench.silence`, and docs/sources.md
describes it. All hours are UTC.
"""

from collections.abc import Iterable
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.monitoring.source_rhythm import (
    DAYS_A_WEEK,
    FIRST_HOUR_OF_WEEK,
    HOURS_A_DAY,
    HOURS_A_WEEK,
    Rhythm,
)

FALSE_ALARMS_A_WEEK = 0.02  # per source: with 500 sources, ten a week
MAX_GAP = 40.0  # expected arrivals: a longer gap is an alarm, however irregular the source is
_PSEUDO_BY_HOUR, _PSEUDO_BY_DAY = 24.0, 7.0  # arrivals with the pooled shape
_LEAST_SHARE = 1e-3  # of an hour or day in the pooled shape: no hour is impossible
_POOLED_FROM = 5  # arrivals; the shape of a source with fewer says nothing
_LARGEST_CHANCE = 0.05  # of a gap that is an alarm, for sources with hardly any arrival a week
_LEAST_GAPS_A_WEEK = 0.2
_NEARLY_EXPONENTIAL = 1.05  # squared coefficient of variation; an exponential distribution has 1
_BROKEN_GAP = 2.0  # times the limit: no habit of the source, so it is not learned

_Floats = NDArray[np.float64]
Hours = NDArray[np.int64]


class WeeklyShape(NamedTuple):
    """The shares of arrivals by hour of the day (24, in UTC) and by weekday (7, Monday first). Each
    sums to 1."""

    by_hour: _Floats
    by_day: _Floats


def as_hours(hours: Iterable[int]) -> Hours:
    """Return hours, counted from the start of 1970, as a sorted array in which each occurs once."""
    return np.unique(np.fromiter(hours, np.int64))


def pooled_shape(sources: Iterable[Hours]) -> WeeklyShape:
    """Return the shares of arrivals by hour of the day and by weekday that are usual for all
    sources.

    Each item of `sources` has the hours since 1970 in which one source brought something. Each
    source counts the same; those with few hours are left out.
    """
    by_hour = np.zeros(HOURS_A_DAY)
    by_day = np.zeros(DAYS_A_WEEK)
    for arrivals in sources:
        if arrivals.size >= _POOLED_FROM:
            of_week = _by_hour_of_week(arrivals)
            by_hour += of_week.sum(0) / arrivals.size
            by_day += of_week.sum(1) / arrivals.size
    return WeeklyShape(_shares(by_hour), _shares(by_day))


def learn_rhythm(
    arrivals: Hours,
    pooled: WeeklyShape,
    *,
    start: int,
    end: int,
    outages: Iterable[int] = (),
    budget: float = FALSE_ALARMS_A_WEEK,
) -> Rhythm | None:
    """Learn the rhythm of a source from its arrivals from the hour `start` up to the hour `end`,
    which is left out.

    `arrivals` are the hours with new articles, ascending and each once. Hours are counted since
    1970 in UTC. Nothing is learned from `outages`, the hours in which nothing could arrive, nor
    from a gap that is far too long to be a habit of the source. `budget` is the number of false
    alarms a week that may be raised. Returns None if nothing arrived.
    """
    came = arrivals[(arrivals >= start) & (arrivals < end)] - start
    if not came.size:
        return None
    observed = np.ones(end - start, bool)
    observed[[hour - start for hour in set(outages) if start <= hour < end]] = False
    observed[came] = True
    rhythm, gaps = _fit(came, pooled, start, observed, budget)
    broken = np.flatnonzero(gaps > _BROKEN_GAP * rhythm.limit)
    if not broken.size:
        return rhythm
    for number in broken:
        observed[came[number] + 1 : came[number + 1]] = False
    return _fit(came, pooled, start, observed, budget)[0]


def _fit(
    came: Hours, pooled: WeeklyShape, start: int, observed: NDArray[np.bool_], budget: float
) -> tuple[Rhythm, _Floats]:
    """Return the rhythm, and the gaps between the arrivals in expected arrivals. `came` are hours
    since `start`."""
    of_week = (np.arange(start, start + observed.size) + FIRST_HOUR_OF_WEEK) % HOURS_A_WEEK
    exposure = np.bincount(of_week[observed], minlength=HOURS_A_WEEK)
    expected = _weekly_profile(
        _by_hour_of_week(came + start), pooled, exposure.reshape(DAYS_A_WEEK, HOURS_A_DAY)
    )
    by_hour = np.where(observed, expected[of_week], 0.0)
    gaps = np.diff((np.cumsum(by_hour) - by_hour / 2)[came])
    mean, variance = (float(gaps.mean()), float(gaps.var())) if gaps.size else (1.0, 1.0)
    gaps_a_week = max(float(expected.sum()), _LEAST_GAPS_A_WEEK)
    chance = min(_LARGEST_CHANCE, budget / gaps_a_week)
    limit = longest_gap(mean, variance, chance)
    rhythm = Rhythm(expected=tuple(expected.tolist()), limit=limit, arrivals=came.size)
    return rhythm, gaps


def longest_gap(mean: float, variance: float, chance: float) -> float:
    """Return the length that a gap between arrivals exceeds with the probability `chance`.

    Gaps are measured in arrivals that were expected in them, and `mean` and `variance` are those of
    a source's gaps. They are taken to have a Lomax distribution, or an exponential one if the
    variance is small. The result is never below that of gaps of mean 1 by pure chance, and at most
    40.
    """
    poisson = -log(chance)
    if variance < _NEARLY_EXPONENTIAL * mean**2:
        quantile = poisson * mean
    else:
        squared_variation = variance / mean**2
        shape = 2 * squared_variation / (squared_variation - 1)
        quantile = mean * (shape - 1) * (chance ** (-1 / shape) - 1)
    return min(max(quantile, poisson), MAX_GAP)


def _weekly_profile(came: _Floats, pooled: WeeklyShape, exposure: Hours) -> _Floats:
    """Return the expected arrivals in each of the 168 hours of the week.

    `came` are the arrivals by weekday and hour, and `exposure` says how often each of these hours
    was observed. The sum over all observed hours is the number of arrivals.
    """
    on_average = np.outer(pooled.by_day, pooled.by_hour) * exposure
    on_average *= came.sum() / on_average.sum()
    by_hour = _shrunk(pooled.by_hour, came.sum(0), on_average.sum(0), _PSEUDO_BY_HOUR)
    by_day = _shrunk(pooled.by_day, came.sum(1), on_average.sum(1), _PSEUDO_BY_DAY)
    profile = np.outer(by_day, by_hour)
    profile *= came.sum() / (profile * exposure).sum()
    return np.asarray(profile.ravel(), np.float64)


def _shrunk(pooled: _Floats, came: _Floats, on_average: _Floats, pseudo: float) -> _Floats:
    """Correct the pooled shares by how many more arrivals there were than on average, as far as
    there were many. It is the mean of a posterior gamma distribution."""
    return np.asarray(pooled * (came + pseudo * pooled) / (on_average + pseudo * pooled))


def _by_hour_of_week(arrivals: Hours) -> _Floats:
    of_week = (arrivals + FIRST_HOUR_OF_WEEK) % HOURS_A_WEEK
    counts = np.bincount(of_week, minlength=HOURS_A_WEEK).astype(np.float64)
    return counts.reshape(DAYS_A_WEEK, HOURS_A_DAY)


def _shares(weights: _Floats) -> _Floats:
    smoothed = weights + _LEAST_SHARE
    return np.asarray(smoothed / smoothed.sum())
