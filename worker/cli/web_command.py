"""`worker web`: start the web server."""

import click

from worker.errors import BadConfig

PORT = 8080


@click.command(epilog="Example: worker web --port 8081")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=PORT, show_default=True, help="TCP port to listen on.")
def web(host: str, port: int) -> None:
    """Start the web server. It needs the extra `web`: pip install 'article-worker[web]'."""
    try:
        import uvicorn

        from worker.web.app import make_web_app
    except ImportError as e:
        problem = f"{e.name} is not installed; pip install 'article-worker[web]'"
        raise BadConfig(f"worker web: {problem}") from e
    uvicorn.run(make_web_app(), host=host, port=port, log_level="warning")
