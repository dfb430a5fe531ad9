"""A rhythm is learned from few articles; a gap that it does not explain is an alarm."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.silence import MONDAY, by_hour, lomax, measure, newsrooms
from worker.monitoring.outages import find_outages
from worker.monitoring.rhythm_learning import (
    MAX_GAP,
    as_hours,
    learn_rhythm,
    longest_gap,
    pooled_shape,
)
from worker.monitoring.source_rhythm import HOURS_A_WEEK, Rhythm

WEEK = 168
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FLAT = pooled_shape([np.arange(WEEK)])


def at(hours: float) -> datetime:
    return EPOCH + timedelta(hours=hours)


def learned(
    hours: Sequence[int], weeks: int = 4, outages: Sequence[int] = (), shape=FLAT
) -> Rhythm:
    end = MONDAY + weeks * WEEK
    rhythm = learn_rhythm(as_hours(hours), shape, start=MONDAY, end=end, outages=outages)
    assert rhythm is not None
    return rhythm


def every(hours: Sequence[int], days: Sequence[int], weeks: int = 4) -> list[int]:
    return [MONDAY + w * WEEK + d * 24 + h for w in range(weeks) for d in days for h in hours]


def test_the_method_keeps_its_budget_of_false_alarms_and_tells_stops_in_time() -> None:
    series = newsrooms(60, 8)
    found = measure(lomax(0.02), series, learned_weeks=4, weeks=8, stops=3)
    weeks = sum(m.sources for m in found.values()) * 4
    assert sum(m.sources * m.alarms_a_week * 4 for m in found.values()) / weeks <= 0.04
    bounds = {"<1/day": 270, "1-5/day": 80, "5-30/day": 30, ">30/day": 15}
    for name, hours in bounds.items():
        assert found[name].sources >= 8
        assert found[name].median_h < hours, name
    # Any shorter gap would be told too often: the budget is used, not avoided.
    nervous = measure(lomax(1.0), series, learned_weeks=4, weeks=8, stops=1)
    assert sum(m.alarms_a_week for m in nervous.values()) > 0.5


def test_nothing_is_expected_at_night_and_on_weekends_of_an_office() -> None:
    rhythm = learned(every(range(8, 18), range(5)))
    friday_evening, monday_morning = at(MONDAY + 4 * 24 + 18), at(MONDAY + 7 * 24 + 8)
    weekend = rhythm.expected_between(friday_evening, monday_morning)
    assert weekend < rhythm.limit
    workday = rhythm.expected_between(at(MONDAY + 8), at(MONDAY + 32))
    assert workday > 8
    assert rhythm.deadline(friday_evening) > monday_morning
    assert rhythm.deadline(at(MONDAY + 8)) < at(MONDAY + 32 + 8)


def test_with_few_articles_the_shape_is_that_of_all_sources() -> None:
    office = pooled_shape([as_hours(every(range(8, 18), range(5)))])
    few = learned(every([9], [0]), shape=office)  # four articles, all on Mondays at nine
    assert sum(few.expected) == pytest.approx(1)
    assert few.expected[2 * 24 + 12] > 3 * few.expected[2 * 24 + 3]  # Wednesday noon and night
    assert few.expected[2 * 24 + 12] > 0.005
    many = learned(every([2, 3], range(7), weeks=8), weeks=8, shape=office)
    assert many.expected[2 * 24 + 2] > many.expected[2 * 24 + 12]  # its own habit is stronger


def test_a_flood_in_one_hour_counts_as_one_arrival() -> None:
    times = np.sort(np.concatenate([np.array(every([9, 15], range(7))), [MONDAY + 200.5] * 1000]))
    assert learned(by_hour(times)).arrivals == 4 * 14 + 1


def test_hours_in_which_nothing_could_arrive_are_left_out_of_learning() -> None:
    ordinary = every(range(24), range(7))
    outage = range(MONDAY + 300, MONDAY + 400)
    kept = [hour for hour in ordinary if hour not in outage]
    whole, with_outage = learned(ordinary), learned(kept, outages=outage)
    assert with_outage.limit == pytest.approx(whole.limit, rel=0.01)
    assert sum(with_outage.expected) == pytest.approx(sum(whole.expected), rel=0.01)
    assert sum(learned(kept[:100]).expected) < sum(whole.expected)


def test_a_silence_of_weeks_is_not_learned_as_a_habit() -> None:
    kept = [h for h in every(range(8, 20), range(7), 8) if not 300 < h - MONDAY < 900]
    rhythm, ordinary = learned(kept, weeks=8), learned(every(range(8, 20), range(7)))
    assert rhythm.limit == pytest.approx(ordinary.limit, rel=0.1)


def test_an_outage_of_ours_stops_the_clock() -> None:
    rhythm = learned(every(range(24), range(7)))
    last = at(MONDAY + 4 * WEEK)
    outage = range(MONDAY + 4 * WEEK + 3, MONDAY + 4 * WEEK + 53)
    later = rhythm.deadline(last, outage)
    assert later - rhythm.deadline(last) == pytest.approx(timedelta(hours=50), abs=timedelta(0, 9))
    assert rhythm.expected_between(last, later, outage) == pytest.approx(rhythm.limit)
    long_ago = range(MONDAY, MONDAY + 50)
    assert rhythm.deadline(last, long_ago) == rhythm.deadline(last)


def test_nothing_is_learned_from_nothing() -> None:
    assert learn_rhythm(as_hours([]), FLAT, start=MONDAY, end=MONDAY + WEEK) is None
    assert learn_rhythm(as_hours([5]), FLAT, start=MONDAY, end=MONDAY + WEEK) is None
    assert learn_rhythm(as_hours([MONDAY]), FLAT, start=MONDAY, end=MONDAY) is None


hours_of_articles = st.lists(st.integers(0, 4 * WEEK - 1), min_size=1, max_size=200, unique=True)
moments = st.floats(0, 30 * 365 * 24).map(at)


@settings(max_examples=60, deadline=None)
@given(hours_of_articles, moments, st.lists(st.floats(0, 2000), min_size=2, max_size=6))
def test_a_longer_gap_is_never_less_alarming(
    hours: list[int], last: datetime, lengths: list[float]
) -> None:
    rhythm = learned([MONDAY + hour for hour in hours])
    ends = [last + timedelta(hours=length) for length in sorted(lengths)]
    expected = [rhythm.expected_between(last, end) for end in ends]
    assert all(a <= b + 1e-9 for a, b in pairwise(expected))
    deadline = rhythm.deadline(last)
    for end, number in zip(ends, expected, strict=True):
        if abs(number - rhythm.limit) > 1e-6:
            assert (end > deadline) == (number > rhythm.limit)


@settings(max_examples=60, deadline=None)
@given(hours_of_articles, moments, st.integers(-14 * 60, 14 * 60))
def test_times_may_be_in_any_zone(hours: list[int], last: datetime, minutes: int) -> None:
    rhythm = learned([MONDAY + hour for hour in hours])
    local = last.astimezone(timezone(timedelta(minutes=minutes)))
    assert rhythm.deadline(local) == rhythm.deadline(last) > last
    assert rhythm.expected_between(local, last) == 0


@given(st.floats(0.01, 20), st.floats(0, 500), st.floats(1e-6, 0.05), st.floats(1e-6, 0.05))
def test_a_rarer_alarm_needs_a_longer_gap(
    mean: float, variance: float, chance: float, other: float
) -> None:
    rare, frequent = sorted((chance, other))
    gaps = [longest_gap(mean, variance, each) for each in (frequent, rare)]
    assert -log(frequent) <= gaps[0] <= gaps[1] <= MAX_GAP
    assert gaps[1] >= -log(rare)


def test_the_tail_is_that_of_the_distribution() -> None:
    random = np.random.default_rng(3)
    shape = 4.0  # of the gamma distribution of the rates
    gaps = random.exponential(1 / random.gamma(shape, 1 / shape, 400_000))
    limit = longest_gap(float(gaps.mean()), float(gaps.var()), 0.002)
    assert (gaps > limit).mean() == pytest.approx(0.002, rel=0.25)


@pytest.mark.parametrize("hours", [1, 20, HOURS_A_WEEK, HOURS_A_WEEK + 1])
def test_sources_of_any_age_are_searched_for_outages_without_a_warning(hours: int) -> None:
    delivered = [as_hours(np.arange(500_000, 500_000 + hours)) for _ in range(6)]
    assert find_outages(delivered) == frozenset()
