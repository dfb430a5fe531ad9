"""Learn boilerplate: the lines that each source repeats around its articles.

Hashes of the first and last lines of each article are stored by source and day. The lines to remove
from a day's articles are decided from the days before, so all workers remove the same lines.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from worker.clean.line_rule_config import LearnedRules
from worker.clean.lines.source_boilerplate import SourceBoilerplate, learn
from worker.index.line_counts import LineCountLimits, LineCounts

_DAY_COMPLETE_AFTER = timedelta(hours=1)
_MAX_CACHED_SOURCES = 20_000


def learning_day(now: datetime) -> int:
    """Return the first day whose lines are not used yet to learn which lines to remove from
    articles that are cleaned at the time `now`, as the ordinal number of its date. Only earlier
    days are used.

    This day is today; but in the first hour of a day it is yesterday, because workers may still be
    storing lines of that day.
    """
    return (now - _DAY_COMPLETE_AFTER).date().toordinal()


class Boilerplate:
    """Learns which lines are boilerplate of a source: lines that stand in many of its articles on
    several days.

    It learns from hashes of lines that all workers store by source and day in `lines`. Methods
    raise Unavailable when these hashes can't be read or written.
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
        """Return by source the boilerplate: the lines to remove from its articles.

        It is learned from the articles of the days before `now`, and cached until the next day. The
        result may also have sources that were asked for earlier.
        """
        day = learning_day(now)
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
        """Store hashes of the first and last lines of a batch of articles, so that boilerplate can
        be learned from them from the next day on.

        `sightings` has one pair for each article: its source, and the hashes of its lines.
        """
        by_source: dict[str, dict[bytes, None]] = {}
        for source, entries in sightings:
            by_source.setdefault(source, {}).update(dict.fromkeys(entries))
        new_entries = {source: list(entries) for source, entries in by_source.items() if entries}
        if new_entries:
            self.lines.add(now.date().toordinal(), new_entries, self._limits)
