"""What each source repeats: articles as cleaned come in, what is to be left out of them goes out.

Decided once a source and day, from the days before: whoever asks on a day, and however many, gets
the same answer. A day counts from an hour after its end, when no batch that began on it can still
be running. What a batch brings itself never counts for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from worker.clean.line_rule_config import LearnedRules
from worker.clean.lines.source_boilerplate import SourceBoilerplate, learn
from worker.index.line_counts import Lines, Room

_SETTLED = timedelta(hours=1)
_MOST_REMEMBERED = 20_000  # sources


class Boilerplate:
    """Remembers for a day what was decided. Raises Unavailable."""

    def __init__(self, lines: Lines, rules: LearnedRules) -> None:
        self.lines = lines
        self._rules = rules
        room = {name: getattr(rules, name) for name in Room.model_fields}
        self._room = Room.model_validate(room)
        self._day = 0
        self._learned: dict[str, SourceBoilerplate] = {}

    def learned(self, sources: Iterable[str], now: datetime) -> Mapping[str, SourceBoilerplate]:
        """One round trip for sources that are met for the first time today, else none."""
        day = (now - _SETTLED).date().toordinal()
        if day != self._day or len(self._learned) > _MOST_REMEMBERED:
            self._day, self._learned = day, {}
        unknown = sorted(set(sources) - self._learned.keys())
        if unknown and self._rules.head_lines + self._rules.tail_lines:
            days = range(day - self._rules.window_days, day)
            noted = self.lines.noted(unknown, days, self._room)
            for source in unknown:
                self._learned[source] = learn(source, noted[source], self._rules, day - 1)
        return self._learned

    def note(self, seen: Sequence[tuple[str, Sequence[bytes]]], now: datetime) -> None:
        """One round trip for the (source, entries) of a batch."""
        by_source: dict[str, dict[bytes, None]] = {}
        for source, entries in seen:
            by_source.setdefault(source, {}).update(dict.fromkeys(entries))
        given = {source: list(entries) for source, entries in by_source.items() if entries}
        if given:
            self.lines.note(now.date().toordinal(), given, self._room)
