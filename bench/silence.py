"""Measure which rule tells that a source has fallen silent: false alarms, and hours until then.

The sources are synthetic newsrooms, or the places that Reuters wrote from in March 1987. A rule
learns from some weeks. In the weeks after, each gap that it takes for a silence is a false alarm,
because the next article came. Then each source is stopped at random times: the delay is the time
from the stop to the alarm. In the same way it is measured how soon it is noticed that a source
brings only a third of its articles.

    python -m bench.silence [--reuters FILE] [--sources N]
"""

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from math import log
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.monitoring.rhythm_learning import (
    FALSE_ALARMS_A_WEEK,
    Hours,
    WeeklyShape,
    learn_rhythm,
    pooled_shape,
)
from worker.monitoring.source_drift import WINDOW_H, WINDOWS_BEFORE, find_drop
from worker.monitoring.source_rhythm import HOURS_A_WEEK, Rhythm

Times = NDArray[np.float64]  # hours since 1970, ascending
Deadline = Callable[[float], float]  # of the last article: when the rule takes it for a silence
Rule = Callable[[Times, WeeklyShape, int, int], Deadline]

MONDAY = 4 * 24  # 5 January 1970, in hours since 1970
CLASSES = {"<1/day": (0, 1), "1-5/day": (1, 5), "5-30/day": (5, 30), ">30/day": (30, 1e9)}
_BURST_H = 3  # a burst lasts so long
_LEAST = 5  # articles learned from
_LOOK_H = 6  # hours between two looks for a drop


class Measured(NamedTuple):
    """What a rule does to the sources of one class of size: false alarms a source and week, and the
    hours from a stop to the alarm, in the median and in nine of ten cases."""

    sources: int
    alarms_a_week: float
    median_h: float
    p90_h: float


def newsrooms(
    number: int, weeks: int, seed: int = 7, *, burstiness: float = 0.5, start: int = MONDAY
) -> list[Times]:
    """Make the times of the articles of synthetic newsrooms, from 0.2 to 100 articles a day.

    Each has a busiest hour, quiet nights and weekends of its own, and bursts of three hours in
    which its rate varies by a gamma distribution of this squared coefficient of variation.
    """
    random = np.random.default_rng(seed)
    return [_newsroom(random, weeks, burstiness, start) for _ in range(number)]


