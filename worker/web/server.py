"""Run the web application in an HTTP server (uvicorn) until the process is asked to end."""

import logging
import signal
import socket
import sys
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from worker.errors import BadConfig
from worker.settings import Settings
from worker.web.access import refuse_open_address

log = logging.getLogger("worker")

_GRACE_S = 5  # for requests that are being answered when the server ends


def listen(settings: Settings, host: str, port: int) -> socket.socket:
    """Open a socket that listens on this address; port 0 takes a free one.

    Raises BadConfig if the address is unknown, or if it may not be open without a password, and
    OSError if another program listens there.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as e:
        raise BadConfig(f"worker web: {host!r} is no address of this machine: {e.strerror}") from e
    family, _, _, _, address = found[0]
    refuse_open_address(settings, str(address[0]))
    try:
        return socket.create_server(address[:2], family=family)
    except OSError as e:
        raise OSError(e.errno, e.strerror, f"{host} port {port}") from e


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Answer requests on the socket `listener` until SIGTERM or SIGINT.

    Requests that are being answered then get 5 s to end. The log has one line, with the address.
    """
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    # uvicorn raises the signal again after it has ended: to be stopped is no failure.
    signal.signal(signal.SIGTERM, _exit)
    log.info("web.started address=%s", address_of(listener))
    uvicorn.Server(config).run(sockets=[listener])


def address_of(listener: socket.socket) -> str:
    """Return the web address of a server that listens on this socket, such as
    http://127.0.0.1:8080."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _exit(_: int, __: FrameType | None) -> None:
    sys.exit(0)
