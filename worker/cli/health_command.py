"""`worker health`: the health check of a container. It reads one file and opens no connection."""

import math
import socket
import sys
import time
from pathlib import Path

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


def _default_nodes(settings: Settings) -> list[str]:
    """The names of the workers to check when the user gives none, of those with a heartbeat file.

    They are Celery's default name on this host; else all workers of this host; else, for a worker
    whose name has another host, the one that was at work last.
    """
    host = socket.gethostname()
    files = {file.stem: file for file in settings.var_dir.glob(settings.heartbeat("*").name)}
    if f"celery@{host}" in files:
        return [f"celery@{host}"]
    if here := sorted(node for node in files if node.endswith(f"@{host}")):
        return here
    return sorted(files, key=lambda node: _age_s(files[node]))[:1]


def _age_s(file: Path) -> float:
    """Seconds since a worker last touched its heartbeat file; infinite if there is none."""
    try:
        return time.time() - file.stat().st_mtime
    except OSError:
        return math.inf


@click.command(epilog="Example: worker health --node celery@web1")
@click.option(
    "--node", default="", help="Celery's name of the worker; unset: the workers on this host."
)
def health(node: str) -> None:
    """Check whether the worker on this machine works. Exit code 1 when it does not.

    A worker is healthy when it finished a message recently, when there is nothing to do, or when
    the broker, store or index does not answer. A worker that refused changed rules keeps the old
    ones; the command then says so and exits with 0, because a restarted worker could not start.
    """
    settings = Settings.load()
    rules = _rules(settings)
    nodes = [node] if node else _default_nodes(settings)
    if not nodes:
        err.print(f"no worker is at work with {settings.var_dir}", markup=False, soft_wrap=True)
        sys.exit(1)
    healthy = [_is_healthy(settings, rules, name) for name in nodes]
    sys.exit(0 if all(healthy) else 1)


def _is_healthy(settings: Settings, rules: WorkerRules, node: str) -> bool:
    """Whether a worker has been at work lately; prints what is known about it."""
    file = settings.heartbeat(node)
    age_s = _age_s(file)
    if age_s == math.inf:
        err.print(f"{node} is not at work: there is no {file}", markup=False, soft_wrap=True)
        return False
    # The slowest batch ends at the hard limit, and the next one may be as slow.
    if age_s > 2 * rules.time.hard_limit_s:
        err.print(f"{node} has ended no message, or has not run, for {age_s:.0f} s", markup=False)
        return False
    _say_config(settings, node)
    out.print(f"{node} was at work {max(0.0, age_s):.0f} s ago", markup=False)
    return True
