"""The operation of the API that shows the state of everything at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from worker.broker.presence import PresentWorker
from worker.errors import Reason, Unavailable
from worker.model.records import OutcomeKind
from worker.monitoring.outcome_columns import OutcomeColumn, outcome_columns
from worker.monitoring.source_health import SourceState
from worker.monitoring.status_values import Attention, LaneStatus, Status
from worker.store.dead_letter_values import StoredDeadLetter
from worker.store.hourly_values import HourlyCount, hour_of
from worker.store.listing_values import LetterCounts
from worker.web.api_operations import Arguments, Operation
from worker.web.caller import Caller
from worker.web.console_context import Console
from worker.web.dead_letter_api import MOST_COUNTED, LetterFilter
from worker.web.rate_meter import Rate
from worker.web.source_api import SourceList, SourceListing, list_sources

_SOURCES = 10
_REASONS = 6
_HOURS, _WEEK_H, _WEEK_COLUMN_H = 6, 168, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The numbers by which an operator sees at a glance how the system is.

    `rate` is how many articles a second are processed, null if unknown. `waiting` messages are in
    the queues, and `leased` ones are with workers. `drain_s` is how many seconds the queues take to
    drain; null without a worker. `oldest_s` is how long the oldest message has waited, null if none
    waits; if `oldest_is_at_least`, it may have waited longer. `dead_today` counts the dead letters
    that failed today (UTC) and were not replayed; if `dead_is_complete` is false, there are more.
    `dead_deliveries_today` counts the deliveries that ended dead today, each repeat of a replayed
    letter included.
    `silent_sources` of `judged_sources` are silent. `processes` is the number of pool processes of
    all workers, and `busy_share` the share of the time, 0 to 1, in which they worked lately; null
    if unknown.
    """

    rate: Rate | None
    waiting: int
    leased: int
    drain_s: float | None
    oldest_s: float | None
    oldest_is_at_least: bool
    dead_today: int
    dead_is_complete: bool
    dead_deliveries_today: int
    silent_sources: int
    judged_sources: int
    busy_share: float | None
    processes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonRow:
    """How many dead letters failed for one reason and were not replayed, and the last of them
    (`newest`, without its payload). If `is_complete` is false, there are more than `letters`."""

    reason: str
    letters: int
    is_complete: bool
    newest: StoredDeadLetter


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The state of everything at the time `at`. `today` is the UTC day.

    `attention` lists what needs attention, the most urgent first, and `unreachable` names what does
    not answer: "broker", "store". `hours` has the outcomes of the last 6 hours, hour by hour, and
    `week` those of the last 168 hours in columns of 4 hours. `sources` are the ten that are worst,
    and `reasons` the dead letters by reason, the reason with the latest failure first. What the
    store would tell is null or empty while it does not answer.
    """

    at: datetime
    today: date
    attention: tuple[Attention, ...]
    unreachable: tuple[str, ...]
    figures: Figures
    hours: tuple[OutcomeColumn, ...]
    week: tuple[OutcomeColumn, ...]
    lanes: tuple[LaneStatus, ...]
    workers: tuple[PresentWorker, ...]
    sources: SourceList | None
    reasons: tuple[ReasonRow, ...]


def show_overview(console: Console, caller: Caller, _: Arguments) -> Overview:
    """Return the state of everything: what needs attention, figures, outcomes, workers, sources."""
    status, now = console.read_status(), console.now()
    base = Overview(
        at=status.at,
        today=now.astimezone(UTC).date(),
        attention=status.attention,
        unreachable=status.unreachable,
        figures=_figures(console, status),
        hours=(),
        week=(),
        lanes=status.lanes,
        workers=status.workers,
        sources=None,
        reasons=(),
    )
    if "store" in status.unreachable:
        return base
    try:
        return _with_stored(console, caller, base, now)
    except Unavailable:  # since the status was read
        return replace(base, unreachable=(*status.unreachable, "store"))


def _with_stored(console: Console, caller: Caller, base: Overview, now: datetime) -> Overview:
    counts = console.outcome_hours.read(now)
    sources = list_sources(console, caller, SourceListing(limit=_SOURCES))
    listings = console.store.listings
    today = listings.count_some_letters(LetterFilter(day=base.today).query(), MOST_COUNTED)
    standing = listings.count_some_letters(LetterFilter().query(), MOST_COUNTED)
    states = sources.states
    silent = states[SourceState.SILENT]
    return replace(
        base,
        hours=outcome_columns(counts, now, hours=_HOURS),
        week=outcome_columns(counts, now, hours=_WEEK_H, width=_WEEK_COLUMN_H),
        sources=sources,
        reasons=_reasons(console, standing),
        figures=replace(
            base.figures,
            dead_today=today.total,
            dead_is_complete=today.is_complete,
            dead_deliveries_today=_dead_since(counts, base.today),
            rate=_rate(console, base),
            silent_sources=silent,
            judged_sources=silent + states[SourceState.OK],
        ),
    )


def _figures(console: Console, status: Status) -> Figures:
    waiting = [lane for lane in status.lanes if lane.oldest_s is not None]
    oldest = max(waiting, key=lambda lane: lane.oldest_s or 0.0, default=None)
    processes = sum(worker.state.processes for worker in status.workers)
    known = [w.state for w in status.workers if w.state.busy_share is not None]
    busy = sum((state.busy_share or 0.0) * state.processes for state in known)
    of = sum(state.processes for state in known)
    return Figures(
        rate=console.rate.measure(status),
        waiting=status.waiting,
        leased=status.leased,
        drain_s=status.scale.drain_s,
        oldest_s=oldest.oldest_s if oldest else None,
        oldest_is_at_least=bool(oldest and oldest.is_at_least),
        dead_today=0,
        dead_is_complete=True,
        dead_deliveries_today=0,
        silent_sources=status.sources.silent,
        judged_sources=status.sources.silent + status.sources.ok,
        busy_share=busy / of if of else None,
        processes=processes,
    )


def _dead_since(counts: Sequence[HourlyCount], day: date) -> int:
    begin = hour_of(datetime.combine(day, time(), UTC))
    return sum(c.articles for c in counts if c.outcome == OutcomeKind.DEAD and c.hour >= begin)


def _rate(console: Console, base: Overview) -> Rate | None:
    """The rate, of no longer time than since the first delivery of any source."""
    rows = console.sources.read().rows
    first = min((row.seen.first_seen for row in rows), default=None)
    rate = base.figures.rate
    return rate.within((base.at - first).total_seconds()) if rate and first else rate


def _reasons(console: Console, counts: LetterCounts) -> tuple[ReasonRow, ...]:
    rows = []
    for reason, number in list(counts.reasons.items())[:_REASONS]:
        if reason not in set(Reason):  # written by a later version
            continue
        query = LetterFilter(reason=Reason(reason)).query(1)
        for letter in console.store.listings.letter_page(query).letters:
            row = ReasonRow(
                reason=reason, letters=number, is_complete=counts.is_complete, newest=letter
            )
            rows.append(row)
    return tuple(sorted(rows, key=lambda row: row.newest.last, reverse=True))


OPERATIONS = (
    Operation(
        path="/api/overview",
        summary="Show the state of everything at a glance.",
        arguments=Arguments,
        answer=Overview,
        run=show_overview,
    ),
)
