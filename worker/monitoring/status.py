"""Read the state of the whole system from broker and store: one round trip and two statements."""

from dataclasses import replace
from datetime import datetime

from worker.broker.backpressure import advise
from worker.broker.broker_state import BrokerState, LaneState, read_broker_state
from worker.broker.connection import BrokerConnection
from worker.config.monitoring_rules import MonitoringRules
from worker.config.worker_rules import WorkerRules
from worker.errors import Unavailable
from worker.monitoring.attention import needs_attention
from worker.monitoring.scale import OpenWork, scale_of, unknown_scale
from worker.monitoring.status_values import LaneStatus, SourceNumbers, Status
from worker.store.hourly_values import LatestOutcomes
from worker.store.ports import StatusStore
from worker.store.values import StandingLetters


def read_status(
    connection: BrokerConnection,
    store: StatusStore,
    rules: WorkerRules,
    monitoring: MonitoringRules,
    *,
    now: datetime,
) -> Status:
    """Read the state of the whole system, and judge what needs attention.

    It takes one round trip to the broker, and two statements in the store. If one of them does not
    answer, its part is empty, and `Status.unreachable` names it; nothing is raised for that. Times
    are those of the broker's clock; `now`, the time of this machine, is used for the hours in the
    store, and if the broker does not answer.
    """
    broker, latest, letters = _read_broker(connection, rules), None, None
    try:
        latest, letters = store.latest_outcomes(now), store.standing_letters()
    except Unavailable:
        latest = letters = None
    status = _status(broker, latest, letters, rules, monitoring, now)
    return replace(status, attention=needs_attention(status, monitoring.attention))


def _read_broker(connection: BrokerConnection, rules: WorkerRules) -> BrokerState | None:
    try:
        with connection.channel() as channel:
            return read_broker_state(channel, rules.queue.name, rules.time.visibility_timeout_s)
    except Unavailable:
        return None


def _status(
    broker: BrokerState | None,
    latest: LatestOutcomes | None,
    letters: StandingLetters | None,
    rules: WorkerRules,
    monitoring: MonitoringRules,
    now: datetime,
) -> Status:
    lacks_originals = bool(letters and letters.lacks_originals)
    work = OpenWork(lacks_originals=lacks_originals, store_answers=letters is not None)
    unreachable = {"broker": broker, "store": letters}
    without_broker = Status(
        at=now,
        attention=(),
        unreachable=tuple(name for name, found in unreachable.items() if found is None),
        lanes=(),
        leased=0,
        overdue=0,
        undeliverable=0,
        held=0,
        journal=0,
        scale=unknown_scale(monitoring.scale),
        workers=(),
        breakers={},
        advice=None,
        counters={},
        outcomes=latest.totals if latest else None,
        dead_letters=letters.by_reason if letters else {},
        sources=SourceNumbers(),
        ledger=None,
        broker_bytes=0,
        broker_limit_bytes=0,
        lately=latest.lately if latest else None,
        lacks_originals=lacks_originals,
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
