"""States of the whole system for tests: an ordinary one, of which a test changes what matters."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from worker.broker.backpressure import Advice, Answer
from worker.broker.batch_counters import LANES, Histogram, LaneCounters, LossCause, MessageEnd
from worker.broker.presence import PresentWorker, WorkerState
from worker.model.records import OutcomeKind
from worker.model.stage_times import STAGES
from worker.monitoring.status_values import LaneStatus, LedgerCheck, Scale, SourceNumbers, Status
from worker.store.hourly_values import OutcomeTotals
from worker.store.retention_values import StoreGrowth
from worker.web.system_state import MeasuredSource, SystemState

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def lane(name: str, waiting: tuple[int, ...] = (0, 0, 0, 0), **changes: Any) -> LaneStatus:
    return LaneStatus(lane=name, queue=f"articles.{name}", waiting=waiting, **changes)


def times(*seconds: float) -> Histogram:
    """The distribution of these times."""
    bounds = (0.1, 1.0, 10.0)
    counts = tuple(sum(s <= bound for s in seconds) for bound in (*bounds, float("inf")))
    return Histogram(bounds_s=bounds, counts=counts, sum_s=sum(seconds))


def counted(
    *seconds: float, ends: Mapping[MessageEnd, int] | None = None, killed: int = 0
) -> LaneCounters:
    """Counters of a lane with batches that ran so long, one message each, done unless `ends` says
    otherwise."""
    return LaneCounters(
        messages=ends if ends is not None else {MessageEnd.DONE: len(seconds)},
        batch=times(*seconds),
        wait=times(*seconds),
        lost=dict.fromkeys(LossCause, 0) | {LossCause.KILLED: killed},
    )


def present(
    node: str, processes: int = 2, busy: int = 0, version: str = "1", digest: str = "aa", **kw: Any
) -> PresentWorker:
    state = WorkerState(
        node=node,
        processes=processes,
        busy=busy,
        version=version,
        digest=digest,
        refused=kw.get("refused", False),
        memory_bytes=0,
        started=AT,
    )
    return PresentWorker(state=state, at=AT, age_s=1.0)


def scaled(replicas: int = 1, **changes: Any) -> Scale:
    fields = {"drain_s": 10.0, "busy_s_per_message": 0.5, "target_drain_s": 120.0, "reason": "x"}
    return Scale(**(fields | {"replicas": replicas} | changes))


def status(**changes: Any) -> Status:
    """A system at rest: one worker, nothing waits, everything answers."""
    fields: dict[str, Any] = {
        "at": AT,
        "attention": (),
        "unreachable": (),
        "lanes": tuple(lane(name) for name in LANES),
        "leased": 0,
        "overdue": 0,
        "undeliverable": 0,
        "held": 0,
        "journal": 0,
        "scale": scaled(),
        "workers": (present("celery@a"),),
        "breakers": {},
        "advice": Advice(answer=Answer.ACCEPT),
        "counters": {name: counted() for name in LANES},
        "outcomes": OutcomeTotals(outcomes=dict.fromkeys(OutcomeKind, 0), dead={}),
        "dead_letters": {},
        "sources": SourceNumbers(ok=1),
        "ledger": LedgerCheck(at=AT, missing=0),
        "broker_bytes": 1_000_000,
        "broker_limit_bytes": 0,
        "stages": {stage: times() for stage in STAGES},
        "growth": StoreGrowth(tables={"revisions": 4096}, bytes_a_day=None, days=0, sampled=False),
        "store_limit_bytes": 8192,
    }
    return Status(**(fields | changes))


def source(name: str, number: int = 0, **changes: Any) -> MeasuredSource:
    """A source; those with a higher number were first seen later."""
    fields: dict[str, Any] = {
        "articles": 10,
        "dead": 1,
        "first_seen": AT + timedelta(seconds=number),
        "last_seen": AT + timedelta(days=1, seconds=number),
    }
    return MeasuredSource(**({"name": name} | fields | changes))


def system(states: list[MeasuredSource] | None = None, /, **changes: Any) -> SystemState:
    """A system in the state `status(**changes)`; with no sources unless some are given."""
    return SystemState(
        status=status(**changes),
        sources=states or [],
        index_answers=True,
        pressure=0.0,
    )
