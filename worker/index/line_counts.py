"""Keep which lines stood around the article texts of a source on which day.

Boilerplate is learned from them: lines that a source repeats. A line entry is some bytes, all
entries of equal length, which say that one line (by its hash) stood in one article; this module
does not look into them. Line entries of a day are read on later days only, so workers need to agree
on nothing but the date.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

LinesByDay = Mapping[int, frozenset[bytes]]
"""The line entries of one source by day, which is the ordinal of a UTC date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCountLimits:
    """How long and how many line entries are kept, however many articles arrive.

    A line entry is some bytes that say that a line stood in an article. The entries of all sources
    of a day are spread over `buckets` buckets, each of which takes `bucket_entries` entries;
    further ones are not kept. Entries are kept for at least `window_days` days.
    """

    window_days: int
    buckets: int  # per day
    bucket_entries: int


class LineCounts(Protocol):
    """The line entries of recent days, by source: bytes that say that a line stood in an article.

    Boilerplate is learned from them. If all are lost, it is learned again from new articles.
    Methods raise Unavailable.
    """

    def add(self, day: int, seen: Mapping[str, Sequence[bytes]], limits: LineCountLimits) -> None:
        """Keep line entries, by source, for the day with ordinal number `day`.

        A line entry is some bytes that say that a line stood in an article. Adding one again
        changes nothing. Entries beyond the `limits` are not kept.
        """
        ...

    def read(
        self, sources: Sequence[str], days: Sequence[int], limits: LineCountLimits
    ) -> dict[str, LinesByDay]:
        """Return the line entries, which say that a line stood in an article, of each source on
        each of these days.

        The `limits` must be those with which they were added, because they tell where entries are
        kept.
        """
        ...


class MemoryLineCounts:
    """Keeps in the memory of one process which lines stood in the articles of a source on which
    day.

    Boilerplate is learned from these line entries. For tests, dry runs and a single worker.
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
