"""Put the routes of the web server together into one application (ASGI, by Starlette)."""

from collections.abc import Callable

from anyio import from_thread
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from worker.monitoring.source_reading import LearnedSourceCache
from worker.monitoring.status_values import Status
from worker.settings import Settings
from worker.store.ports import ArticleStore
from worker.web import metrics, probes, scale_answer
from worker.web.cached_read import CachedRead
from worker.web.console_app import make_console_app
from worker.web.console_context import Console
from worker.web.system_state import SystemState

ROUTES = (*probes.ROUTES, *metrics.ROUTES, *scale_answer.ROUTES)

_FRESH_S = 2.0  # several scrapers and pages at the same time cost one read
_WAIT_S = 2.5  # KEDA waits 3 s for an answer, Prometheus 10 s
_STALE_S = 30.0  # connecting to a store that hangs takes 10 s, and the broker may still be well


def make_web_app(
    read_system: Callable[[], SystemState],
    settings: Settings | None = None,
    store: ArticleStore | None = None,
    learned: LearnedSourceCache | None = None,
) -> Starlette:
    """Return the web application with all its routes.

    `read_system` reads the state of the system from broker and store. It is called in a thread,
    never twice at once, and at most every two seconds. With `settings` and `store`, the application
    has the console, too: pages and an API. `learned` is what is known about how sources deliver.
    """
    system = CachedRead(read_system, fresh_s=_FRESH_S, wait_s=_WAIT_S, stale_s=_STALE_S)
    routes: list[BaseRoute] = list(ROUTES)
    if settings is not None and store is not None:

        def read_status() -> Status:
            return from_thread.run(system.get).status  # handlers run in threads

        console = Console(settings=settings, store=store, read_status=read_status, learned=learned)
        routes.append(Mount("/", make_console_app(console)))
    app = Starlette(routes=routes)
    app.state.system = system
    return app
