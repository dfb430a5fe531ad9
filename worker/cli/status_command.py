"""`worker status`: what needs attention, and the state of queues, workers and dead letters."""

import sys

import click
from rich.text import Text

from worker.cli.status_reading import status_reader
from worker.cli.status_text import figures, first_lines, headline, sections
from worker.cli.terminal import json_object, out, print_json, visible
from worker.monitoring.status_values import Status
from worker.settings import Settings


@click.command(epilog="Example: worker status --json | jq -r '.attention[].sentence'")
@click.option("--json", "as_json", is_flag=True, help="Print the state as JSON.")
def status(as_json: bool) -> None:
    """Say what needs attention and since when; then show queues, workers and dead letters.

    What needs attention comes first, the most urgent at the top; else that all is well. The tables
    show the three lanes (the queues of new articles, of floods, and of messages that failed), the
    workers of all hosts, and dead letters by reason. "At least" means that the id of the oldest
    message does not tell when it was sent. The thresholds are in config/monitoring.toml.

    Exit code 1 when something needs attention, also if broker or store do not answer.
    """
    with status_reader(Settings.load()) as reader:
        found = reader.read()
    if as_json:
        print_json(json_object(found) | {"headline": headline(found), "waiting": found.waiting})
    else:
        print_status(found)
    sys.exit(1 if found.attention else 0)


def print_status(found: Status) -> None:
    """Print the state of the whole system: a sentence, then tables and figures."""
    first, *more = first_lines(found)
    out.print(Text(visible(first, one_line=True), style="bold"), soft_wrap=True)
    for line in more:
        out.print(line, markup=False, soft_wrap=True)
    out.print()
    for title, table in sections(found):
        out.print(title, style="bold", markup=False)
        out.print(table)
        out.print()
    for name, value in figures(found):
        out.print(f"{name:>13}  {value}", markup=False, soft_wrap=True)
