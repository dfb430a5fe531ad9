"""Learn boilerplate: the lines that each source repeats around its articles.

Boilerplate is decided once per source and day, from the lines of the days before, so every worker
decides the same. The lines of a day are used from an hour after its end, when no batch that began
on it can still run. The lines of a batch never count for the batch itself. A line entry is some
bytes that stand for one line at the beginning or the end of one article.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from worker.clean.line_rule_config import LearnedRules
from worker.clean.lines.source_boilerplate import SourceBoilerplate, learn
from worker.index.line_counts import LineCountLimits, LineCounts

_DAY_COMPLETE_AFTER = timedelta(hours=1)
_MAX_CACHED_SOURCES = 20_000


class Boilerplate:
    """Learns which lines are boilerplate of a source: lines that recur in its articles over days.

    It learns from the line entries (hashes of lines, by source and day) that all workers store, and
    keeps the result for a day. Methods raise Unavailable when entries can't be read or written.
    """

    def __init__(self, lines: LineCounts, rules: LearnedRules) -> None:
        self.lines = lines
        self._rules = rules
        self._limits = LineCountLimits(
            window_days=rules.window_days,
            buckets=rules.buckets,
            bucket_entries=rules.bucket_entries,
        )
        self._day = 0
        self._learned: dict[str, SourceBoilerplate] = {}

    def learned(self, sources: Iterable[str], now: datetime) -> Mapping[str, SourceBoilerplate]:
        """Return the lines to remove, by source, at least for these sources.

        They are decided from the line entries of the days before. The result is kept until the next
        day: one round trip is needed if any of these sources is not cached yet, else none.
        """
        day = (now - _DAY_COMPLETE_AFTER).date().toordinal()
        if day != self._day or len(self._learned) > _MAX_CACHED_SOURCES:
            self._day, self._learned = day, {}
        uncached = sorted(set(sources) - self._learned.keys())
        if uncached and self._rules.head_lines + self._rules.tail_lines:
            days = range(day - self._rules.window_days, day)
            noted = self.lines.read(uncached, days, self._limits)
            for source in uncached:
                self._learned[source] = learn(source, noted[source], self._rules, day - 1)
        return self._learned

    def note(self, sightings: Sequence[tuple[str, Sequence[bytes]]], now: datetime) -> None:
        """Store the line entries (hashes of lines) of a batch, so that later days can learn from
        them.

        `sightings` are pairs (source, line entries), one pair for each article. Takes one round
        trip.
        """
        by_source: dict[str, dict[bytes, None]] = {}
        for source, entries in sightings:
            by_source.setdefault(source, {}).update(dict.fromkeys(entries))
        new_entries = {source: list(entries) for source, entries in by_source.items() if entries}
        if new_entries:
            self.lines.add(now.date().toordinal(), new_entries, self._limits)
