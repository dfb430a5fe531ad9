"""`worker export`, `worker changes` and `worker delete`: read or delete stored articles."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO

import click
from pydantic import TypeAdapter

from worker import bootstrap
from worker.cli.export_formats import WRITERS, WrittenCounts, write_csv
from worker.cli.search_commands import Since
from worker.cli.terminal import (
    NotFound,
    echo_json,
    echo_line,
    err,
    moment,
    out,
    print_json,
    progress,
    several,
    yes_option,
)
from worker.maintenance.deletion import DeletionScope, delete_articles, letters_about, named
from worker.model.private_files import users_umask
from worker.model.records import OutcomeKind
from worker.settings import Settings
from worker.store.ports import ArticleStore, ChangeFeed, DeletionStore
from worker.store.values import Change, Query

_CHANGE = TypeAdapter(Change)
_VERDICTS = [
    kind.value
    for kind in (OutcomeKind.NEW, OutcomeKind.REVISION, OutcomeKind.DUPLICATE, OutcomeKind.VARIANT)
]
_SAMPLES = 5  # titles shown before a deletion
_LOOK_S = 0.1  # pause between two checks for Ctrl-C


def _opened_store() -> ArticleStore:
    return bootstrap.existing_store(Settings.load())


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
    of articles. With --out the file appears when it is complete.
    """
    if for_spreadsheets and format_ != "csv":
        raise click.UsageError("--for-spreadsheets is for --format csv")
    write = writer(format_, for_spreadsheets, sys.stdout.isatty() if file is None else None)
    query = Query(
        words=" ".join(words),
        tag=tag,
        source=source,
        language=language,
        verdict=verdict,
        since=since,
        until=until,
    )
    store, count = _opened_store(), 0
    total = store.count(query) if err.is_terminal and not all_revisions else None
    with progress("exporting") as bar, _sink(file) as sink:
        task = bar.add_task("", total=total)
        for more in write(store.articles(query, all_revisions=all_revisions), sink):
            bar.advance(task, more)
            count += more
    if file:
        err.print(f"{several(count, 'article')} in {file}", markup=False)
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


@click.command(epilog="Example: worker changes --since now --follow --json")
@click.option("--since", default="start", show_default=True, metavar="CURSOR|start|now")
@click.option("--follow", is_flag=True, help="Wait for more until Ctrl-C.")
@click.option(
    "--every",
    "interval_s",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0.1),
    help="s",
)
@click.option("--limit", type=click.IntRange(min=1), help="The most changes that are printed.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print each change as a line of JSON with its article."
)
def changes(since: str, follow: bool, interval_s: float, limit: int | None, as_json: bool) -> None:
    """Print the changes of articles since a cursor, a position in the sequence of all changes.

    An article was stored, retagged, refreshed (cleaned again, with the same title and text), judged
    (another verdict, such as duplicate, or another group of copies) or withdrawn. No change is left
    out or printed twice. Continue from the cursor of the last change that you have processed. The
    last cursor is also printed on standard error at the end.
    """
    store = _opened_store()
    try:
        cursor = store.cursor(since)
    except LookupError as e:
        raise click.BadParameter(str(e.args[0]), param_hint="--since") from e
    stopped = _stop_signals() if follow else []
    try:
        for change in _feed(store, cursor, interval_s if follow else 0, limit, stopped):
            if as_json:
                echo_json(_CHANGE.dump_json(change).decode())
            else:
                echo_line(_line(change))
            cursor = change.cursor
    finally:
        err.print(f"continue with: worker changes --since {cursor}", markup=False)


def _feed(
    store: ChangeFeed, cursor: str, every_s: float, limit: int | None, stopped: list[int]
) -> Iterator[Change]:
    """Yield the changes after a cursor in order, until there are `limit` of them.

    At the end it asks for more every `every_s` seconds, until `stopped` has a signal. With 0 it
    ends there.
    """
    left = limit
    while not stopped and left != 0:
        page = store.changes(cursor) if left is None else store.changes(cursor, left)
        for change in page:
            if stopped:
                return
            yield change
            cursor = change.cursor
        left = None if left is None else left - len(page)
        if page:
            continue
        if not every_s:
            return
        _pause(every_s, stopped)


