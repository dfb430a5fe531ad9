"""`worker lint`: what is wrong with raw articles, for whoever writes a poller."""

import logging
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click

from worker.cli.inputs import NoRawArticles, Skipped, nothing, reads, refuse, told
from worker.cli.terminal import counted, err, out, print_json, print_table, progress, several
from worker.client.lint import SKIPPED, Linted, lint, rehearsal
from worker.model.records import OutcomeKind
from worker.settings import Settings

_ROWS = 200  # of the table; --json prints all
_COLUMNS = ("title", "where", "outcome", "language", "tags", "words", "flags", "dropped")


@click.command(
    "lint", epilog="Examples: worker lint feed.jsonl · poller --dry-run | worker lint - --json"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--exclude", multiple=True, help="File names to leave out of folders, as a glob.")
@click.option("--json", "as_json", is_flag=True, help="Print articles and findings as JSON.")
def lint_articles(paths: tuple[Path, ...], exclude: tuple[str, ...], as_json: bool) -> None:
    """Say what is wrong with raw articles, and what the worker would do with each.

    PATHS as for `worker enqueue`. Nothing is enqueued or stored: the articles go through the
    worker's own stages against an empty store in a temporary folder, later ones judged by
    earlier ones. Exit code 1 when something is an error, 2 for what holds no raw articles.
    """
    refuse(paths)
    logging.getLogger("worker").addHandler(logging.NullHandler())  # findings say it better
    linted: list[Linted] = []
    skipped: list[Skipped] = []
    with rehearsal(Settings.load().config_dir) as trial, progress("linting") as bar:
        task = bar.add_task("", total=None)
        for each in lint(reads(paths, exclude, skipped), trial, datetime.now(UTC)):
            linted.append(each)
            bar.advance(task)
    if not linted and any(each.asked_for for each in skipped):
        raise NoRawArticles(skipped)
    for line in filter(None, ("" if linted else nothing(paths), told(skipped))):
        err.print(line, style="yellow", markup=False, soft_wrap=True)
    levels = Counter[str](finding.level for each in linted for finding in each.findings)
    if as_json:
        print_json(linted)
    else:
        _print(linted, levels)
    sys.exit(1 if levels["error"] else 0)


def _print(linted: list[Linted], levels: Counter[str]) -> None:
    for each in linted:
        for finding in each.findings:
            click.echo(f"{each.where}: {finding}")
    if levels:
        click.echo()
    print_table("what the worker would do", _COLUMNS, map(_row, linted[:_ROWS]))
    if len(linted) > _ROWS:
        out.print(f"… and {len(linted) - _ROWS} more: --json prints all\n")
    kinds = Counter(each.outcome for each in linted)
    out.print(
        f"[bold]{several(len(linted), 'raw article')}:[/] "
        + counted({kind: kinds[kind] for kind in (*OutcomeKind, SKIPPED)})
        + f"; {several(levels['error'], 'error')}, {several(levels['warning'], 'warning')}"
    )


def _row(each: Linted) -> tuple[object, ...]:
    became = each.title, each.where, each.outcome, each.language
    return *became, ", ".join(each.tags[:3]), each.words, ", ".join(each.flags), each.dropped
