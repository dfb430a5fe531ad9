"""`worker lint`: check raw articles and report problems to the author of a poller.

A poller is the program that fetches articles and enqueues them.
"""

import logging
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click

from worker.cli.inputs import (
    NoRawArticles,
    SkippedInput,
    check_inputs,
    follow_links_option,
    nothing_to_read,
    read_inputs,
    skipped_summary,
)
from worker.cli.terminal import (
    counted,
    echo_line,
    err,
    out,
    print_json,
    print_table,
    progress,
    several,
    visible,
)
from worker.client.lint import SKIPPED, LintResult, lint, rehearsal
from worker.client.lint_summary import LintProblem, problems_of
from worker.model.records import OutcomeKind
from worker.settings import Settings

_ROWS = 200  # rows of the table; --json prints all
_COLUMNS = ("title", "where", "outcome", "language", "tags", "words", "flags", "dropped")
_PROBLEM_COLUMNS = ("problem", "level", "articles", "first articles", "fix")


@click.command(
    "lint", epilog="Examples: worker lint feed.jsonl · poller --dry-run | worker lint - --json"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--exclude", multiple=True, help="File names to leave out of folders, as a glob.")
@follow_links_option
@click.option(
    "--summary", is_flag=True, help="Print only the problems with their counts and first lines."
)
@click.option("--json", "as_json", is_flag=True, help="Print articles and findings as JSON.")
def lint_articles(
    paths: tuple[Path, ...],
    exclude: tuple[str, ...],
    follow_links: bool,
    summary: bool,
    as_json: bool,
) -> None:
    """Report what is wrong with raw articles, and what the worker would do with each.

    PATHS are files or folders of .json, .jsonl, .txt and .html; "-" reads standard input. Nothing
    is sent to a queue or stored: the articles are processed as a worker would, but with an empty
    store in a temporary folder, so they are compared only with each other. Exit code 0 without
    errors, also if there are warnings; 1 for an error, 2 for files without raw articles.
    """
    check_inputs(paths)
    logging.getLogger("worker").addHandler(logging.NullHandler())  # the findings say the same
    linted: list[LintResult] = []
    skipped: list[SkippedInput] = []
    with rehearsal(Settings.load().config_dir) as pipeline, progress("linting") as bar:
        task = bar.add_task("", total=None)
        inputs = read_inputs(paths, exclude, skipped, follow_links=follow_links)
        for linted_article in lint(inputs, pipeline, datetime.now(UTC)):
            linted.append(linted_article)
            bar.advance(task)
    if not linted and any(linted_article.asked_for for linted_article in skipped):
        raise NoRawArticles(skipped)
    for line in filter(None, ("" if linted else nothing_to_read(paths), skipped_summary(skipped))):
        err.print(visible(line, one_line=True), style="yellow", markup=False, soft_wrap=True)
    levels = Counter[str](
        finding.level for linted_article in linted for finding in linted_article.findings
    )
    if as_json:
        shown = problems_of(linted) if summary else linted
        print_json([each.as_json() for each in shown])
    else:
        _print_results(linted, levels, summary=summary)
    sys.exit(1 if levels["error"] or (skipped and not linted) else 0)


def _print_results(linted: list[LintResult], levels: Counter[str], *, summary: bool) -> None:
    if not summary:
        _print_each(linted)
    if problems := problems_of(linted):
        print_table("problems", _PROBLEM_COLUMNS, map(_problem_row, problems))
    kinds = Counter(linted_article.outcome for linted_article in linted)
    out.print(
        f"[bold]{several(len(linted), 'raw article')}:[/] "
        + counted({kind: kinds[kind] for kind in (*OutcomeKind, SKIPPED)})
        + f"; {several(levels['error'], 'error')}, {several(levels['warning'], 'warning')}"
    )


def _print_each(linted: list[LintResult]) -> None:
    for linted_article in linted:
        for finding in linted_article.findings:
            echo_line(f"{linted_article.location}: {finding}")
    if any(linted_article.findings for linted_article in linted):
        click.echo()
    print_table("what the worker would do", _COLUMNS, map(_row, linted[:_ROWS]))
    if len(linted) > _ROWS:
        out.print(f"… and {len(linted) - _ROWS} more: --json prints all\n")


def _problem_row(problem: LintProblem) -> tuple[object, ...]:
    more = ", …" if problem.count > len(problem.first) else ""
    first = f"{', '.join(problem.first)}{more}"
    return problem.slug, problem.level, problem.count, first, problem.fix


def _row(linted_article: LintResult) -> tuple[object, ...]:
    became = (
        linted_article.title,
        linted_article.location,
        linted_article.outcome,
        linted_article.language,
    )
    return (
        *became,
        ", ".join(linted_article.tags[:3]),
        linted_article.words,
        ", ".join(linted_article.flags),
        linted_article.dropped,
    )
