"""Measure how long each stage of a batch takes in this process."""

from collections import defaultdict
from time import perf_counter


class StageClock:
    """Adds up the seconds that each stage of processing took.

    One thread may use it at a time. The stages are those of worker.model.stage_times.
    """

    def __init__(self) -> None:
        self._at = perf_counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def start(self) -> None:
        """Start the clock. The time since it was last read counts for no stage."""
        self._at = perf_counter()

    def lap(self, stage: str) -> None:
        """Add the time since the last call of `start` or `lap` to the stage that has just ended."""
        before, self._at = self._at, perf_counter()
        self._seconds[stage] += self._at - before

    def take(self) -> dict[str, float]:
        """Return the seconds of each stage, and set them to zero."""
        seconds, self._seconds = self._seconds, defaultdict(float)
        return dict(seconds)


stage_clock = StageClock()  # of this process
