"""Say in words and tables what the state of the whole system is, for `worker status` and `worker
top`."""

from collections.abc import Iterator
from typing import NamedTuple

from rich.table import Table

from worker.broker.backpressure import Answer
from worker.broker.pauses import Pause
from worker.broker.presence import PresentWorker
from worker.cli.terminal import counted, make_table, moment, several
from worker.monitoring.attention import time_span
from worker.monitoring.status_values import LaneStatus, Scale, Severity, Status
from worker.store.hourly_values import OutcomeTotals
from worker.store.retention_values import StoreGrowth

_LANES = ("lane", "waiting", "by priority", "oldest", "state")
_WORKERS = ("worker", "processes", "busy", "version", "rules", "last progress", "state")
_MB = 1_000_000
START = "celery -A worker worker"
STARTS_BOTH = f"To start both: {START}"
URGENCY = {Severity.PAGE: "urgent", Severity.TICKET: "soon"}  # as people say it


class Section(NamedTuple):
    """A table of the output, and the title above it."""

    title: str
    table: Table


def headline(status: Status) -> str:
    """Say in a sentence what needs attention and since when, or that all is well.

    If nothing needs attention and no worker is running, it says how to start one.
    """
    if not status.attention:
        if status.embedded_down:
            return f"The embedded broker is stopped, and no worker is running. {STARTS_BOTH}"
        waiting = status.waiting
        queue = f"{several(waiting, 'message')} waiting" if waiting else "nothing waits"
        if not status.workers:
            return f"No worker is running, {queue}. To start one: {START}"
        return f"All is well: {several(len(status.workers), 'worker')} at work, {queue}."
    first, *others = status.attention
    since = f", since {moment(first.since)} UTC" if first.since else ""
    more = ""
    if others:
        more = f" {several(len(others), 'more thing')} {'needs' if len(others) == 1 else 'need'}"
        more += " attention."
    return f"{first.sentence[:1].upper()}{first.sentence[1:]}{since}.{more}"


def first_lines(status: Status) -> Iterator[str]:
    """Yield two lines for each thing that needs attention: how urgent it is and what is wrong, and
    what to do. If nothing needs attention, yield one line that says so."""
    if not status.attention:
        yield headline(status)
    for item in status.attention:
        since = f", since {moment(item.since)} UTC" if item.since else ""
        yield f"{URGENCY[item.severity]:>6}  {item.sentence}{since}"
        yield f"{'':>6}  {item.remedy}"


def sections(status: Status) -> Iterator[Section]:
    """Yield the tables of the state: lanes, workers and dead letters."""
    if status.lanes:
        pauses = status.pauses.lanes
        rows = (_lane_row(lane, pauses.get(lane.lane)) for lane in status.lanes)
        yield Section("lanes", make_table(_LANES, rows))
    if status.workers:
        found = several(len(status.workers), "worker")
        yield Section(f"{found} at work", make_table(_WORKERS, map(_worker_row, status.workers)))
    if status.dead_letters:
        standing = several(sum(status.dead_letters.values()), "dead letter")
        table = make_table(("reason", "letters"), status.dead_letters.items())
        yield Section(standing, table)


def figures(status: Status) -> Iterator[tuple[str, str]]:
    """Yield the numbers of the state that stand in no table, each as a name and a text, such as the
    drain time and the size of the store. What is unknown is left out."""
    if "broker" not in status.unreachable:
        yield "leases", f"{status.leased}, of them overdue {status.overdue}"
        yield "drain", drain_words(status.scale)
        yield "journal", f"{several(status.journal, 'message')} to be noted in the store"
        if status.undeliverable:
            yield "undeliverable", several(status.undeliverable, "message")
        if status.held:
            yield "held", f"{several(status.held, 'article')} of paused sources"
        for source, pause in sorted(status.pauses.sources.items()):
            yield "paused", f"source {source}, {pause_words(pause)}"
        yield "memory", _memory(status)
    if status.growth:
        yield "store", _store_size(status.growth, status.store_limit_bytes)
    if status.advice:
        yield "producers", _advice(status)
    if status.lately:
        yield "this hour", f"{_outcomes(status.lately)} (with the hour before)"
    if status.outcomes:
        yield "in all", _outcomes(status.outcomes)
    sources = status.sources
    states = {"ok": sources.ok, "silent": sources.silent, "new": sources.new}
    if any(states.values()) or sources.paused:
        unjudged = "; new ones have delivered too little to be judged" if sources.new else ""
        yield "sources", counted(states | {"paused": sources.paused}) + unjudged
    if "broker" not in status.unreachable:
        yield "ledger", _ledger(status)


