"""Tell a supervisor, such as Kubernetes, that the web server runs (/livez)."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def livez(_: Request) -> PlainTextResponse:
    """Answer "ok" while this server runs, whatever broker and store do: a restart of the server
    would not mend them."""
    return PlainTextResponse("ok\n")


ROUTES = (Route("/livez", livez, methods=["GET"]),)
