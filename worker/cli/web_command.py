"""`worker web`: start the web server."""

import logging
import webbrowser

import click

from worker import background, bootstrap
from worker.cli.terminal import err
from worker.errors import BadConfig
from worker.model.log_lines import protect_loggers
from worker.settings import Settings

PORT = 8080


@click.command(epilog="Example: worker web --port 8081")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="TCP port to listen on; 0 takes a free one.",
)
@click.option("--open", "opens_browser", is_flag=True, help="Open the console in a browser.")
def web(host: str, port: int, opens_browser: bool) -> None:
    """Start the web server: the console (pages), its API, /metrics, /scale, /livez, /readyz.

    It needs the extra `web`: pip install 'article-worker[web]'. Without a password it listens on
    this machine only, unless WORKER_WEB_READ_ONLY=1. SIGTERM ends it with exit code 0.
    """
    settings = Settings.load()
    try:
        from worker.web.app import make_web_app
        from worker.web.server import address_of, listen, serve
        from worker.web.system_reader import SystemReader
    except ImportError as e:
        problem = f"{e.name} is not installed; pip install 'article-worker[web]'"
        raise BadConfig(f"worker web: {problem}") from e
    logging.basicConfig(format="[%(asctime)s: %(levelname)s] %(message)s")
    logging.getLogger("worker").setLevel(settings.log_level)
    protect_loggers()
    reader = SystemReader(settings)
    app = make_web_app(reader.read, settings, bootstrap.store(settings), reader.learned)
    with listen(settings, host, port) as listener:
        address = address_of(listener)
        err.print(f"the console is at {address}", markup=False)
        if opens_browser:
            # Connections wait in the listener until the server takes them.
            background.run_once("web-open", lambda: _open_browser(address))
        serve(app, listener)


def _open_browser(address: str) -> None:
    if not webbrowser.open(address):
        err.print("no browser could be opened", markup=False)
