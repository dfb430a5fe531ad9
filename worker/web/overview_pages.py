"""The first page of the console: what needs attention, figures, outcomes, workers and sources.

The page asks for its content again every 5 s while its tab is visible. The answer has an ETag, so
that nothing is sent while nothing has changed.
"""

import hashlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from worker.web.api_operations import Arguments, call_operation
from worker.web.outcome_chart import STACK
from worker.web.overview_api import Overview, show_overview
from worker.web.page_rendering import fragment, page


def overview(request: Request) -> Response:
    """Show the state of everything."""
    return page(
        request,
        "overview.html",
        "Overview",
        overview=_read(request),
        kinds=STACK,
        json_path="/api/overview",
    )


def content(request: Request) -> Response:
    """Answer with the part of the page that changes, or 304 if the browser shows it already."""
    answer = fragment("overview_content.html", overview=_read(request), kinds=STACK)
    tag = f'"{hashlib.sha256(bytes(answer.body)).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    answer.headers.update(headers)
    return answer


def _read(request: Request) -> Overview:
    return call_operation(request, show_overview, Arguments, {})


ROUTES = (Route("/", overview), Route("/overview/content", content))
