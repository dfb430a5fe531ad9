"""Pages of the console on sources, the publishers of articles: the list, and one of them.

The name of a source stands in the query of the address, not in its path: a browser changes paths
such as `/source/..`.
"""

from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from worker.monitoring.source_words import drift_words, state_sentence
from worker.web.api_operations import call_operation
from worker.web.dead_letter_pages import form_of
from worker.web.outcome_chart import STACK
from worker.web.page_rendering import list_page, page
from worker.web.shown_text import page_link
from worker.web.source_actions import (
    SourcePause,
    SourceSnooze,
    pause_source,
    resume_source,
    snooze_source,
    wake_source,
)
from worker.web.source_api import OneSource, SourceListing, SourceReport, list_sources, show_source

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHADES = 6
_MOST_LINES = 50
_ACTIONS: dict[str, tuple[type[OneSource], Any]] = {
    "snooze": (SourceSnooze, snooze_source),
    "wake": (OneSource, wake_source),
    "pause": (SourcePause, pause_source),
    "resume": (OneSource, resume_source),
}
_DONE = {
    "snoozed": "Nobody is told about this source for a while. It is judged and shown all the same.",
    "woken": "The snooze has ended: this source counts for alerts again.",
    "paused": "The articles of this source are held back from now on, and none is lost.",
    "resumed": "The held articles go back to the queue, oldest first; then the pause ends.",
}


class HeatCell(NamedTuple):
    """An hour of the week in the chart of a source's rhythm: in how many such hours, on average,
    new articles come (`expected`), and how dark it is drawn, from 0 to 6 (`shade`)."""

    expected: float
    shade: int


def sources(request: Request) -> Response:
    """Show a page of the sources, those that need attention first."""
    return list_page(
        request, "sources.html", "Sources", list_sources, SourceListing, "/api/sources"
    )


def one_source(request: Request) -> Response:
    """Show all that is known about one source."""
    given = request.query_params
    report = call_operation(request, show_source, OneSource, {"source": given.get("name", "")})
    return page(
        request,
        "source.html",
        report.stored.source.source,
        report=report,
        name=report.stored.source.source,
        done=_DONE.get(given.get("done", ""), ""),
        heat=heat_rows(report),
        weekdays=WEEKDAYS,
        kinds=STACK,
        lines=report.lines.lines[:_MOST_LINES],
        sentences=_sentences(report),
        json_path=f"/api/sources/{quote(report.stored.source.source, safe='')}",
    )


async def act(request: Request) -> Response:
    """Snooze a source (no alerts for a while), wake it, pause or resume it, and return to its
    page."""
    action = request.path_params["action"]
    if action not in _ACTIONS:
        raise HTTPException(404, "there is no such action")
    kind, run = _ACTIONS[action]
    given = await form_of(request)
    change = await run_in_threadpool(call_operation, request, run, kind, given)
    return RedirectResponse(page_link("/source", name=change.source, done=change.done), 303)


def heat_rows(report: SourceReport) -> tuple[tuple[HeatCell, ...], ...]:
    """Return the weekly rhythm of a source as seven rows of 24 cells; none while it is unknown."""
    if report.rhythm is None:
        return ()
    most = max(map(max, report.rhythm)) or 1.0
    return tuple(
        tuple(HeatCell(number, _shade(number / most)) for number in day) for day in report.rhythm
    )


def _shade(share: float) -> int:
    # A hundredth of the busiest hour is none: the shape of all sources leaves no hour at zero.
    return 0 if share < 0.01 else max(1, round(share * _SHADES))


def _sentences(report: SourceReport) -> list[str]:
    if report.health is None:
        return []
    drift = [f"Changed: {drift_words(each)}." for each in report.health.drift]
    return [each for each in (state_sentence(report.health), *drift) if each]


ROUTES = (
    Route("/sources", sources),
    Route("/source", one_source),
    Route("/source/{action}", act, methods=["POST"]),
)
