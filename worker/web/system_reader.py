"""Read what the web server shows from broker, store and index."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from worker import bootstrap
from worker.broker.backpressure import Load, pressure
from worker.broker.connection import BrokerConnection
from worker.celery import broker_url, make_app
from worker.config.loader import load_config
from worker.errors import Unavailable
from worker.monitoring.source_health import SourceHealth, SourceState
from worker.monitoring.source_reading import LearnedSourceCache, read_source_health
from worker.monitoring.status import read_status
from worker.monitoring.status_values import SourceNumbers, Status
from worker.settings import Settings
from worker.store.values import SourceSeen
from worker.web.system_state import MeasuredSource, SystemState

log = logging.getLogger("worker")

_READ_AGAIN_AFTER = timedelta(minutes=1)  # to judge 500 sources takes 70 ms of CPU


class _SlowFacts(NamedTuple):
    """What changes slowly and takes long to read, as it was at a time."""

    at: datetime
    health: Sequence[SourceHealth]
    store_bytes: Mapping[str, int]


class SystemReader:
    """Connections to broker, store and index, by which the state of the system is read.

    Only one thread may use it at a time.
    """

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet, but raise BadConfig if there is no store, or an older schema in it."""
        settings.refuse_missing_store()
        try:
            bootstrap.prepare_store(settings)
        except Unavailable as e:  # the server shows that; it need not wait for the store
            log.warning("web.store-unavailable error=%s", e)
        self._config = load_config(settings.config_dir)
        self._broker = BrokerConnection(make_app(broker_url(settings), self._config.worker))
        self._store = bootstrap.store(settings)
        self._learned = LearnedSourceCache(self._store)
        self._known: _SlowFacts | None = None
        self._index = bootstrap.index(settings, self._config.dedup) if settings.index_url else None

    @property
    def learned(self) -> LearnedSourceCache:
        """What is known about how sources deliver; other threads may use it, too."""
        return self._learned

    def read(self) -> SystemState:
        """Return the state of the system now. It says what does not answer; nothing is raised for
        that."""
        now = datetime.now(UTC)
        rules = self._config
        status = read_status(self._broker, self._store, rules.worker, rules.monitoring, now=now)
        facts = self._slow_facts(status, now)
        if facts is not None:
            status = replace(status, sources=_numbers(facts.health))
        return SystemState(
            status=status,
            sources=self._sources(facts),
            index_answers=self._index_answers(status),
            pressure=pressure(_load(status), self._config.worker.pressure),
            store_bytes=facts.store_bytes if facts else {},
        )

    def _slow_facts(self, status: Status, now: datetime) -> _SlowFacts | None:
        """Judge all sources and measure the store, once a minute. Returns None if the store does
        not answer."""
        if "store" in status.unreachable:
            return None
        if self._known and timedelta(0) <= now - self._known.at < _READ_AGAIN_AFTER:
            return self._known
        oldest_s = max((lane.oldest_s or 0.0 for lane in status.lanes), default=0.0)
        try:
            health = read_source_health(
                self._store,
                now,
                oldest_waiting_s=None if "broker" in status.unreachable else oldest_s,
                learned=self._learned.get(now),
            )
            self._known = _SlowFacts(now, health, self._store.table_bytes())
        except Unavailable:
            return None
        return self._known

    def _sources(self, facts: _SlowFacts | None) -> list[MeasuredSource] | None:
        if facts is None:
            return None
        by_name = {each.name: each for each in facts.health}
        try:
            return [_measured(seen, by_name.get(seen.source)) for seen in self._store.sources()]
        except Unavailable:
            return None

    def _index_answers(self, status: Status) -> bool:
        if self._index is None:  # it is on the broker's server
            return "broker" not in status.unreachable
        try:
            self._index.ping()
        except Unavailable:
            return False
        return True


def _numbers(health: Sequence[SourceHealth]) -> SourceNumbers:
    counts = Counter(each.state for each in health)
    return SourceNumbers(**{state.value: counts[state] for state in SourceState})


def _measured(seen: SourceSeen, health: SourceHealth | None) -> MeasuredSource:
    """Join what a source has delivered with whether it is silent.

    Nobody wants to be told that a source is silent while it is paused or snoozed.
    """
    silent = None
    if health is not None and health.snoozed_until is None:
        silent = {SourceState.OK: False, SourceState.SILENT: True}.get(health.state)
    return MeasuredSource(
        name=seen.source,
        articles=seen.receipts,
        dead=seen.dead,
        first_seen=seen.first_seen,
        last_seen=seen.last_seen,
        silent=silent,
        due=health.due if health else None,
    )


def _load(status: Status) -> Load:
    return Load(
        waiting=status.waiting,
        bulk=sum(lane.messages for lane in status.lanes if lane.lane == "bulk"),
        leased=status.leased,
        used_bytes=status.broker_bytes,
        limit_bytes=status.broker_limit_bytes,
    )
