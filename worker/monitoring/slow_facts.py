"""Read what changes slowly and takes long to read: whether sources are well, and how the store
grows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from worker.broker.broker_state import BrokerState
from worker.broker.connection import BrokerConnection
from worker.broker.source_notes import write_source_note
from worker.config.monitoring_rules import AttentionRules
from worker.errors import Unavailable
from worker.monitoring.source_health import SourceHealth
from worker.monitoring.source_reading import (
    LearnedSourceCache,
    oldest_waiting_s,
    read_source_health,
)
from worker.monitoring.source_summaries import read_summary, summarize, write_summary
from worker.monitoring.status_values import SourceSummary
from worker.store.ports import RetainedStore, SourceActivityReader
from worker.store.retention_values import StoreGrowth

READ_AGAIN_AFTER = timedelta(minutes=1)  # to judge 500 sources takes 70 ms of CPU


class MeasuredStore(SourceActivityReader, RetainedStore, Protocol):
    """The methods of the store by which sources are judged, and its size is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowFacts:
    """What changes slowly, as it was at the time `at`.

    `health` has the judgement of each source; it is empty if another process has judged them, and
    only its summary, `sources`, was read.
    """

    at: datetime
    growth: StoreGrowth
    sources: SourceSummary
    health: tuple[SourceHealth, ...] = ()


class SlowFactReader:
    """Reads what changes slowly at most once a minute, and learns once an hour what is usual for
    each source.

    With `judges`, it judges the sources itself. Otherwise it uses the judgement that another
    process has left in the broker, and judges them only if there is none. `last` is what it read
    last, None if that failed. Only one thread may use it at a time, but others may use `learned`,
    what it has learned about the sources.
    """

    def __init__(self, store: MeasuredStore, *, judges: bool = True) -> None:
        self._store = store
        self.learned = LearnedSourceCache(store)
        self._judges = judges
        self.last: SlowFacts | None = None

    def read(
        self,
        broker: BrokerState | None,
        paused: Mapping[str, datetime | None],
        rules: AttentionRules,
        now: datetime,
    ) -> SlowFacts:
        """Return what changes slowly. `broker` is the state of the broker, None if it does not
        answer, and `paused` has the sources that an operator holds back, with the times since when.

        Raises Unavailable when the store does not answer.
        """
        last, self.last = self.last, None
        is_known = last and timedelta(0) <= now - last.at < READ_AGAIN_AFTER
        if last and is_known and last.sources.paused == tuple(sorted(paused)):
            self.last = last
            return last
        growth = self._store.retention.growth(now)
        noted = None
        if broker and not self._judges:
            noted = read_summary(broker.sources_note, paused, now)
        if noted:
            self.last = SlowFacts(at=now, growth=growth, sources=noted)
            return self.last
        health = read_source_health(
            self._store,
            now,
            oldest_waiting_s=oldest_waiting_s(broker),
            paused=paused,
            learned=self.learned.get(now),
            planned=rules.planned_pauses,
        )
        sources = summarize(health, paused, rules.silent_share, now)
        self.last = SlowFacts(at=now, growth=growth, sources=sources, health=tuple(health))
        return self.last

    def note(self, connection: BrokerConnection, queue: str, now: datetime) -> None:
        """Write the judgement of all sources, if it was made just now, to the broker, where other
        processes read it.

        `queue` is the name of the live queue. If the broker does not answer, nothing happens.
        """
        if not self._judges or self.last is None or self.last.at != now:
            return
        try:
            with connection.channel() as channel:
                write_source_note(channel, queue, write_summary(self.last.sources))
        except Unavailable:
            return
