"""`worker health`: what a container's health check asks. Reads one file, connects to nothing."""

import socket
import sys
import time

import click

from worker.cli.terminal import err, out
from worker.rules import load_worker_rules
from worker.settings import Settings


@click.command(epilog="Example: worker health --node celery@web1")
@click.option("--node", default="", help="Celery's name of the worker; unset: celery@ this host.")
def health(node: str) -> None:
    """Is the worker on this machine doing its work? Exit code 1 when it is not.

    It is when it lately took a message, or none waits, or the broker does not answer.
    """
    settings = Settings.load()
    rules = load_worker_rules(settings.config_dir)
    node = node or f"celery@{socket.gethostname()}"
    file = settings.heartbeat(node)
    try:
        age_s = time.time() - file.stat().st_mtime
    except OSError:
        err.print(f"{node} is not at work: there is no {file}", markup=False)
        sys.exit(1)
    # The slowest batch ends at the hard limit; then the worker must take the next.
    if age_s > 2 * rules.time.hard_limit_s:
        err.print(f"{node} takes no messages, or is gone, for {age_s:.0f} s", markup=False)
        sys.exit(1)
    out.print(f"{node} was at work {max(0.0, age_s):.0f} s ago", markup=False)
