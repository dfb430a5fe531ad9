"""Metrics of the whole system, for Prometheus: queues, workers, articles, dead letters, servers.

They are made from what broker and store hold, and not from counters in this process. So every web
server gives the same numbers, and a restart sets none to zero.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

from worker.broker.batch_counters import Histogram, LossCause, MessageEnd
from worker.errors import Reason
from worker.monitoring.status_values import Status
from worker.web.source_metrics import source_metrics
from worker.web.system_state import SystemState

Cells = Iterable[tuple[Sequence[str], float]]
_SERVERS = ("broker", "store")


def system_metrics(state: SystemState) -> Iterator[Metric]:
    """Yield all metrics of the system.

    What could not be read has no metric: a queue of unknown length must not look empty. Only
    `worker_probe_success` is always there, and says which server does not answer.
    """
    status = state.status
    yield from _probes(state)
    if "broker" not in status.unreachable:
        yield from _queues(status)
        yield from _messages(status)
        yield from _losses(status)
        yield from _workers(status)
        yield from _scaling(status, state.pressure)
    if "store" not in status.unreachable:
        yield from _articles(status)
        yield from _ledger(status)
        yield from _store_size(status)
    if state.sources is not None:
        yield from source_metrics(state.sources)


def _probes(state: SystemState) -> Iterator[Metric]:
    answers = {name: name not in state.status.unreachable for name in _SERVERS}
    answers["index"] = state.index_answers
    yield _gauge(
        "worker_probe_success",
        "Whether a server answers: 1 or 0.",
        (((name,), answer) for name, answer in answers.items()),
        "what",
    )


def _queues(status: Status) -> Iterator[Metric]:
    yield _gauge(
        "worker_queue_messages",
        "Messages that wait, by lane and priority. Priority 0 is the most urgent.",
        (
            ((lane.lane, str(priority)), number)
            for lane in status.lanes
            for priority, number in enumerate(lane.waiting)
        ),
        "lane",
        "priority",
    )
    yield _gauge(
        "worker_queue_oldest_seconds",
        "How long the oldest waiting message has waited; 0 if none waits.",
        (((lane.lane,), lane.oldest_s or 0.0) for lane in status.lanes),
        "lane",
    )
    yield _gauge(
        "worker_queue_paused",
        "Whether somebody has paused this lane: 1 or 0.",
        (((lane.lane,), lane.paused) for lane in status.lanes),
        "lane",
    )
    for name, meaning, number in (
        ("worker_leases", "Messages that workers have taken and not finished.", status.leased),
        ("worker_leases_overdue", "Leases whose worker seems to have vanished.", status.overdue),
        ("worker_journal_entries", "Journal entries not yet in the store.", status.journal),
        ("worker_undeliverable_messages", "Messages that nobody can read.", status.undeliverable),
        ("worker_held_articles", "Articles held back, as their source is paused.", status.held),
        ("worker_broker_memory_bytes", "Memory that the broker uses.", status.broker_bytes),
        (
            "worker_broker_memory_limit_bytes",
            "Memory limit of the broker; 0 if it has none.",
            status.broker_limit_bytes,
        ),
    ):
        yield _gauge(name, meaning, [((), number)])


def _messages(status: Status) -> Iterator[Metric]:
    lanes = status.counters.items()
    yield _counter(
        "worker_messages",
        "Messages that ended, by lane and by how they ended.",
        (
            ((lane, how.value), counted.messages.get(how, 0))
            for lane, counted in lanes
            for how in MessageEnd
        ),
        "lane",
        "how",
    )
    yield _counter(
        "worker_busy_seconds",
        "Time that pool processes worked on batches.",
        (((lane,), counted.batch.sum_s) for lane, counted in lanes),
        "lane",
    )
    yield _histogram(
        "worker_batch_seconds",
        "How long a batch of messages ran.",
        ((lane, counted.batch) for lane, counted in lanes),
    )
    yield _histogram(
        "worker_wait_seconds",
        "How long messages waited before they ran.",
        ((lane, counted.wait) for lane, counted in lanes),
    )
    yield _histogram(
        "worker_stage_seconds", "How long a batch was in a stage.", status.stages.items(), "stage"
    )


def _losses(status: Status) -> Iterator[Metric]:
    yield _counter(
        "worker_processes_lost",
        "Pool processes that were lost while they worked on a batch, by cause.",
        (
            ((cause.value,), sum(counted.lost[cause] for counted in status.counters.values()))
            for cause in LossCause
        ),
        "cause",
    )


def _workers(status: Status) -> Iterator[Metric]:
    states = [worker.state for worker in status.workers]
    processes = sum(state.processes for state in states)
    busy = min(sum(state.busy for state in states), processes)
    yield _gauge("worker_workers", "Workers at work, on all hosts.", [((), len(states))])
    yield _gauge(
        "worker_processes",
        "Pool processes of all workers.",
        [(("busy",), busy), (("idle",), processes - busy)],
        "state",
    )
    yield _gauge(
        "worker_info",
        "Versions and rules that workers run with; the value is always 1.",
        (((version, digest), 1) for version, digest in {(s.version, s.digest) for s in states}),
        "version",
        "digest",
    )
    refused = sum(state.refused for state in states)
    yield _gauge(
        "worker_config_refused", "Workers that keep old rules, as new are invalid.", [((), refused)]
    )


def _scaling(status: Status, pressure: float) -> Iterator[Metric]:
    scale = status.scale
    drain = [] if scale.drain_s is None else [((), scale.drain_s)]
    yield _gauge(
        "worker_drain_seconds", "Time until the present workers finish all messages.", drain
    )
    yield _gauge("worker_scale_replicas", "Number of workers wanted.", [((), scale.replicas)])
    yield _gauge(
        "worker_pressure",
        "How full the broker is: producers slow down above 0, and stop at 1.",
        [((), pressure)],
    )


def _articles(status: Status) -> Iterator[Metric]:
    if status.outcomes is not None:
        yield _counter(
            "worker_articles",
            "Deliveries of articles since the first, by outcome.",
            (((kind.value,), number) for kind, number in status.outcomes.outcomes.items()),
            "outcome",
        )
        yield _counter(
            "worker_dead_letters",
            "Articles that became dead letters since the first, by reason.",
            (((reason,), number) for reason, number in _by_reason(status.outcomes.dead)),
            "reason",
        )
    yield _gauge(
        "worker_dead_letters",
        "Dead letters that stand now, by reason.",
        (((reason,), number) for reason, number in _by_reason(status.dead_letters)),
        "reason",
    )
    yield _gauge(
        "worker_sources",
        "Sources by state.",
        (((state,), number) for state, number in asdict(status.sources).items()),
        "state",
    )
    yield _gauge(
        "worker_nothing_arrives",
        "Whether so many sources are silent at once that the cause is not theirs: 1 or 0.",
        [((), status.source_summary.nothing_since is not None)],
    )


def _store_size(status: Status) -> Iterator[Metric]:
    tables = status.growth.tables if status.growth else {}
    yield _gauge(
        "worker_store_bytes",
        "Size of a table of the store with its indexes.",
        (((table,), size) for table, size in tables.items()),
        "table",
    )
    yield _gauge(
        "worker_store_limit_bytes",
        "Size at which the store is full; 0 if that is unknown.",
        [((), status.store_limit_bytes)],
    )


def _by_reason(numbers: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """Yield a number for every reason, 0 where none is given: a counter that first appears with
    a 1 has not increased in the eyes of Prometheus."""
    known = [reason.value for reason in Reason]
    unknown = sorted(numbers.keys() - set(known))  # stored by another version
    return ((reason, numbers.get(reason, 0)) for reason in (*known, *unknown))


def _ledger(status: Status) -> Iterator[Metric]:
    if status.ledger is None:
        return
    yield _gauge(
        "worker_ledger_missing",
        "Articles without an outcome that the last `worker ledger` did not find.",
        [((), status.ledger.missing)],
    )
    yield _gauge(
        "worker_ledger_last_success_timestamp_seconds",
        "When `worker ledger` last ended.",
        [((), status.ledger.at.timestamp())],
    )


def _gauge(name: str, meaning: str, cells: Cells, *labels: str) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=labels)
    for values, number in cells:
        family.add_metric(values, number)
    return family


def _counter(name: str, meaning: str, cells: Cells, *labels: str) -> Metric:
    family = CounterMetricFamily(name, meaning, labels=labels)
    for values, number in cells:
        family.add_metric(values, number)
    return family


def _histogram(
    name: str, meaning: str, cells: Iterable[tuple[str, Histogram]], label: str = "lane"
) -> Metric:
    family = HistogramMetricFamily(name, meaning, labels=[label])
    for value, times in cells:
        bounds = (*(str(float(bound)) for bound in times.bounds_s), "+Inf")
        family.add_metric([value], list(zip(bounds, times.counts, strict=True)), times.sum_s)
    return family
