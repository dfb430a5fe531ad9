"""Which lines stood around which texts of a source, by day: noted by workers, read back by them.

Entries are opaque bytes, all of one length. What is noted of a day is read on later days only, so
workers need not agree on anything but the day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Noted = Mapping[int, frozenset[bytes]]
"""By day, the ordinal of a UTC date: entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much is kept, whatever comes."""

    window_days: int
    buckets: int  # a day
    bucket_entries: int


class Lines(Protocol):
    """Raises Unavailable. May forget all of it: then nothing is learned until it is seen again."""

    def note(self, day: int, seen: Mapping[str, Sequence[bytes]], room: Room) -> None:
        """Keep the entries of each source; what was kept before is not kept twice."""
        ...

    def noted(self, sources: Sequence[str], days: Sequence[int], room: Room) -> dict[str, Noted]:
        """What was kept of each source on these days."""
        ...


class MemoryLines:
    """Those of one process."""

    def __init__(self) -> None:
        self._kept: dict[int, dict[str, set[bytes]]] = {}

    def note(self, day: int, seen: Mapping[str, Sequence[bytes]], room: Room) -> None:
        for old in [d for d in self._kept if d < day - room.window_days - 1]:
            del self._kept[old]
        kept = self._kept.setdefault(day, {})
        for source, entries in seen.items():
            its = kept.setdefault(source, set())
            for entry in entries:
                if len(its) < room.bucket_entries:
                    its.add(entry)

    def noted(self, sources: Sequence[str], days: Sequence[int], room: Room) -> dict[str, Noted]:
        return {
            source: {day: frozenset(self._kept.get(day, {}).get(source, ())) for day in days}
            for source in sources
        }
