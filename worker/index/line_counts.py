"""Keep which lines stood around the texts of a source on which day.

Workers add entries and read them back. Entries are opaque bytes of equal length. Entries of a day
are read on later days only, so workers need to agree on nothing but the date.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

LinesByDay = Mapping[int, frozenset[bytes]]
"""Entries by day, which is the ordinal of a UTC date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCountLimits:
    """Limits of what is kept, however much arrives."""

    window_days: int
    buckets: int  # per day
    bucket_entries: int


class LineCounts(Protocol):
    """Methods raise Unavailable. All may be lost: then lines are learned from new articles."""

    def add(self, day: int, seen: Mapping[str, Sequence[bytes]], limits: LineCountLimits) -> None:
        """Keep the entries of each source. Adding an entry again changes nothing."""
        ...

    def read(
        self, sources: Sequence[str], days: Sequence[int], limits: LineCountLimits
    ) -> dict[str, LinesByDay]:
        """The entries that were kept for each source on these days."""
        ...


class MemoryLineCounts:
    """The line counts of one process."""

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
