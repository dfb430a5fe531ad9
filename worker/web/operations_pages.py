"""Pages of the console for operators: workers and their lanes (queues), config in force, and
alerts."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from worker.monitoring.config_values import flat_values
from worker.web.alert_api import OneAlert, list_alerts, show_runbook
from worker.web.api_operations import Arguments, call_operation, query_of
from worker.web.config_api import show_config
from worker.web.dead_letter_pages import form_of
from worker.web.page_rendering import page
from worker.web.worker_api import (
    LaneToPause,
    LaneToResume,
    list_workers,
    pause_one_lane,
    resume_one_lane,
)


def workers(request: Request) -> Response:
    """Show the workers at work on all hosts, and the lanes (their queues), which can be paused
    here."""
    return page(
        request,
        "workers.html",
        "Workers",
        found=call_operation(request, list_workers, Arguments, {}),
        config=call_operation(request, show_config, Arguments, {}),
        json_path="/api/workers",
    )


async def pause(request: Request) -> Response:
    """Pause a lane (a queue of the workers), and return to the page of workers."""
    given = {**await form_of(request), **request.path_params}
    await run_in_threadpool(call_operation, request, pause_one_lane, LaneToPause, given)
    return RedirectResponse("/workers#lanes", 303)


async def resume(request: Request) -> Response:
    """Resume a lane (a queue of the workers), and return to the page of workers."""
    given = dict(request.path_params)
    await run_in_threadpool(call_operation, request, resume_one_lane, LaneToResume, given)
    return RedirectResponse("/workers#lanes", 303)


def config(request: Request) -> Response:
    """Show settings and rules in force, and which workers have others."""
    found = call_operation(request, show_config, Arguments, {})
    files = [(file, list(flat_values(dict(file.values)))) for file in found.files]
    return page(
        request,
        "config.html",
        "Config",
        config=found,
        files=files,
        json_path="/api/config",
    )


def alerts(request: Request) -> Response:
    """Show the incidents that last now, with links to the runbook."""
    return page(
        request,
        "alerts.html",
        "Alerts",
        list=call_operation(request, list_alerts, Arguments, {}),
        json_path="/api/alerts",
    )


def runbook(request: Request) -> Response:
    """Show what the runbook says of one kind of alert."""
    found = call_operation(request, show_runbook, OneAlert, query_of(request))
    paragraphs = [" ".join(part.split()) for part in found.text.split("\n\n")]
    return page(
        request,
        "runbook.html",
        found.name,
        section=found,
        paragraphs=paragraphs,
        json_path=f"/api/runbook/{found.name}",
    )


ROUTES = (
    Route("/workers", workers),
    Route("/workers/lanes/{lane}/pause", pause, methods=["POST"]),
    Route("/workers/lanes/{lane}/resume", resume, methods=["POST"]),
    Route("/config", config),
    Route("/alerts", alerts),
    Route("/alerts/{name}", runbook),
)
