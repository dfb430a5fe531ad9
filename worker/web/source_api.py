"""Operations of the API that show sources, the publishers of articles: a list, and one of them."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import ConfigDict, Field
from starlette.exceptions import HTTPException

from worker.broker.pauses import Pause
from worker.explain.learned_lines import SourceBoilerplateReport
from worker.model.records import OutcomeKind
from worker.monitoring.outcome_columns import OutcomeColumn, outcome_columns
from worker.monitoring.source_health import SourceHealth, SourceState, nothing_arrives, urgency
from worker.monitoring.source_rhythm import DAYS_A_WEEK, HOURS_A_DAY
from worker.store.values import Query, SearchHit, SourceDetails
from worker.web.api_operations import Arguments, Operation, asked_position
from worker.web.caller import Caller
from worker.web.console_context import Console
from worker.web.cursors import cursor_of
from worker.web.source_watch import WEEK_H, SourceReading, SourceRow

_RECENT = 10  # articles of one source
_COLUMN_H = 4  # hours of a column in the chart of a week
_LATE = timedelta(minutes=3)


class SourceListing(Arguments):
    """Which page of which list of sources is wanted."""

    state: SourceState | None = Field(None, description="ok, silent, new or paused.")
    q: str = Field("", max_length=200, description="Part of the name, in any case.")
    cursor: str = Field("", max_length=8000, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=500, description="Number of sources of a page.")


class OneSource(Arguments):
    """Which source is wanted."""

    model_config = ConfigDict(str_strip_whitespace=False)  # names are compared as they are

    source: str = Field(min_length=1, max_length=2000, description="Source id.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceList:
    """A page of the list of sources, those that need attention first.

    They were judged at the time `at`; `is_late` if that is over three minutes ago, because the
    store did not answer since. `total` is the number of all that match, and `states` counts all
    sources by state. `next_cursor` asks for the next page; null at the end. `nothing_since` is set
    if so many sources are silent at once that they can't be the cause, to the time since when.
    """

    at: datetime
    is_late: bool
    sources: tuple[SourceRow, ...]
    total: int
    states: Mapping[SourceState, int]
    nothing_since: datetime | None
    next_cursor: str | None


class FunnelStep(NamedTuple):
    """One step on the way of a source's articles, such as being stored, and how many of those
    received came that far."""

    name: str
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """All that is known about one source.

    `stored` has its counts since the first delivery. `health` says whether new articles come as
    they should, null if the source was added just now. `rhythm` has seven lists (Monday first) of
    24 numbers: the hours with new articles that are expected in each hour of the week (UTC), null
    while too little is known. `funnel` has what became of the articles of the last 168 hours, and
    `columns` the outcomes by time. `lines` are lines that the source repeats. `pause` says who has
    paused it, null if nobody has or the broker does not answer; `held` is the number of articles
    that are held back. `recent` are its newest articles.
    """

    stored: SourceDetails
    health: SourceHealth | None
    rhythm: tuple[tuple[float, ...], ...] | None
    funnel: tuple[FunnelStep, ...]
    columns: tuple[OutcomeColumn, ...]
    last_hours: tuple[int, ...]
    lines: SourceBoilerplateReport
    pause: Pause | None
    held: int
    recent: tuple[SearchHit, ...]


class _UrgencyPosition(NamedTuple):
    """A position in the list of sources, in which those that need attention come first. It says
    after which source the next page begins, by what the list is sorted by."""

    rank: int
    dead_share: float
    number: float
    source: str


def list_sources(console: Console, _: Caller, wanted: SourceListing) -> SourceList:
    """Return a page of the sources, those that need attention first."""
    after = asked_position(wanted.cursor, _UrgencyPosition)
    reading = console.sources.read()
    rows = reading.rows
    states = [row.health.state for row in rows]
    text = wanted.q.casefold()
    found = [
        row
        for row in rows
        if (wanted.state in (None, row.health.state)) and text in row.source.casefold()
    ]
    start = bisect_right(found, tuple(after), key=_position) if after else 0
    shown = found[start : start + wanted.limit]
    more = start + wanted.limit < len(found)
    return SourceList(
        at=reading.at,
        is_late=console.now() - reading.at > _LATE,
        sources=tuple(replace(row, health=replace(row.health, rhythm=None)) for row in shown),
        total=len(found),
        states={state: states.count(state) for state in SourceState},
        nothing_since=nothing_arrives([row.health for row in rows], console.attention.silent_share),
        next_cursor=cursor_of(_UrgencyPosition(*_position(shown[-1]))) if more else None,
    )


def show_source(console: Console, _: Caller, wanted: OneSource) -> SourceReport:
    """Return all that is known about one source."""
    stored = stored_source(console, wanted.source)
    name, now = stored.source.source, console.now()
    reading = console.sources.read()
    row = _row(reading, name)
    rhythm = row.health.rhythm.expected if row and row.health.rhythm else None
    since = now - timedelta(hours=WEEK_H)
    counts = console.store.outcomes_by_hour(since, name)
    columns = outcome_columns(counts, now, hours=WEEK_H, width=_COLUMN_H)
    held = console.store.held.counts().get(name)
    recent = console.store.listings.article_page(Query(source=name, limit=_RECENT))
    return SourceReport(
        stored=stored,
        health=replace(row.health, rhythm=None) if row else None,
        rhythm=_by_day(rhythm) if rhythm else None,
        funnel=_funnel(columns),
        columns=columns,
        last_hours=row.last_hours if row else (),
        lines=console.source_lines.read(name, now),
        pause=(reading.pauses or {}).get(name),
        held=held.articles if held else 0,
        recent=recent.hits,
    )


def stored_source(console: Console, source: str) -> SourceDetails:
    """Return what is stored about the source with this name. Error 404 if there is none."""
    found = console.store.source(source)
    if found is None:
        raise HTTPException(404, "no source has this name")
    return found


def _row(reading: SourceReading, name: str) -> SourceRow | None:
    return next((row for row in reading.rows if row.source == name), None)


def _position(row: SourceRow) -> tuple[int, float, float, str]:
    return urgency(row.health)


def _by_day(expected: tuple[float, ...]) -> tuple[tuple[float, ...], ...]:
    days = (expected[day * HOURS_A_DAY : (day + 1) * HOURS_A_DAY] for day in range(DAYS_A_WEEK))
    return tuple(tuple(round(number, 4) for number in day) for day in days)


def _funnel(columns: tuple[OutcomeColumn, ...]) -> tuple[FunnelStep, ...]:
    """Follow the articles of some time from the queue to the reader, who sees no copies."""

    def number(*kinds: OutcomeKind) -> int:
        return sum(column.outcomes[kind] for column in columns for kind in kinds)

    received = number(*OutcomeKind)
    processed = received - number(OutcomeKind.DEAD)
    changed = processed - number(OutcomeKind.UNCHANGED, OutcomeKind.WITHDRAWN)
    return (
        FunnelStep("received", received),
        FunnelStep("could be processed", processed),
        FunnelStep("new or changed", changed),
        FunnelStep("shown, because no copies", changed - number(OutcomeKind.DUPLICATE)),
    )


OPERATIONS = (
    Operation(
        path="/api/sources",
        summary="List the sources, those that need attention first.",
        arguments=SourceListing,
        answer=SourceList,
        run=list_sources,
    ),
    Operation(
        path="/api/sources/{source}",
        summary="Show all that is known about one source.",
        arguments=OneSource,
        answer=SourceReport,
        run=show_source,
    ),
)
