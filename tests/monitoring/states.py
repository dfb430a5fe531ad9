"""States of the whole system as tests need them: ordinary ones, and what differs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from worker.broker.backpressure import Load
from worker.broker.broker_state import BrokerState, LaneState
from worker.broker.presence import PresentWorker, WorkerState
from worker.broker.recent_work import RecentWork
from worker.model.records import OutcomeKind
from worker.monitoring.status_values import LaneStatus, Scale, SourceNumbers, Status
from worker.store.hourly_values import OutcomeTotals

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
LANES = {"live": "articles", "bulk": "articles.replay", "quarantine": "articles.quarantine"}


def ago(seconds: float) -> datetime:
    return AT - timedelta(seconds=seconds)


def worker(number: int = 1, age_s: float = 3.0, **changes: Any) -> PresentWorker:
    ordinary = WorkerState(
        node=f"celery@web{number}",
        processes=4,
        busy=1,
        version="0.3.0",
        digest="1b2c",
        refused=False,
        memory_bytes=600_000_000,
        started=ago(7200),
    )
    return PresentWorker(state=replace(ordinary, **changes), at=ago(age_s), age_s=age_s)


def lane(name: str = "live", waiting: int = 0, **changes: Any) -> LaneStatus:
    oldest_s = 1.0 if waiting else None
    ordinary = LaneStatus(
        lane=name, queue=LANES[name], waiting=(waiting, 0, 0, 0), oldest_s=oldest_s
    )
    return replace(ordinary, **changes)


def totals(dead: dict[str, int] | None = None, **outcomes: int) -> OutcomeTotals:
    """Outcomes by kind, with the dead letters by reason."""
    counts = {kind: outcomes.get(kind.value, 0) for kind in OutcomeKind}
    counts[OutcomeKind.DEAD] = sum((dead or {}).values())
    return OutcomeTotals(outcomes=counts, dead=dead or {})


def scale(drain_s: float | None = 0.0, **changes: Any) -> Scale:
    ordinary = Scale(
        drain_s=drain_s,
        busy_s_per_message=0.5,
        replicas=1,
        target_drain_s=120.0,
        reason="messages",
    )
    return replace(ordinary, **changes)


def status(**changes: Any) -> Status:
    """The state of a system at rest with one worker."""
    ordinary = Status(
        at=AT,
        attention=(),
        unreachable=(),
        lanes=tuple(lane(name) for name in LANES),
        leased=0,
        overdue=0,
        undeliverable=0,
        held=0,
        journal=0,
        scale=scale(),
        workers=(worker(),),
        breakers={},
        advice=None,
        counters={},
        outcomes=totals(),
        dead_letters={},
        sources=SourceNumbers(),
        ledger=None,
        broker_bytes=0,
        broker_limit_bytes=0,
        lately=totals(),
        last_worker_at=ago(3),
    )
    return replace(ordinary, **changes)


def broker_state(*waiting: int, leased: int = 0, **changes: Any) -> BrokerState:
    """The state of a broker with so many messages on its lanes, and one worker."""
    numbers = (*waiting, 0, 0, 0)[:3]
    ordinary = BrokerState(
        at=AT,
        load=Load(waiting=sum(numbers), bulk=numbers[1], leased=leased),
        lanes=tuple(
            LaneState(
                lane=name, queue=queue, waiting=(n, 0, 0, 0), oldest_at=None, is_at_least=False
            )
            for (name, queue), n in zip(LANES.items(), numbers, strict=True)
        ),
        overdue=0,
        undeliverable=0,
        journal=0,
        workers=(worker(),),
        counters={},
        recent=RecentWork(),
        ledger=None,
        history=(),
    )
    return replace(ordinary, **changes)
