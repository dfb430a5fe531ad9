"""The console as one application (ASGI): pages, API, static files, and the guard, which checks who
sends each request and what that caller may do."""

from functools import cache
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from worker.errors import Unavailable, WorkerError
from worker.web import (
    alert_api,
    article_api,
    article_pages,
    config_api,
    dead_letter_api,
    dead_letter_pages,
    operations_pages,
    origin_api,
    overview_api,
    overview_pages,
    revision_api,
    rule_api,
    rule_pages,
    sign_in_pages,
    source_actions,
    source_api,
    source_pages,
    system_api,
    system_pages,
    worker_api,
)
from worker.web.api_operations import route_of
from worker.web.console_context import Console
from worker.web.json_answers import JsonAnswer
from worker.web.openapi import openapi
from worker.web.page_rendering import FOLDER, page
from worker.web.request_guard import RequestGuard

OPERATIONS = (
    *overview_api.OPERATIONS,
    *article_api.OPERATIONS,
    *revision_api.OPERATIONS,
    *origin_api.OPERATIONS,
    *dead_letter_api.OPERATIONS,
    *source_api.OPERATIONS,
    *source_actions.OPERATIONS,
    *system_api.OPERATIONS,
    *rule_api.OPERATIONS,
    *worker_api.OPERATIONS,
    *config_api.OPERATIONS,
    *alert_api.OPERATIONS,
)
PAGES = (
    *overview_pages.ROUTES,
    *source_pages.ROUTES,
    *article_pages.ROUTES,
    *dead_letter_pages.ROUTES,
    *system_pages.ROUTES,
    *rule_pages.ROUTES,
    *operations_pages.ROUTES,
    *sign_in_pages.ROUTES,
)
_REMEDIES = {
    400: "Go back, or begin at the overview.",
    404: "It may have been removed. Look for it by another name in the field above.",
    409: "Go back to the list and look again.",
    503: "Check it with `worker doctor`, then load this page again.",
}


def make_console_app(console: Console) -> Starlette:
    """Return the console: its pages, its API under /api, and its static files."""
    routes = [
        Route("/api/openapi.json", _describe_api),
        *map(route_of, OPERATIONS),
        *PAGES,
        Mount("/static", _StaticFiles(directory=FOLDER / "static")),
    ]
    handlers: dict[Any, Any] = {HTTPException: _http_error, WorkerError: _worker_error}
    middleware = [Middleware(RequestGuard, console=console)]
    app = Starlette(routes=routes, exception_handlers=handlers, middleware=middleware)
    app.state.console = console
    return app


def _describe_api(_: Request) -> Response:
    return JsonAnswer(_api_description())  # not async: Starlette calls it in a thread


@cache
def _api_description() -> dict[str, Any]:
    """The description of the API, made when it is first asked for: that takes 0.3 s."""
    return openapi(OPERATIONS)


class _StaticFiles(StaticFiles):
    """Static files, whose addresses change with their content, so that browsers may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if b"v=" in scope.get("query_string", b""):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _http_error(request: Request, error: HTTPException) -> Response:
    return _error(request, error.status_code, error.detail)


def _worker_error(request: Request, error: WorkerError) -> Response:
    return _error(request, 503 if isinstance(error, Unavailable) else 500, str(error))


def _error(request: Request, status: int, problem: str) -> Response:
    if request.scope["path"].startswith("/api/"):
        return JsonAnswer({"error": problem}, status)
    titles = {
        400: "This address is not right",
        404: "There is nothing here",
        409: "Something changed meanwhile",
        503: "Something does not answer",
    }
    title = titles.get(status, "That did not work")
    remedy = _REMEDIES.get(status, "")
    return page(request, "error.html", title, status=status, problem=problem, remedy=remedy)
