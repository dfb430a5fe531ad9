"""Put the routes of the web server together into one application (ASGI, by Starlette)."""

from starlette.applications import Starlette

from worker.web import probes

ROUTES = (*probes.ROUTES,)


def make_web_app() -> Starlette:
    """Return the web application with all its routes."""
    return Starlette(routes=list(ROUTES))
