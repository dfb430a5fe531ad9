"""Tell a supervisor, such as Kubernetes, that the web server runs (/livez), and whether the servers
that it reads answer (/readyz)."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from worker.errors import WorkerError
from worker.web.cached_read import CachedRead
from worker.web.system_state import SystemState


async def livez(_: Request) -> PlainTextResponse:
    """Answer "ok" while this server runs, whatever broker and store do: a restart of the server
    would not mend them."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> PlainTextResponse:
    """Answer "ok" if broker and store answer, otherwise 503 with the names of those that do not."""
    system: CachedRead[SystemState] = request.app.state.system
    try:
        unreachable = (await system.get()).status.unreachable
    except WorkerError as e:
        return PlainTextResponse(f"{e}\n", 503)
    if unreachable:
        return PlainTextResponse(f"no answer from {', '.join(unreachable)}\n", 503)
    return PlainTextResponse("ok\n")


ROUTES = (
    Route("/livez", livez, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
)
