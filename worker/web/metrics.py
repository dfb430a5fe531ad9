"""Answer Prometheus with the metrics of the whole system (/metrics)."""

from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, Metric, generate_latest
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from worker.errors import WorkerError
from worker.web.cached_read import CachedRead
from worker.web.system_metrics import system_metrics
from worker.web.system_state import SystemState


class StateCollector(Collector):
    """Gives prometheus_client, which writes metrics as text, the metrics of one state of the
    system."""

    def __init__(self, state: SystemState) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics."""
        return system_metrics(self._state)


def metrics_text(state: SystemState) -> bytes:
    """Return the metrics of the system in the text format 0.0.4 of Prometheus."""
    return generate_latest(StateCollector(state))


async def metrics(request: Request) -> Response:
    """Answer with all metrics; 503 when broker and store could not be read in time."""
    system: CachedRead[SystemState] = request.app.state.system
    try:
        state = await system.get()
    except WorkerError as e:
        return PlainTextResponse(f"{e}\n", 503)
    text = await run_in_threadpool(metrics_text, state)
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)


ROUTES = (Route("/metrics", metrics, methods=["GET"]),)
