"""`worker export`: write stored articles as JSON lines, CSV or Parquet."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO

import click

from worker import bootstrap
from worker.cli.export_formats import WRITERS, WrittenCounts, write_csv
from worker.cli.search_commands import Since
from worker.cli.terminal import err, progress, several
from worker.model.private_files import users_umask
from worker.model.records import OutcomeKind
from worker.settings import Settings
from worker.store.values import Query
from worker.tag.entities.tag_codes import equal_codes

_VERDICTS = [
    kind.value
    for kind in (OutcomeKind.NEW, OutcomeKind.REVISION, OutcomeKind.DUPLICATE, OutcomeKind.VARIANT)
]


@click.command(
    epilog="Examples: worker export > articles.jsonl · worker export --format csv --since 7d "
    "--out week.csv"
)
@click.argument("words", nargs=-1)
@click.option("--format", "format_", type=click.Choice(list(WRITERS)), default="jsonl")
@click.option("--out", "file", type=click.Path(path_type=Path), help="Unset: standard output.")
@click.option("--tag", default="", help="Code or label of a tag.")
@click.option("--source", default="", help="Source id.")
@click.option("--language", default="", help="Language code, such as en.")
@click.option("--verdict", default="", type=click.Choice(["", *_VERDICTS]), metavar="VERDICT")
@click.option("--since", type=Since(), help="Published (or else received) since: 2026-11-01 or 7d.")
@click.option("--until", type=Since(), help="Published (or else received) before: 2026-11-01, 7d.")
@click.option("--all-revisions", is_flag=True, help="Earlier revisions too, not only the newest.")
@click.option(
    "--for-spreadsheets",
    is_flag=True,
    help="CSV only: quote all cells, and put ' before one that would be a formula.",
)
def export(
    words: tuple[str, ...],
    format_: str,
    file: Path | None,
    tag: str,
    source: str,
    language: str,
    verdict: str,
    since: datetime | None,
    until: datetime | None,
    all_revisions: bool,
    for_spreadsheets: bool,
) -> None:
    """Write articles with text and tags as JSON lines, CSV or Parquet.

    WORDS select the articles as in `worker search`; without them and other options, all are
    written. Withdrawn and deleted articles are left out. Memory use does not grow with the number
    of articles. With --out the file appears when it is complete, in
    place of an older one of that name.
    """
    if for_spreadsheets and format_ != "csv":
        raise click.UsageError("--for-spreadsheets is for --format csv")
    write = writer(format_, for_spreadsheets, sys.stdout.isatty() if file is None else None)
    query = Query(
        words=" ".join(words),
        tag=tag,
        tag_codes=equal_codes(tag) if tag else (),
        source=source,
        language=language,
        verdict=verdict,
        since=since,
        until=until,
    )
    is_replaced = file is not None and file.is_file()
    store, count = bootstrap.existing_store(Settings.load()), 0
    total = store.count(query) if err.is_terminal and not all_revisions else None
    with progress("exporting") as bar, _sink(file) as sink:
        task = bar.add_task("", total=total)
        for more in write(store.articles(query, all_revisions=all_revisions), sink):
            bar.advance(task, more)
            count += more
    if file:
        note = ", in place of an older file" if is_replaced else ""
        err.print(f"{several(count, 'article')} in {file}{note}", markup=False)
    sys.exit(0 if count else 1)


def writer(
    format_: str, for_spreadsheets: bool, is_terminal: bool | None
) -> Callable[..., WrittenCounts]:
    """Return the function that writes articles in the format "jsonl", "csv" or "parquet".

    `is_terminal` says whether standard output, to which it writes, is a terminal; None means that
    it writes to a file. On a terminal, and in JSON on standard output, characters that steer a
    terminal are escaped. Raises UsageError for Parquet on a terminal, because it is a binary
    format.
    """
    if format_ == "parquet":
        if is_terminal:
            raise click.UsageError("Parquet is a binary format: name a file with --out")
        return WRITERS[format_]
    if format_ == "csv":
        return partial(write_csv, for_spreadsheets=for_spreadsheets, escape=bool(is_terminal))
    return partial(WRITERS[format_], escape=is_terminal is not None)


@contextmanager
def _sink(file: Path | None) -> Iterator[IO[bytes]]:
    """A context with the output to write to: the file, or standard output if it is None.

    The file is written as FILE.part, and gets its name when it is complete.
    """
    if file is None:
        yield sys.stdout.buffer
        return
    part = file.with_name(file.name + ".part")
    try:
        with users_umask():
            sink = part.open("wb")
        with sink:
            yield sink
        part.replace(file)
    except OSError as e:
        raise click.BadParameter(f"{e.strerror}: {e.filename}", param_hint="--out") from e
    finally:
        part.unlink(missing_ok=True)