def _stop_signals() -> list[int]:
    """Catch the signals that end the command; return a list to which the first one is added.

    The signals are SIGINT and SIGTERM. The same signal again ends the process at once.
    """
    stopped: list[int] = []

    def stop(number: int, _: object) -> None:
        stopped.append(number)
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopped


def _pause(seconds: float, stopped: list[int]) -> None:
    end = time.monotonic() + seconds
    while not stopped and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, _LOOK_S))


def _line(change: Change) -> str:
    title = " ".join(change.article.title.split()) if change.article else ""
    at, number = moment(change.at), change.revision
    return (
        f"{change.cursor}  {at}  {change.kind:9}  {change.article_id}  {number}  {title}".rstrip()
    )


@click.command(
    epilog="Examples: worker delete 3f2a91 · worker delete --source wire --older-than 90d"
)
@click.argument("ids", nargs=-1)
@click.option("--source", default="", help="Delete all articles and dead letters of this source.")
@click.option(
    "--older-than",
    type=Since(),
    help="With --source: only what was published before: 90d or a date.",
)
@yes_option("deleted")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def delete(
    ids: tuple[str, ...], source: str, older_than: datetime | None, yes: bool, as_json: bool
) -> None:
    """Delete articles for good, with content, tags, payloads and dead letters.

    IDS are ids or the beginnings of ids. Only a note that the article was deleted stays, so that it
    is not stored when a poller delivers it again. Without --yes nothing is deleted.
    """
    if bool(ids) == bool(source) or (older_than and not source):
        raise click.UsageError("give either IDS, or --source with or without --older-than")
    store = _opened_store()
    try:
        scope = named(store, ids) if ids else DeletionScope(source=source, before=older_than)
    except LookupError as e:
        raise NotFound(str(e.args[0])) from e
    titles = list(scope.titles) or [f.title for f in store.search(_sample_query(scope))]
    total = len(scope.titles) if ids else store.count(scope.query)
    articles, letters = _delete(store, scope, total) if yes else (total, _letters(store, scope))
    if as_json:
        numbers = {"articles": articles, "dead_letters": letters}
        print_json({**numbers, "deleted": yes, "titles": titles[:_SAMPLES]})
    else:
        _print_deletion(titles, articles, letters, yes)
    sys.exit(0 if articles or letters else 1)


def _sample_query(scope: DeletionScope) -> Query:
    return replace(scope.query, limit=_SAMPLES)


def _delete(store: DeletionStore, scope: DeletionScope, total: int) -> tuple[int, int]:
    articles = letters = 0
    with progress("deleting") as bar:
        task = bar.add_task("", total=total)
        for more in delete_articles(store, scope, datetime.now(UTC)):
            articles += more
            bar.advance(task, more)
        for page in letters_about(store, scope):
            store.clear_letters(page)
            letters += len(page)
    return articles, letters


def _letters(store: DeletionStore, scope: DeletionScope) -> int:
    return sum(len(page) for page in letters_about(store, scope))


def _print_deletion(titles: list[str], articles: int, letters: int, deleted: bool) -> None:
    for title in titles[:_SAMPLES]:
        out.print(f"  {' '.join(title.split())}", markup=False, overflow="ellipsis", no_wrap=True)
    if len(titles) > _SAMPLES or articles > len(titles):
        out.print(f"  … {several(articles, 'article')} in all")
    what = f"{several(articles, 'article')} and the content of {several(letters, 'dead letter')}"
    if deleted:
        out.print(f"deleted {what}")
    elif articles or letters:
        out.print(f"would delete {what}; nothing is deleted yet: add --yes")
    else:
        out.print("nothing to delete")
