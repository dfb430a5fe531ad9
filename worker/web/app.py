"""Put the routes of the web server together into one application (ASGI, by Starlette)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from anyio import from_thread
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from worker.errors import Unavailable
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
_PAGE_WAIT_S = 30.0  # people rather wait; a store that hangs is known after 10 s
_END_S = 10.0  # a broker that hangs is given up after 5 s
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
    lifespan = None
    if settings is not None and store is not None:
        status = _StatusReading(system)
        console = Console(settings=settings, store=store, read_status=status.read, learned=learned)
        routes.append(Mount("/", make_console_app(console)))

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            status.loop = asyncio.get_running_loop()
            ahead = console.read_ahead()
            yield
            # A thread that runs while the interpreter ends may abort the process.
            ahead.stop(_END_S)

    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.system = system
    return app


class _StatusReading:
    """Reads the state of the system for functions that run in threads.

    The state is read in the event loop of the server, and such a thread waits for the result.
    """

    def __init__(self, system: CachedRead[SystemState]) -> None:
        self._system = system
        self.loop: asyncio.AbstractEventLoop | None = None  # unknown until the server has started

    def read(self) -> Status:
        if self.loop is None:
            return from_thread.run(self._system.get).status
        reading = asyncio.run_coroutine_threadsafe(self._system.get(_PAGE_WAIT_S), self.loop)
        try:
            return reading.result(2 * _PAGE_WAIT_S).status
        except TimeoutError as e:  # the server is ending
            raise Unavailable("status", "the server has not read it in time") from e
