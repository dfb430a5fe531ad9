"""Read what the web server shows from broker, store and index."""

import logging
from datetime import UTC, datetime

from worker import bootstrap
from worker.broker.backpressure import Load, pressure
from worker.broker.connection import BrokerConnection
from worker.celery import broker_url, make_app
from worker.config.loader import load_config
from worker.errors import Unavailable
from worker.monitoring.slow_facts import SlowFactReader, SlowFacts
from worker.monitoring.source_health import SourceHealth, SourceState
from worker.monitoring.source_reading import LearnedSourceCache
from worker.monitoring.status import read_status
from worker.monitoring.status_values import Status
from worker.settings import Settings
from worker.store.values import SourceSeen
from worker.web.system_state import MeasuredSource, SystemState

log = logging.getLogger("worker")


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
        self._slow_facts = SlowFactReader(self._store)
        self._index = bootstrap.index(settings, self._config.dedup) if settings.index_url else None

    @property
    def learned(self) -> LearnedSourceCache:
        """What was learned about how sources usually deliver. Other threads may use it, too."""
        return self._slow_facts.learned

    def read(self) -> SystemState:
        """Return the state of the system now. If a server does not answer, the state names it, and
        nothing is raised."""
        now = datetime.now(UTC)
        rules = self._config
        servers = (self._broker, self._store, self._slow_facts)
        status = read_status(*servers, rules.worker, rules.monitoring, now=now)
        return SystemState(
            status=status,
            sources=self._sources(self._slow_facts.last),
            index_answers=self._index_answers(status),
            pressure=pressure(_load(status), self._config.worker.pressure),
        )

    def _sources(self, facts: SlowFacts | None) -> list[MeasuredSource] | None:
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
