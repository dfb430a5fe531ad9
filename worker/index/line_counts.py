"""Remember which lines stood in which articles, so that workers learn boilerplate.

Boilerplate means lines that a source repeats in many articles. A line entry is a few bytes which
say that one line stood in one article. Entries are kept by source and day, and read on later days
only, so workers need to agree on nothing but the date.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

LinesByDay = Mapping[int, frozenset[bytes]]
"""The line entries of one source by day, which is the ordinal of a UTC date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCountLimits:
    """How long line entries are kept, and how many at most.

    A line entry is a few bytes which say that one line stood in one article. Entries are kept for
    at least `window_days` days. Those of one day are spread over `buckets` containers, which are
    Redis hashes. A container takes `bucket_entries` entries; further ones are dropped.
    """

    window_days: int
    buckets: int  # per day
    bucket_entries: int


class LineCounts(Protocol):
    """Keeps line entries, from which workers learn boilerplate, the lines that a source repeats.

    A line entry is some bytes which say that one line stood in one article. Entries are kept by
    source and day. If all are lost, boilerplate is learned again from new articles. Methods raise
    Unavailable when the server does not answer.
    """

    def add(self, day: int, seen: Mapping[str, Sequence[bytes]], limits: LineCountLimits) -> None:
        """Keep line entries, which say which lines stood in which articles, for one day.

        `day` is the ordinal number of a date (`date.toordinal`). `seen` maps a source to its line
        entries, a few bytes for one line in one article. Adding an entry again changes nothing.
        `limits` tells how many entries are kept at most; further ones are dropped.
        """
        ...

    def read(
        self, sources: Sequence[str], days: Sequence[int], limits: LineCountLimits
    ) -> dict[str, LinesByDay]:
        """Return source -> day -> line entries, which say which lines stood in the source's
        articles.

        A line entry is a few bytes for one line in one article. A day is the ordinal number of a
        date. `limits` must be those with which the entries were added.
        """
        ...


class MemoryLineCounts:
    """Keeps line entries in the memory of one process, for tests, dry runs and a single worker.

    A line entry is some bytes which say that one line stood in one article of a source. From them
    the worker learns boilerplate, the lines that a source repeats.
    """

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
