"""`worker drain`: end the workers of a host when they have finished what they have."""

import socket
import sys
from contextlib import closing

import click

from worker.broker import embedded
from worker.broker.connection import BrokerConnection
from worker.broker.draining import drain_workers, nodes_of, running_nodes
from worker.celery import broker_url, make_app
from worker.cli import EXIT_LOOK
from worker.cli.finite_numbers import FiniteRange
from worker.cli.terminal import NotFound, err, out
from worker.config.worker_rules import load_worker_rules
from worker.settings import Settings

_MARGIN_S = 20.0  # to hand over messages, to put back what is unfinished, and to end


@click.command(epilog="Examples: worker drain · worker drain host7 · worker drain celery@host7")
@click.argument("names", metavar="[HOST|NODE]...", nargs=-1)
@click.option("--all", "drain_all", is_flag=True, help="All workers on all hosts.")
@click.option("--timeout", type=FiniteRange(min=1), help="Seconds to wait for them.")
def drain(names: tuple[str, ...], drain_all: bool, timeout: float | None) -> None:
    """End workers through the broker: they take no more messages, and finish those they have.

    Without a name, the workers of this host are drained. A node is a worker by its name in Celery.
    What a worker has not finished after the time limit drain_s of worker.toml goes back to its
    queue, and is not counted as failed. A supervisor that always restarts a worker starts it again:
    stop it there, too. Exit code 1 when a worker has not ended in time.
    """
    if drain_all and names:
        raise click.UsageError("name hosts or workers, or give --all")
    settings = Settings.load()
    rules = load_worker_rules(settings.config_dir)
    limit_s = timeout or rules.time.drain_s + _MARGIN_S
    if settings.embedded_broker and not embedded.is_running(settings.var_dir):
        raise NotFound("no worker is at work: the embedded broker does not run")
    with (
        make_app(broker_url(settings), rules) as app,
        closing(BrokerConnection(app)) as connection,
        connection.channel() as channel,
    ):
        running = running_nodes(app, channel, rules.queue.name)
        nodes = running if drain_all else _named(names or (socket.gethostname(),), running)
        if not nodes:
            raise NotFound("no worker is at work")
        out.print(f"draining {', '.join(sorted(nodes))}", markup=False, soft_wrap=True)
        left = set(nodes)
        for ended in drain_workers(app, channel, rules.queue.name, nodes, limit_s):
            left.discard(ended.node)
            out.print(f"{ended.node} has ended after {ended.after_s:.1f} s", markup=False)
    for node in sorted(left):
        err.print(f"{node} has not ended after {limit_s:g} s", style="red", markup=False)
    if left:
        sys.exit(EXIT_LOOK)


def _named(names: tuple[str, ...], running: set[str]) -> set[str]:
    """The workers that these hosts and nodes name. Raises NotFound for a name without a worker."""
    found: set[str] = set()
    for name in names:
        nodes = nodes_of(name, running)
        if not nodes:
            known = f"at work are {', '.join(sorted(running))}" if running else "none is at work"
            raise NotFound(f"no worker {name}, and none on a host of that name; {known}")
        found.update(nodes)
    return found
