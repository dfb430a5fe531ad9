"""Weeks of deliveries of many sources, in memory or written to a store as rows of counts."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from worker.store.database.engine import open_engine, parse
from worker.store.database.schema import hourly_outcomes, hourly_traits, source_snoozes, sources
from worker.store.hourly_values import FIRST_STORED, hour_of, hour_start
from worker.store.source_values import SourceClock, SourceHours, WindowCount

HALF_HOUR = timedelta(minutes=30)  # deliveries come at half past


class Deliveries:
    """Numbers of articles by source, hour and outcome or trait. It reads like a store."""

    def __init__(self) -> None:
        self.outcomes: Counter[tuple[str, int, str]] = Counter()
        self.traits: Counter[tuple[str, int, str]] = Counter()
        self.snoozes: dict[str, datetime] = {}

    def add(
        self,
        source: str,
        hours: Iterable[int],
        outcome: str = "new",
        articles: int = 1,
        traits: Iterable[str] = ("language:en",),
    ) -> None:
        for hour in hours:
            self.outcomes[source, hour, outcome] += articles
            if outcome in FIRST_STORED:
                for trait in traits:
                    self.traits[source, hour, trait] += articles

    def source_clocks(self) -> list[SourceClock]:
        hours: dict[str, list[int]] = defaultdict(list)
        with_new: dict[str, list[int]] = defaultdict(list)
        articles: Counter[str] = Counter()
        for (source, hour, outcome), number in self.outcomes.items():
            hours[source].append(hour)
            if outcome in FIRST_STORED:
                with_new[source].append(hour)
                articles[source] += number
        return [
            SourceClock(
                source=source,
                first_seen=hour_start(min(hours[source])) + HALF_HOUR,
                last_seen=hour_start(max(hours[source])) + HALF_HOUR,
                articles=articles[source],
                newest_hour=max(with_new[source], default=None),
                snoozed_until=self.snoozes.get(source),
            )
            for source in sorted(hours)
        ]

    def source_hours(self, now: datetime, hours: int) -> list[SourceHours]:
        found = []
        for clock in self.source_clocks():
            newest, first = clock.newest_hour, hour_of(now) - hours
            rows = {
                (hour, outcome): number
                for (source, hour, outcome), number in self.outcomes.items()
                if source == clock.source
                and (hour > first or (newest and newest - hours < hour <= newest))
            }
            new = {key: number for key, number in rows.items() if key[1] in FIRST_STORED}
            delivered = tuple(sorted({hour for hour, _ in rows}))
            with_new = tuple(sorted({hour for hour, _ in new}))
            if delivered:
                of = SourceHours(clock.source, delivered, with_new, sum(new.values()))
                found.append(of)
        return found

    def window_counts(self, now: datetime, hours: int, windows: int) -> list[WindowCount]:
        counts: Counter[tuple[str, int, str]] = Counter()
        for numbers in (self.outcomes, self.traits):
            for (source, hour, what), number in numbers.items():
                age = hour_of(now) - hour
                if 0 <= age < hours * windows:
                    counts[source, age // hours, what] += number
        return [WindowCount(*key, number) for key, number in counts.items()]

    def store_in(self, url: str) -> None:
        """Write the rows that ingesting would have written."""
        engine = open_engine(parse(url))
        with engine.execution_options(writes=True).begin() as connection:
            connection.execute(sources.insert(), [_source_row(c) for c in self.source_clocks()])
            rows = [
                _count_row(key, n, "outcome") | {"reason": ""} for key, n in self.outcomes.items()
            ]
            connection.execute(hourly_outcomes.insert(), rows)
            if self.traits:
                traits = [_count_row(key, n, "trait") for key, n in self.traits.items()]
                connection.execute(hourly_traits.insert(), traits)
            if self.snoozes:
                snoozes = [{"source": s, "until": until} for s, until in self.snoozes.items()]
                connection.execute(source_snoozes.insert(), snoozes)
        engine.dispose()


def _count_row(key: tuple[str, int, str], articles: int, what: str) -> dict[str, object]:
    source, hour, name = key
    return {"source": source, "hour": hour, what: name, "articles": articles}


def _source_row(clock: SourceClock) -> dict[str, object]:
    counts = {"articles": clock.articles, "receipts": clock.articles, "dead": 0}
    seen = {"first_seen": clock.first_seen, "last_seen": clock.last_seen}
    return {"source": clock.source, **counts, **seen}
