"""Store protocols about sources (publishers of articles): how they deliver, and snoozing them."""

from datetime import datetime
from typing import Protocol

from worker.store.source_values import SourceClock, SourceHours, WindowCount


class SourceActivityReader(Protocol):
    """Reads when sources delivered articles, and which outcomes these had, to judge the sources.

    Each method is one statement for all sources together.
    """

    def source_clocks(self) -> list[SourceClock]:
        """Return for each source when it was seen first and last, and when its last new article
        came. The sources are in the order of their names."""
        ...

    def source_hours(self, now: datetime, hours: int) -> list[SourceHours]:
        """Return for each source the hours in which it delivered something, and in which it brought
        new articles.

        They are those of the last `hours` hours before `now`, and of the last `hours` hours before
        its last new article, if that is longer ago. So for a source that has fallen silent it stays
        known how it delivered before.
        """
        ...

    def window_counts(self, now: datetime, hours: int, windows: int) -> list[WindowCount]:
        """Return how many articles of each source had which outcome or trait (such as `undated`),
        in windows of `hours` hours.

        The latest window ends with the hour of `now`. What no article had is left out.
        """
        ...


class SourceSnoozer(Protocol):
    """A store that keeps snoozes: which sources are to raise no alerts, and until when."""

    def snooze_source(self, source: str, until: datetime) -> bool:
        """Let a source raise no alerts before the time `until`, which replaces an earlier one.
        Returns whether the source is known; if not, nothing is stored."""
        ...

    def wake_source(self, source: str) -> bool:
        """End the snooze of a source. Returns whether it had one, even if that was over."""
        ...
