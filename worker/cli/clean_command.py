"""`worker clean`: clean raw articles or pages and print the results without storing them."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from worker import bootstrap
from worker.clean import CleaningRules, examine
from worker.clean.explain_cleaning import CleaningDecision, explain_cleaning
from worker.clean.lines.source_boilerplate import SourceBoilerplate, leave_out
from worker.cli.file_reading import InputValue, read_file
from worker.cli.inputs import articles_only, nothing_to_read
from worker.cli.terminal import (
    err,
    json_object,
    local_day,
    moment,
    out,
    print_json,
    several,
    visible,
)
from worker.config.loader import load_config
from worker.errors import Rejected
from worker.model.admission import Payload, admit
from worker.model.compressed_article import opened
from worker.model.records import Article
from worker.pipeline.boilerplate import Boilerplate
from worker.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class CleaningPreview:
    """What `worker clean` prints for one raw article: the cleaned article that it would become.

    `where` is its file and line. `article` is the cleaned article, and `decisions` say what
    cleaning did and why. If the raw article would not be accepted, `article` is None, `reason` is a
    word such as `empty`, and `detail` explains it.
    """

    where: str  # file and line
    article: Article | None = None
    reason: str = ""
    detail: str = ""
    decisions: tuple[CleaningDecision, ...] = ()


@click.command(
    epilog="Examples: worker clean page.html --url https://a.example/1 --explain · "
    "worker dead show 3f2a --raw | worker clean -"
)
@click.argument("path", metavar="FILE|-", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--url", default="", help="Address of a page, if the file does not contain it.")
@click.option(
    "--learned", is_flag=True, help="Leave out the lines that the index has learned of each source."
)
@click.option(
    "--explain",
    is_flag=True,
    help="Print the lines that were left out, the source of each field, and what it beat.",
)
@click.option("--json", "as_json", is_flag=True, help="Print articles and decisions as JSON.")
def clean(path: Path, url: str, learned: bool, explain: bool, as_json: bool) -> None:
    """Clean raw articles as the worker would, and print the resulting articles.

    FILE holds raw articles (.json, .jsonl), a page (.html) or plain text; "-" reads a page or
    JSON lines from standard input. Nothing is stored. No server is needed, except for --learned:
    it leaves out the lines that workers found each source to repeat, as noted in the index.
    Exit code 1 when a raw article would be a dead letter.
    """
    if str(path) != "-" and not path.is_file():
        raise click.BadParameter(f"{path} is not a file", param_hint="FILE")
    settings = Settings.load()
    config = load_config(settings.config_dir)
    boilerplate = bootstrap.boilerplate(settings, config) if learned else None
    values = articles_only(read_file(path))
    previews = [*_previews(values, url, config.cleaning, boilerplate)]
    if not previews:
        err.print(visible(nothing_to_read([path]), one_line=True), style="yellow", markup=False)
    if as_json:
        hidden = set() if explain else {"decisions"}
        print_json([json_object(preview, exclude=hidden) for preview in previews])
    for preview in () if as_json else previews:
        _print_preview(preview, explain=explain)
    sys.exit(1 if any(preview.article is None for preview in previews) else 0)


def _previews(
    values: Iterator[InputValue], url: str, rules: CleaningRules, boilerplate: Boilerplate | None
) -> Iterator[CleaningPreview]:
    now = datetime.now(UTC)
    for location, given in values:
        value = opened(given)
        raw = {"link": url, **value} if url and isinstance(value, dict) else value
        try:
            admitted = admit(raw, Payload.of(raw).bytes)
            examined = examine(admitted, rules, now)
        except Rejected as e:
            yield CleaningPreview(where=location, reason=e.reason, detail=e.detail)
            continue
        source = examined.article.source
        boilerplate_by_source = boilerplate.learned([source], now) if boilerplate else {}
        article = leave_out(
            examined.article, boilerplate_by_source.get(source, SourceBoilerplate()), rules.learned
        )
        yield CleaningPreview(
            where=location, article=article, decisions=explain_cleaning(examined, rules)
        )


def _print_preview(preview: CleaningPreview, *, explain: bool) -> None:
    if preview.article is None:
        err.print(
            f"{preview.where}: {preview.reason}: {preview.detail}", style="yellow", markup=False
        )
        return
    article = preview.article
    out.print(Text(visible(article.title), style="bold"))
    for name, value in _facts(article):
        out.print(Text(visible(f"{name:>12}  {value}", one_line=True)))
    out.print("", Text(visible(article.text)), "", sep="\n")
    if not explain:
        were = "was" if len(article.dropped) == 1 else "were"
        dropped = several(len(article.dropped), "line")
        out.print(f"{dropped} {were} left out; --explain shows them\n")
        return
    _print_rows("left out of the text", ((d.rule, d.line) for d in article.dropped))
    _print_rows("where each field comes from, and what it beat", _rows(preview.decisions))


def _rows(decisions: Iterable[CleaningDecision]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table of decisions: a field, its value, its source and the reason; then
    one row without a field for each candidate that lost."""
    for decision in decisions:
        yield decision.about, decision.value, decision.source, decision.because
        for lost in decision.lost:
            yield "", f"beat {lost.value}", lost.source, lost.why


def _print_rows(title: str, rows: Iterable[tuple[str, ...]]) -> None:
    """Print names beside their values; long values are wrapped, not cut."""
    table = Table.grid(padding=(0, 2))
    for name, *values in rows:
        style = "" if name else "dim"
        table.add_row(Text(f"  {name}"), *(Text(visible(value), style=style) for value in values))
    if table.row_count:
        out.print(title, style="bold")
        out.print(table)
        out.print()


def _facts(article: Article) -> Iterator[tuple[str, object]]:
    facts = {
        "source": article.source,
        "link": article.url,
        "authors": ", ".join(article.authors),
        "credits": ", ".join(f"{c.name} ({c.role})" for c in article.contributors),
        "place": article.place,
        "agency": article.agency,
        "published": article.published and moment(article.published),
        "local day": local_day(article.published_day, article.published_zone),
        "updated": article.updated and moment(article.updated),
        "categories": ", ".join(article.categories),
        "keywords": ", ".join(article.keywords),
        "image": article.image,
        "language": article.language,
        "words": article.words,
        "flags": ", ".join(article.flags),
        "cleaner": article.cleaner,
    }
    return ((name, value) for name, value in facts.items() if value)
