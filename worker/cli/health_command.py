"""`worker health`: the health check of a container. It reads one file and opens no connection."""

import socket
import sys
import time

import click

from worker.cli.terminal import err, out
from worker.config.worker_rules import WorkerRules, load_worker_rules
from worker.errors import BadConfig
from worker.runtime.config_report import read_report
from worker.settings import Settings


def _rules(settings: Settings) -> WorkerRules:
    """The worker rules in the config folder, or the packaged ones when their file is broken."""
    try:
        return load_worker_rules(settings.config_dir)
    except BadConfig as e:
        err.print(str(e), style="red", markup=False)
        return load_worker_rules()


def _say_config(settings: Settings, node: str) -> None:
    report = read_report(settings.config_report(node))
    if report and report.refused:
        err.print("changed rules were refused; the old ones are in force:", style="red")
        err.print(report.refused, style="red", markup=False)


@click.command(epilog="Example: worker health --node celery@web1")
@click.option("--node", default="", help="Celery's name of the worker; unset: celery@ this host.")
def health(node: str) -> None:
    """Check whether the worker on this machine works. Exit code 1 when it does not.

    A worker is healthy when it finished a message recently, when there is nothing to do, or when
    the broker, store or index does not answer. A worker that refused changed rules keeps the old
    ones; the command then says so and exits with 0, because a restarted worker could not start.
    """
    settings = Settings.load()
    rules = _rules(settings)
    node = node or f"celery@{socket.gethostname()}"
    file = settings.heartbeat(node)
    try:
        age_s = time.time() - file.stat().st_mtime
    except OSError:
        err.print(f"{node} is not at work: there is no {file}", markup=False)
        sys.exit(1)
    # The slowest batch ends at the hard limit, and the next one may be as slow.
    if age_s > 2 * rules.time.hard_limit_s:
        err.print(f"{node} has ended no message, or has not run, for {age_s:.0f} s", markup=False)
        sys.exit(1)
    _say_config(settings, node)
    out.print(f"{node} was at work {max(0.0, age_s):.0f} s ago", markup=False)
