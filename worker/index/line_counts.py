"""Keep which lines stood around the article texts of a source on which day.

Boilerplate is learned from them: lines that a source repeats. A line entry stands for one line of
one article; here it is opaque bytes of equal length. Line entries of a day are read on later days
only, so workers need to agree on nothing but the date.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

LinesByDay = Mapping[int, frozenset[bytes]]
"""The line entries of one source by day, which is the ordinal of a UTC date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCountLimits:
    """How many days and how many line entries are kept, however many articles arrive."""

    window_days: int
    buckets: int  # per day
    bucket_entries: int


class LineCounts(Protocol):
    """The line entries of recent days, by source. Methods raise Unavailable.

    If all are lost, boilerplate is learned again from new articles.
    """

    def add(self, day: int, seen: Mapping[str, Sequence[bytes]], limits: LineCountLimits) -> None:
        """Keep the line entries of each source for `day`. Adding an entry again changes nothing."""
        ...

    def read(
        self, sources: Sequence[str], days: Sequence[int], limits: LineCountLimits
    ) -> dict[str, LinesByDay]:
        """Return the line entries that were added for each source on each of these days."""
        ...


class MemoryLineCounts:
    """Line entries in the memory of one process, for tests, dry runs and a single worker."""

    def __init__(self) -> None:
        self._days: dict[int, dict[str, set[bytes]]] = {}

    def add(self, day: int, seen: Mapping[str, Sequence[bytes]], limits: LineCountLimits) -> None:
        for old in [d for d in self._days if d < day - limits.window_days - 1]:
            del self._days[old]
        sources = self._days.setdefault(day, {})
        for source, entries in seen.items():
            kept = sources.setdefault(source, set())
            for entry in entries:
                if len(kept) < limits.bucket_entries:
                    kept.add(entry)

    def read(
        self, sources: Sequence[str], days: Sequence[int], limits: LineCountLimits
    ) -> dict[str, LinesByDay]:
        return {
            source: {day: frozenset(self._days.get(day, {}).get(source, ())) for day in days}
            for source in sources
        }
