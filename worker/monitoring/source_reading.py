"""Read from the store how all sources deliver, and judge whether they are well.

A reading takes two statements for all sources together. What is usual for them is learned by three
more, and kept for an hour.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from worker.broker.broker_state import BrokerState
from worker.broker.pauses import Pauses
from worker.config.planned_pauses import PlannedPause
from worker.monitoring.learned_sources import LEARNED_H, LearnedSources, windows_by_source
from worker.monitoring.planned_hours import PlannedHours
from worker.monitoring.source_drift import WINDOW_H, WINDOWS_BEFORE
from worker.monitoring.source_health import SourceHealth, judge_source
from worker.store.held_values import HeldCount
from worker.store.ports import SourceActivityReader
from worker.store.source_values import SourceClock

LEARN_AGAIN_AFTER = timedelta(hours=1)
_NONE_PAUSED: Mapping[str, datetime | None] = MappingProxyType({})


class LearnedSourceCache:
    """Keeps what was learned about the sources of one store for an hour, as a process does that
    looks at them every few seconds. Threads may share it: at worst two learn at once."""

    def __init__(self, store: SourceActivityReader) -> None:
        self._store = store
        self._learned: LearnedSources | None = None

    def get(self, now: datetime, after: timedelta = LEARN_AGAIN_AFTER) -> LearnedSources:
        """Return what is known about the sources; read it from the store if it is as old as
        `after`."""
        learned = self._learned
        if learned is None or not timedelta(0) <= now - learned.at < after:
            learned = self._learned = read_learned_sources(self._store, now)
        return learned


def read_learned_sources(store: SourceActivityReader, now: datetime) -> LearnedSources:
    """Read the deliveries of the last five weeks, and learn from them how each source delivers."""
    from worker.monitoring.delivery_learning import learn_sources  # numpy costs 0.15 s to import

    counts = store.window_counts(now, WINDOW_H, WINDOWS_BEFORE.stop)
    return learn_sources(store.source_clocks(), store.source_hours(now, LEARNED_H), counts, now)


def read_source_health(
    store: SourceActivityReader,
    now: datetime,
    *,
    oldest_waiting_s: float | None = 0.0,
    paused: Mapping[str, datetime | None] = _NONE_PAUSED,
    learned: LearnedSources | None = None,
    planned: Sequence[PlannedPause] = (),
) -> list[SourceHealth]:
    """Read and judge all sources, in the order of their names.

    `oldest_waiting_s` is the age in seconds of the oldest message on the queues, 0 if none waits:
    articles that came since then may be waiting, so that no source is silent for want of them. If
    the queues can't be read it is None; then the sources are judged as of the last delivery of any
    of them. `paused` maps the sources that an operator holds back to the time since when. `learned`
    is what was learned about the sources before; it is read from the store if it is not given. In
    the hours of the pauses `planned` nothing is expected of their sources. Raises Unavailable when
    the store does not answer.
    """
    learned = learned or read_learned_sources(store, now)
    clocks = store.source_clocks()
    current = windows_by_source(store.window_counts(now, WINDOW_H, 1))
    planned_hours = PlannedHours(planned, now)
    processed_until = _processed_until(clocks, now, oldest_waiting_s)
    return [
        judge_source(
            clock,
            learned.sources.get(clock.source),
            current.get(clock.source, {}).get(0, {}),
            now=now,
            processed_until=processed_until,
            paused=paused,
            outages=learned.outages,
            planned=planned_hours.of(clock.source),
        )
        for clock in clocks
    ]


def oldest_waiting_s(broker: BrokerState | None) -> float | None:
    """Return how long the oldest message on all lanes (queues of the workers) has waited, in
    seconds; 0 if none waits, None if the broker does not answer."""
    if broker is None:
        return None
    times = [lane.oldest_at for lane in broker.lanes if lane.oldest_at is not None]
    return max(0.0, (broker.at - min(times)).total_seconds()) if times else 0.0


def paused_sources(pauses: Pauses, held: Mapping[str, HeldCount]) -> dict[str, datetime | None]:
    """Return the sources that are held back, with the times since when: those that an operator has
    paused, and those whose held articles are still on their way back to the queue."""
    returning = {source: count.since for source, count in held.items()}
    return {**returning, **{source: pause.at for source, pause in pauses.sources.items()}}


def _processed_until(
    clocks: list[SourceClock], now: datetime, oldest_waiting_s: float | None
) -> datetime:
    if oldest_waiting_s is None:
        return max((clock.last_seen for clock in clocks), default=now)
    return now - timedelta(seconds=max(0.0, oldest_waiting_s))
