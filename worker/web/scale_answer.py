"""Tell an autoscaler how many workers are wanted (/scale)."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from worker.errors import WorkerError
from worker.monitoring.status_values import Status
from worker.web.cached_read import CachedRead
from worker.web.system_state import SystemState

UNKNOWN = 503  # an autoscaler keeps its number of workers after an error, and scales in after a 0


def scale_answer(status: Status) -> tuple[int, Mapping[str, object]]:
    """Return the HTTP status and the JSON object that /scale answers in this state of the system.

    If the broker could not be read, the status is 503, and the object asks for one worker. So an
    autoscaler does not stop all workers only because nothing is known.
    """
    if "broker" in status.unreachable:
        return UNKNOWN, {"error": "the broker does not answer"}
    scale = status.scale
    return 200, {
        "replicas": scale.replicas,
        "reason": scale.reason,
        "messages": status.waiting + status.leased,
        "waiting": status.waiting,
        "leased": status.leased,
        "journal": status.journal,
        "held": status.held,
        "workers": len(status.workers),
        "processes": sum(worker.state.processes for worker in status.workers),
        "drain_s": scale.drain_s,
        "target_drain_s": scale.target_drain_s,
        "busy_s_per_message": scale.busy_s_per_message,
        "oldest_s": max((lane.oldest_s or 0.0 for lane in status.lanes), default=0.0),
    }


async def scale(request: Request) -> JSONResponse:
    """Answer with the number of workers wanted (`replicas`), with the figures behind it and the
    reason; 503 when the broker can't be read."""
    system: CachedRead[SystemState] = request.app.state.system
    try:
        state = await system.get()
    except WorkerError as e:
        return JSONResponse({"error": str(e)}, UNKNOWN)
    code, answer = scale_answer(state.status)
    return JSONResponse(answer, code)


ROUTES = (Route("/scale", scale, methods=["GET"]),)
