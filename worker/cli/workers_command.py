"""`worker workers`: list the workers of all hosts that are at work now."""

import click

from worker.broker.presence import PresentWorker
from worker.cli.broker_access import workers_at_work
from worker.cli.terminal import err, out, print_json, print_table, several
from worker.settings import Settings

_COLUMNS = ("worker", "processes", "busy", "memory", "version", "rules", "since", "last word")
_MB = 1_000_000


@click.command(epilog="Example: worker workers --json | jq '.[].state.node'")
@click.option("--json", "as_json", is_flag=True, help="Print the workers as JSON.")
def workers(as_json: bool) -> None:
    """List the workers at work on all hosts, with processes, memory, version and rules.

    Each worker writes to the broker every 10 s that it is at work, and is listed until it ends or,
    if it was killed, until 35 s after the last time. Workers of 0.2.0 and before do not do so, and
    are not listed. The memory is that of all processes of a worker together; what they share counts
    for each. "refused" after the rules means that newer rule files are invalid, and "differ" below
    the table that not all workers have the same rules and version.
    """
    found = workers_at_work(Settings.load())
    if as_json:
        print_json(found)
        return
    if not found:
        out.print("no worker is at work")
        return
    print_table(f"{several(len(found), 'worker')} at work", _COLUMNS, map(_row, found))
    for what, values in (
        ("rules", {w.state.digest for w in found}),
        ("versions", {w.state.version for w in found}),
    ):
        if len(values) > 1:
            err.print(f"the {what} of the workers differ", style="yellow")


def _row(worker: PresentWorker) -> tuple[object, ...]:
    state = worker.state
    return (
        state.node,
        state.processes,
        state.busy,
        f"{state.memory_bytes / _MB:,.0f} MB" if state.memory_bytes else "",
        state.version,
        f"{state.digest} refused" if state.refused else state.digest,
        state.started,
        worker.last_word,
    )