def drain_words(scale: Scale) -> str:
    """Say how long the queues take to drain, and how many workers are wanted."""
    wanted = f"{several(scale.replicas, 'worker')} wanted for {scale.target_drain_s:g} s"
    if scale.drain_s is None:
        drain = "no process is at work"
    else:
        drain = f"{time_span(scale.drain_s)} at {scale.busy_s_per_message:.2g} s of work a message"
    return f"{drain}; {wanted} ({scale.reason})"


def pause_words(pause: Pause) -> str:
    """Say who has paused something, since when and why."""
    reason = f": {pause.reason}" if pause.reason else ""
    return f"by {pause.by or 'somebody'} since {moment(pause.at)} UTC{reason}"


def _store_size(growth: StoreGrowth, limit: int) -> str:
    room = f" of {limit / _MB:,.0f} MB" if limit else ""
    rate = f", {growth.bytes_a_day / _MB:,.1f} MB a day" if growth.bytes_a_day else ""
    return f"{growth.bytes / _MB:,.0f} MB{room}{rate}"


def _lane_row(lane: LaneStatus, pause: Pause | None) -> tuple[object, ...]:
    oldest = ""
    if lane.oldest_s is not None:
        oldest = f"{'at least ' if lane.is_at_least else ''}{time_span(lane.oldest_s)}"
    by_priority = " ".join(map(str, lane.waiting)) if any(lane.waiting[1:]) else ""
    return lane.lane, lane.messages, by_priority, oldest, _lane_state(lane, pause)


def _lane_state(lane: LaneStatus, pause: Pause | None) -> str:
    if not lane.paused:
        return ""
    return f"paused {pause_words(pause)}" if pause else "paused"


def _worker_row(worker: PresentWorker) -> tuple[object, ...]:
    state = worker.state
    busy = f"{state.busy_share:.0%}" if state.busy_share is not None else f"{state.busy} now"
    waits = f"waits for the {state.waits_for}" if state.waits_for else ""
    return (
        *(state.node, state.processes, busy, state.version),
        f"{state.digest} refused" if state.refused else state.digest,
        state.progress_at or "",
        waits or worker.last_word,
    )


def _outcomes(totals: OutcomeTotals) -> str:
    return counted({str(kind): count for kind, count in totals.outcomes.items()})


def _memory(status: Status) -> str:
    used = f"{status.broker_bytes / _MB:,.0f} MB"
    if not status.broker_limit_bytes:
        return f"{used} in the broker, without a limit"
    share = status.broker_bytes / status.broker_limit_bytes
    return f"{used} of {status.broker_limit_bytes / _MB:,.0f} MB in the broker, {share:.0%}"


def _advice(status: Status) -> str:
    if status.advice is None or status.advice.answer is Answer.ACCEPT:
        return "may send"
    words = {Answer.SLOW: "must slow down", Answer.STOP: "must stop"}
    return f"{words[status.advice.answer]}: {status.advice.reason}"


def _ledger(status: Status) -> str:
    check = status.ledger
    if check is None:
        return "has not run yet"
    lost = f", {several(check.lost, 'message')} lost" if check.lost else ""
    return f"{check.missing} missing{lost}, {moment(check.at)} UTC"
