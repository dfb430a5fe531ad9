"""Print whether sources are well: a line for each source, or all about one, with the hours of the
week at which it usually delivers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from worker.cli.sparkline import sparkline
from worker.cli.terminal import json_object, moment, out, several
from worker.monitoring.source_health import (
    SourceHealth,
    SourceState,
    count_states,
    nothing_arrives,
)
from worker.monitoring.source_rhythm import DAYS_A_WEEK, HOURS_A_DAY
from worker.monitoring.source_words import CAUSES, drift_words, short_drift
from worker.store.hourly_values import hour_of, hour_start

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_RULER = "0     6     12    18    "
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_EXACT = 4  # decimal places of expected arrivals in JSON


def health_object(health: SourceHealth) -> dict[str, Any]:
    """Return the health of a source as JSON values. Its rhythm becomes seven lists of 24 expected
    arrivals, Monday first, in UTC."""
    fields = json_object(health, exclude={"rhythm"})
    rhythm = health.rhythm
    if rhythm is None:
        return {**fields, "rhythm": None}
    rounded = [round(expected, _EXACT) for expected in rhythm.expected]
    by_day = [rounded[d * HOURS_A_DAY : (d + 1) * HOURS_A_DAY] for d in range(DAYS_A_WEEK)]
    return {**fields, "rhythm": by_day}


def title_of(sources: Sequence[SourceHealth]) -> str:
    """Return a summary such as `12 sources: 9 ok, 2 silent, 1 new`."""
    numbers = json_object(count_states(sources))
    states = ", ".join(f"{number} {state}" for state, number in numbers.items() if number)
    return several(len(sources), "source") + (f": {states}" if states else "")


def print_nothing_arrives(sources: Sequence[SourceHealth], silent_share: float) -> None:
    """Print a warning if so many sources are silent at once that the cause must lie elsewhere, such
    as in the poller."""
    if since := nothing_arrives(sources, silent_share):
        out.print(
            f"nothing arrives since {moment(since)}: so many sources are silent at once that the"
            " cause is probably the poller, the network or the workers; run `worker doctor`",
            style="red",
            markup=False,
            soft_wrap=True,
        )


def health_cells(health: SourceHealth, now: datetime) -> tuple[str, ...]:
    """Return the cells of a table row: state, last new article, when due, last polled."""
    last_new = relative_hour(health.last_new, now) if health.last_new else "never"
    due = relative_time(health.due, now) if health.due else ""
    return str(health.state), last_new, due, relative_time(health.last_polled, now)


def health_notes(health: SourceHealth) -> list[str]:
    """Return in a few words what is odd about a source: until when it is snoozed or its pause is
    planned, why it is silent, what has changed."""
    snoozed = f"snoozed until {health.snoozed_until:%m-%d}" if health.snoozed_until else ""
    planned = f"planned pause until {health.planned_until:%m-%d}" if health.planned_until else ""
    cause = str(health.cause) if health.cause else ""
    notes = [snoozed, planned, cause, *map(short_drift, health.drift)]
    return [note for note in notes if note]


def print_health(health: SourceHealth, now: datetime) -> None:
    """Print all that is known about whether a source is well, with its rhythm as a heat map."""
    rows = [
        ("state", _state(health)),
        ("last new", _hour(health.last_new, now)),
        ("due", _when(health.due, now)),
        ("polled", _when(health.last_polled, now)),
        *(("changed", drift_words(drift)) for drift in health.drift),
    ]
    if health.snoozed_until:
        rows.append(("snoozed", f"until {moment(health.snoozed_until)}"))
    for name, value in rows:
        out.print(f"  {name:<10} {value}", markup=False, soft_wrap=True)
    out.print(f"  {'rhythm':<10} {_rate(health)}", markup=False)
    for line in heat_map(health):
        out.print(f"    {line}", markup=False)


def heat_map(health: SourceHealth) -> list[str]:
    """Draw the rhythm of a source: a line for each weekday with a block for each hour (UTC).

    A source without a rhythm has no lines.
    """
    if health.rhythm is None:
        return []
    expected = health.rhythm.expected
    # A hundredth of the busiest hour is none: the shape of all sources leaves no hour at zero.
    least = max(expected) / 100
    shown = [number if number > least else 0.0 for number in expected]
    days = (
        f"{name}  {sparkline(shown[day * HOURS_A_DAY : (day + 1) * HOURS_A_DAY], max(shown))}"
        for day, name in enumerate(_WEEKDAYS)
    )
    return [*days, f"     {_RULER}  h UTC"]


def relative_time(at: datetime, now: datetime) -> str:
    """Format a time as its distance from now, such as `3 h ago` or `in 2 d`."""
    seconds = (at - now).total_seconds()
    for size, unit in _UNITS:
        if abs(seconds) >= size:
            distance = f"{abs(seconds) / size:.0f} {unit}"
            return f"in {distance}" if seconds > 0 else f"{distance} ago"
    return "now"


def relative_hour(hour: datetime, now: datetime) -> str:
    """Format an hour, given by its beginning, as its distance from the present one: `this hour`,
    `2 h ago`."""
    distance = relative_time(hour, hour_start(hour_of(now)))
    return "this hour" if distance == "now" else distance


def _state(health: SourceHealth) -> str:
    since = f" since {moment(health.since)}" if health.since else ""
    if health.planned_until:
        return f"{health.state}{since}: planned until {moment(health.planned_until)}"
    if health.cause:
        return f"{health.state}{since}: {CAUSES[health.cause]} ({health.cause})"
    if health.state is SourceState.NEW:
        return f"{health.state}: it has delivered too little to be judged"
    return f"{health.state}{since}"


def _when(at: datetime | None, now: datetime) -> str:
    return f"{moment(at)} ({relative_time(at, now)})" if at else "unknown"


def _hour(hour: datetime | None, now: datetime) -> str:
    if hour is None:
        return "never"
    return f"in the hour from {moment(hour)} ({relative_hour(hour, now)})"


def _rate(health: SourceHealth) -> str:
    number = f"{health.per_day:,.1f}" if health.per_day < 10 else f"{health.per_day:,.0f}"
    articles = "new article" if number == "1.0" else "new articles"
    return f"{number} {articles} a day" + ("" if health.rhythm else "; not learned yet")
