"""What was learned about how sources usually deliver, by which they are judged."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.monitoring.source_drift import WINDOW_H, Counts
from worker.monitoring.source_rhythm import Rhythm
from worker.store.source_values import WindowCount

LEARNED_H = 35 * 24  # hours, up to the last new article of a source
LEAST_AGE = timedelta(days=14)
LEAST_ARTICLES = 20  # that a source has ever brought


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedSource:
    """How a source usually delivers, by which it is judged.

    `rhythm` is at which hours of the week its new articles come, and `poll_rhythm` at which hours
    it delivers anything, even known articles. Both are None if there is too little to learn from,
    the second also if it would tell nothing more than the first. `per_day` is the number of new
    articles a day. `before` has the numbers of articles by outcome and trait in earlier windows of
    72 hours, the latest first, and `expected` in how many hours of each window the rhythm lets
    expect new articles.
    """

    rhythm: Rhythm | None
    poll_rhythm: Rhythm | None
    per_day: float
    before: tuple[Counts, ...] = ()
    expected: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedSources:
    """How all sources usually deliver, as learned at the time `at`.

    `sources` maps the name of a source to what is known of it. `outages` are hours since 1970 in
    which nothing arrived from any source although it should have.
    """

    at: datetime
    sources: Mapping[str, LearnedSource]
    outages: frozenset[int]


def windows_by_source(counts: Iterable[WindowCount]) -> dict[str, dict[int, Counts]]:
    """Sort numbers of articles by source and window, with one mapping for each window."""
    found: dict[str, dict[int, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for count in counts:
        found[count.source][count.window][count.what] += count.articles
    return {source: dict(windows) for source, windows in found.items()}


def expected_in_window(
    rhythm: Rhythm | None, window: int, now: datetime, outages: Iterable[int]
) -> float:
    """Return in how many hours of a window of 72 hours new articles of a source are expected.

    Window 0 ends now, and window 1 ends where it begins. Nothing is expected in the hours
    `outages`. The result is 0 if the source has no `rhythm`.
    """
    if rhythm is None:
        return 0.0
    end = now - timedelta(hours=WINDOW_H * window)
    return rhythm.expected_between(end - timedelta(hours=WINDOW_H), end, outages)
