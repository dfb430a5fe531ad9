"""Put the routes of the web server together into one application (ASGI, by Starlette)."""

from collections.abc import Callable

from starlette.applications import Starlette

from worker.web import metrics, probes, scale_answer
from worker.web.cached_read import CachedRead
from worker.web.system_state import SystemState

ROUTES = (*probes.ROUTES, *metrics.ROUTES, *scale_answer.ROUTES)

_FRESH_S = 2.0  # several scrapers and pages at the same time cost one read
_WAIT_S = 2.5  # KEDA waits 3 s for an answer, Prometheus 10 s
_STALE_S = 30.0  # connecting to a store that hangs takes 10 s, and the broker may still be well


def make_web_app(read_system: Callable[[], SystemState]) -> Starlette:
    """Return the web application with all its routes.

    `read_system` reads the state of the system from broker and store. It is called in a thread,
    never twice at once, and at most every two seconds.
    """
    app = Starlette(routes=list(ROUTES))
    app.state.system = CachedRead(read_system, fresh_s=_FRESH_S, wait_s=_WAIT_S, stale_s=_STALE_S)
    return app