def _newsroom(random: np.random.Generator, weeks: int, burstiness: float, start: int) -> Times:
    rate = 10 ** random.uniform(-0.7, 2)
    distance = np.abs(np.arange(24) - random.uniform(6, 18))
    away = np.minimum(distance, 24 - distance) / random.uniform(3, 7)
    of_day = random.uniform(0.02, 0.3) + np.exp(-0.5 * away**2)
    of_week = np.ones(7)
    of_week[5:] = random.uniform(0.1, 0.9)
    expected = np.outer(of_week, of_day).ravel()
    expected = np.tile(expected * rate * 7 / expected.sum(), weeks)
    bursts = random.gamma(1 / burstiness, burstiness, expected.size // _BURST_H + 1)
    counts = random.poisson(expected * np.repeat(bursts, _BURST_H)[: expected.size])
    hours = np.repeat(np.arange(expected.size), counts)
    return np.sort(start + hours + random.uniform(0, 1, hours.size))


def reuters(path: Path) -> list[Times]:
    """Read the times of Reuters' stories of March 1987, with one source for each place."""
    start = _hours(datetime(1987, 3, 2, tzinfo=UTC))
    by_place: dict[str, list[float]] = {}
    for story in json.loads(path.read_text("utf-8")):
        written = story["date"].strip().partition(".")[0]
        try:
            at = datetime.strptime(written, "%d-%b-%Y %H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            continue
        if _hours(at) >= start:
            place = next(iter(story.get("places") or ["none"]))
            by_place.setdefault(place, []).append(_hours(at))
    return [np.sort(np.array(times)) for times in by_place.values() if len(times) >= 12]


def by_hour(times: Times) -> Hours:
    """Return the hours in which articles came, which is what the store knows of the times."""
    return np.unique(times.astype(np.int64))


def lomax(budget: float) -> Rule:
    """The rule of this package, with this number of false alarms a source and week."""

    def rule(times: Times, pooled: WeeklyShape, start: int, end: int) -> Deadline:
        rhythm = _learned(times, pooled, start, end, budget)
        return lambda last: _hours(rhythm.deadline(_time(last)))

    return rule


def poisson(chance: float) -> Rule:
    """The same rhythm, with gaps as in a Poisson process."""

    def rule(times: Times, pooled: WeeklyShape, start: int, end: int) -> Deadline:
        rhythm = replace(_learned(times, pooled, start, end), limit=-log(chance))
        return lambda last: _hours(rhythm.deadline(_time(last)))

    return rule


def _learned(
    times: Times, pooled: WeeklyShape, start: int, end: int, budget: float = FALSE_ALARMS_A_WEEK
) -> Rhythm:
    rhythm = learn_rhythm(by_hour(times), pooled, start=start, end=end, budget=budget)
    if rhythm is None:
        raise ValueError("no articles to learn from")
    return rhythm


def _fixed(hours: float) -> Rule:
    return lambda *_: lambda last: last + hours


def _longest_gap(times: Times, *_: object) -> Deadline:
    longest = np.diff(times).max()
    return lambda last: last + longest


def _three_long_gaps(times: Times, *_: object) -> Deadline:
    long = 3 * np.quantile(np.diff(times), 0.99)
    return lambda last: last + long


RULES: Mapping[str, Rule] = {
    "24 h": _fixed(24),
    "longest gap so far": _longest_gap,
    "3 x 99 % of gaps": _three_long_gaps,
    "Poisson on rhythm, 1e-4": poisson(1e-4),
    "Lomax on rhythm, 0.02 a week": lomax(0.02),
    "Lomax on rhythm, 0.1 a week": lomax(0.1),
}


def measure(
    rule: Rule, series: Sequence[Times], learned_weeks: int, weeks: int, *, stops: int = 5
) -> dict[str, Measured]:
    """Measure a rule on sources that are learned for some weeks, by class of their size.

    `weeks` is the length of the series, and `stops` how often each source is stopped.
    """
    random = np.random.default_rng(1)
    start = int(min(times[0] for times in series if times.size)) // 24 * 24
    split, end = start + learned_weeks * HOURS_A_WEEK, start + weeks * HOURS_A_WEEK
    pooled = pooled_shape(by_hour(times[times < split]) for times in series)
    found: dict[str, list[tuple[int, list[float]]]] = {name: [] for name in CLASSES}
    for times in series:
        learned, tested = times[times < split], times[(times >= split) & (times < end)]
        if learned.size < _LEAST or tested.size < 2:
            continue
        deadline = rule(learned, pooled, start, split)
        after = np.append(tested[1:], end)
        alarms = sum(deadline(a) < b for a, b in zip(tested, after, strict=True) if b - a > 1)
        stopped = random.uniform(split, end - 48, stops)
        delays = [max(0.0, deadline(float(times[times < at][-1])) - at) for at in stopped]
        found[_class_of(learned, learned_weeks)].append((alarms, delays))
    tested_weeks = weeks - learned_weeks
    return {name: _summary(of_class, tested_weeks) for name, of_class in found.items()}


def measure_drop(series: Sequence[Times], learned_weeks: int, weeks: int) -> dict[str, Measured]:
    """Measure how soon it is noticed that sources bring a third of their articles, when they are
    looked at every six hours. What is not noticed within two weeks counts as endless."""
    random = np.random.default_rng(1)
    start = int(min(times[0] for times in series if times.size)) // 24 * 24
    split, end = start + learned_weeks * HOURS_A_WEEK, start + weeks * HOURS_A_WEEK
    pooled = pooled_shape(by_hour(times[times < split]) for times in series)
    found: dict[str, list[tuple[int, list[float]]]] = {name: [] for name in CLASSES}
    for times in series:
        learned = times[times < split]
        if learned.size < _LEAST:
            continue
        rhythm = _learned(learned, pooled, start, split)
        looks = [_has_dropped(times, rhythm, now) for now in range(split, end, _LOOK_H)]
        alarms = sum(now and not before for before, now in pairwise([False, *looks]))
        onset = random.uniform(split, split + HOURS_A_WEEK)
        thinned = times[(times < onset) | (random.uniform(size=times.size) < 1 / 3)]
        later = np.arange(onset, onset + 2 * HOURS_A_WEEK, _LOOK_H)
        told = next((now for now in later if _has_dropped(thinned, rhythm, now)), np.inf)
        name = _class_of(learned, learned_weeks)
        found[name].append((alarms, [float(told - onset)]))
    return {name: _summary(of_class, weeks - learned_weeks) for name, of_class in found.items()}


def _has_dropped(times: Times, rhythm: Rhythm, now: float) -> bool:
    counts, expected = [], []
    for window in range(WINDOWS_BEFORE.stop):
        since, until = now - WINDOW_H * (window + 1), now - WINDOW_H * window
        articles = np.searchsorted(times, until) - np.searchsorted(times, since)
        counts.append({"new": int(articles)})
        expected.append(rhythm.expected_between(_time(since), _time(until)))
    before = slice(WINDOWS_BEFORE.start, WINDOWS_BEFORE.stop)
    return find_drop(counts[0], expected[0], counts[before], expected[before]) is not None


def _class_of(learned: Times, weeks: int) -> str:
    a_day = learned.size / weeks / 7
    return next(name for name, (low, high) in CLASSES.items() if low <= a_day < high)


def _summary(sources: Sequence[tuple[int, list[float]]], weeks: int) -> Measured:
    if not sources:
        return Measured(0, 0.0, 0.0, 0.0)
    delays = [delay for _, of_source in sources for delay in of_source]
    alarms = sum(alarms for alarms, _ in sources) / (len(sources) * weeks)
    median, p90 = np.quantile(delays, (0.5, 0.9), method="lower")
    return Measured(len(sources), alarms, float(median), float(p90))


def _hours(at: datetime) -> float:
    return at.timestamp() / 3600


def _time(hours: float) -> datetime:
    return datetime.fromtimestamp(hours * 3600, UTC)


def _report(title: str, series: Sequence[Times], learned_weeks: int, weeks: int) -> Iterable[str]:
    yield f"\n{title}: {learned_weeks} weeks learned, {weeks - learned_weeks} tested"
    yield "false alarms a source and week / median hours until a stop is told (nine of ten)\n"
    yield "| rule | " + " | ".join(CLASSES) + " |"
    yield "|---|" + "---|" * len(CLASSES)
    for name, rule in RULES.items():
        measured = measure(rule, series, learned_weeks, weeks).values()
        cells = (f"{m.alarms_a_week:.3f} / {m.median_h:.0f} ({m.p90_h:.0f})" for m in measured)
        yield f"| {name} | " + " | ".join(cells) + " |"
    numbers = measure(_fixed(24), series, learned_weeks, weeks).values()
    yield "| sources | " + " | ".join(str(m.sources) for m in numbers) + " |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reuters", type=Path, help="JSON of Reuters-21578, March and April 1987")
    parser.add_argument("--sources", type=int, default=240, help="number of synthetic newsrooms")
    arguments = parser.parse_args()
    for learned in (2, 4, 8):
        series = newsrooms(arguments.sources, learned + 4)
        print("\n".join(_report("synthetic newsrooms", series, learned, learned + 4)), flush=True)
    print("\na third of the articles, 5 weeks learned and 4 tested: alarms / hours, as above")
    for name, drop in measure_drop(newsrooms(arguments.sources, 9), 5, 9).items():
        print(f"  {name}: {drop.alarms_a_week:.3f} / {drop.median_h:.0f} ({drop.p90_h:.0f})")
    if arguments.reuters:
        series = reuters(arguments.reuters)
        print("\n".join(_report("Reuters, March 1987, by place", series, 2, 4)))


if __name__ == "__main__":
    main()
