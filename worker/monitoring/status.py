"""Read the state of the whole system from broker and store: one round trip and two statements."""

from dataclasses import dataclass, replace
from datetime import datetime

from worker.broker.backpressure import advise
from worker.broker.broker_state import BrokerState, LaneState, read_broker_state
from worker.broker.connection import BrokerConnection
from worker.broker.pauses import NO_PAUSES
from worker.config.monitoring_rules import MonitoringRules
from worker.config.worker_rules import WorkerRules
from worker.errors import Unavailable
from worker.monitoring.attention import needs_attention
from worker.monitoring.scale import OpenWork, scale_of, unknown_scale
from worker.monitoring.slow_facts import SlowFactReader, SlowFacts
from worker.monitoring.source_reading import paused_sources
from worker.monitoring.status_values import LaneStatus, SourceSummary, Status
from worker.monitoring.store_room import store_limit
from worker.store.hourly_values import LatestOutcomes
from worker.store.ports import StatusStore
from worker.store.values import UnfinishedWork


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoreState:
    """What the store says about the state of the system: the latest outcomes, and the work that
    is not done. `slow` has the facts that are read at most once a minute."""

    latest: LatestOutcomes
    work: UnfinishedWork
    slow: SlowFacts


def read_status(
    connection: BrokerConnection,
    store: StatusStore,
    slow_facts: SlowFactReader,
    rules: WorkerRules,
    monitoring: MonitoringRules,
    *,
    now: datetime,
    embedded_down: bool = False,
) -> Status:
    """Read the state of the whole system, and judge what needs attention.

    It takes one round trip to the broker, and two statements in the store, besides what
    `slow_facts` reads once a minute. If one of them does not answer, its part is empty, and
    `Status.unreachable` names it; nothing is raised for that. Times are those of the broker's
    clock; `now`, the time of this machine, is used for the hours in the store, and if the broker
    does not answer. A broker of which the caller knows that it is a stopped embedded one
    (`embedded_down`) is not asked.
    """
    broker = None if embedded_down else read_broker(connection, rules)
    found = _read_store(store, slow_facts, broker, monitoring, now)
    if broker and found:
        slow_facts.note(connection, rules.queue.name, now)
    status = _status(broker, found, rules, monitoring, now)
    status = replace(status, embedded_down=embedded_down)
    return replace(status, attention=needs_attention(status, monitoring.attention))


def _read_store(
    store: StatusStore,
    slow_facts: SlowFactReader,
    broker: BrokerState | None,
    monitoring: MonitoringRules,
    now: datetime,
) -> _StoreState | None:
    try:
        latest, work = store.latest_outcomes(now), store.unfinished_work()
        paused = paused_sources(broker.pauses if broker else NO_PAUSES, work.held)
        slow = slow_facts.read(broker, paused, monitoring.attention, now)
    except Unavailable:
        return None
    return _StoreState(latest=latest, work=work, slow=slow)


def read_broker(connection: BrokerConnection, rules: WorkerRules) -> BrokerState | None:
    """Read the state of the broker; None if it does not answer."""
    try:
        with connection.channel() as channel:
            return read_broker_state(channel, rules.queue.name, rules.time.visibility_timeout_s)
    except Unavailable:
        return None


def _status(
    broker: BrokerState | None,
    store: _StoreState | None,
    rules: WorkerRules,
    monitoring: MonitoringRules,
    now: datetime,
) -> Status:
    work = OpenWork(store_answers=False)
    if store:
        held = sum(count.articles for count in store.work.held.values())
        work = OpenWork(held=held, lacks_originals=store.work.lacks_originals)
    unreachable = {"broker": broker, "store": store}
    sources = store.slow.sources if store else SourceSummary()
    without_broker = Status(
        at=now,
        attention=(),
        unreachable=tuple(name for name, found in unreachable.items() if found is None),
        lanes=(),
        leased=0,
        overdue=0,
        undeliverable=0,
        held=work.held,
        journal=0,
        scale=unknown_scale(monitoring.scale),
        workers=(),
        breakers={},
        advice=None,
        counters={},
        outcomes=store.latest.totals if store else None,
        dead_letters=store.work.dead_letters if store else {},
        sources=sources.numbers,
        ledger=None,
        broker_bytes=0,
        broker_limit_bytes=0,
        lately=store.latest.lately if store else None,
        lacks_originals=work.lacks_originals,
        source_summary=sources,
        growth=store.slow.growth if store else None,
        store_limit_bytes=store_limit(store.slow.growth, monitoring.attention) if store else 0,
    )
    if broker is None:
        return without_broker
    return replace(
        without_broker,
        at=broker.at,
        lanes=tuple(_lane(lane, broker.at) for lane in broker.lanes),
        leased=broker.load.leased,
        overdue=broker.overdue,
        undeliverable=broker.undeliverable,
        journal=broker.journal,
        scale=scale_of(broker, work, monitoring.scale),
        workers=broker.workers,
        breakers={w.state.node: w.state.waits_for for w in broker.workers if w.state.waits_for},
        advice=advise(broker.load, rules.pressure),
        counters=broker.counters,
        ledger=broker.ledger,
        broker_bytes=broker.load.used_bytes,
        broker_limit_bytes=broker.load.limit_bytes,
        last_message_at=broker.recent.last_message_at,
        last_worker_at=broker.recent.last_worker_at,
        history=broker.history,
        stages=broker.stages,
        pauses=broker.pauses,
    )


def _lane(lane: LaneState, now: datetime) -> LaneStatus:
    age = None if lane.oldest_at is None else max(0.0, (now - lane.oldest_at).total_seconds())
    return LaneStatus(
        lane=lane.lane,
        queue=lane.queue,
        waiting=lane.waiting,
        oldest_s=age,
        is_at_least=lane.is_at_least,
        paused=lane.paused,
    )
