"""Store which lines stood in which articles, so that workers learn boilerplate: the lines that a
source repeats in many articles.

Each fact "this line stood in this article" is stored as a few bytes, called a line entry, by source
and day. A day's entries are read only after that day has ended. So all workers read the same
entries and learn the same lines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

LinesByDay = Mapping[int, frozenset[bytes]]
"""The line entries of one source by day, which is the ordinal of a UTC date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCountLimits:
    """How long line entries are stored, and how many at most.

    A line entry is a few bytes which say that one line stood in one article. It is stored for at
    least `window_days` days. The entries of one day are spread over `buckets` Redis hashes, each of
    which takes at most `bucket_entries` entries; further ones are dropped.
    """

    window_days: int
    buckets: int  # per day
    bucket_entries: int


class LineCounts(Protocol):
    """Stores which lines stood in which articles; from that, workers learn boilerplate, the lines
    that a source repeats.

    Each such fact is a few bytes, called a line entry, stored by source and day. Methods raise
    Unavailable when the server does not answer.
    """

    def add(self, day: int, seen: Mapping[str, Sequence[bytes]], limits: LineCountLimits) -> None:
        """Store which lines stood in the articles of one day.

        `day` is the ordinal number of a date (`date.toordinal`). `seen` maps a source to line
        entries, a few bytes each, which say that one line stood in one article. `limits` says how
        many are stored at most; further ones are dropped. Adding an entry again changes nothing.
        """
        ...

    def read(
        self, sources: Sequence[str], days: Sequence[int], limits: LineCountLimits
    ) -> dict[str, LinesByDay]:
        """Return which lines stood in the articles of these sources on these days.

        The result maps a source to a day, and the day to line entries: a few bytes each, which say
        that one line stood in one article. A day is the ordinal number of a date. `limits` must be
        those with which the entries were added.
        """
        ...


class MemoryLineCounts:
    """Stores in the memory of one process which lines stood in which articles; for tests, dry runs
    and a single worker.

    From that the worker learns boilerplate, the lines that a source repeats.
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
