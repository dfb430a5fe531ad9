"""Find the outages: hours in which nothing arrived from any source although much was expected. The
cause is then the poller, the network or the workers, and not a source.

Nothing can be learned of the sources in such hours, and the clocks of all sources stand still in
them. A public holiday of all sources counts as one, too.
"""

from collections.abc import Sequence

import numpy as np

from worker.monitoring.rhythm_learning import Hours, as_hours, learn_rhythm, pooled_shape
from worker.monitoring.source_rhythm import HOURS_A_WEEK

LEAST_SOURCES = 3  # with fewer it can't be told from the silence of one
_SURELY = 5  # sources that deliver in this hour of the week, in the median of all weeks


def find_outages(delivered: Sequence[Hours]) -> frozenset[int]:
    """Return the hours (counted since 1970) in which nothing arrived from any source, though it
    should have.

    Each item of `delivered` has the hours in which one source delivered something. An hour without
    deliveries is an outage if usually at least five sources deliver in that hour of the week. So is
    an hour in a gap that is longer than chance explains. The time after the last delivery is never
    one, because it may be the silence of a single source.
    """
    some = [hours for hours in delivered if hours.size]
    if len(some) < LEAST_SOURCES:
        return frozenset()
    all_hours = np.concatenate(some)
    first, last = int(all_hours.min()), int(all_hours.max())
    sources = np.bincount(all_hours - first)
    return frozenset(first + hour for hour in _missed(sources)) | _long_gaps(
        as_hours(all_hours), first, last + 1
    )


def _missed(sources: Hours) -> list[int]:
    """The hours without a source in which there are usually some, counted from the first one.

    `sources` is the number of sources that delivered in each hour.
    """
    weeks = -(-sources.size // HOURS_A_WEEK)
    if weeks < 2:  # an hour that came only once is as it usually is
        return []
    padded = np.full(weeks * HOURS_A_WEEK, np.nan)
    padded[: sources.size] = sources
    usual = np.nanmedian(padded.reshape(weeks, HOURS_A_WEEK), axis=0)
    expected = np.tile(usual, weeks)[: sources.size]
    return np.flatnonzero((sources == 0) & (expected >= _SURELY)).tolist()


def _long_gaps(together: Hours, first: int, end: int) -> frozenset[int]:
    """The hours in gaps that the rhythm of all sources together does not explain."""
    rhythm = learn_rhythm(together, pooled_shape([together]), start=first, end=end)
    if rhythm is None:
        return frozenset()
    missed: set[int] = set()
    for before in np.flatnonzero(np.diff(together) > 1):
        gap = range(int(together[before]) + 1, int(together[before + 1]))
        if sum(rhythm.in_hour(hour) for hour in gap) > rhythm.limit:
            missed.update(gap)
    return frozenset(missed)
