"""`worker enqueue`: read raw articles from files and put them on the queue."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from worker.broker import embedded
from worker.broker.backpressure import Advice
from worker.cli import EXIT_UNAVAILABLE
from worker.cli.inputs import (
    NoRawArticles,
    SkippedInput,
    check_inputs,
    follow_links_option,
    nothing_to_read,
    read_inputs,
    skipped_rows,
    skipped_summary,
)
from worker.cli.terminal import err, out, print_json, progress, several, visible
from worker.client.producer import Invalid, OnInvalid, Producer
from worker.errors import Busy
from worker.settings import Settings

_MOST_RECEIPTS = 5  # that are printed; --json prints all


@click.command(
    epilog="Examples: worker enqueue seeds/ --exclude expected.jsonl · poller | worker enqueue -"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--source", default="", help="Source id for articles that have none.")
@click.option("--exclude", multiple=True, help="File names to leave out of folders, as a glob.")
@click.option(
    "--invalid",
    type=click.Choice(["bury", "collect"]),
    default="bury",
    show_default=True,
    help="Send articles that break the contract, to be kept as dead letters, or leave them out.",
)
@click.option(
    "--wait", is_flag=True, help="Wait while the broker accepts no more, instead of exiting."
)
@follow_links_option
@click.option("--json", "as_json", is_flag=True, help="Print receipts as JSON.")
def enqueue(
    paths: tuple[Path, ...],
    source: str,
    exclude: tuple[str, ...],
    invalid: OnInvalid,
    wait: bool,
    follow_links: bool,
    as_json: bool,
) -> None:
    """Put raw articles from files on the queue.

    PATHS are files or folders of .json, .jsonl, .txt and .html; "-" reads JSON lines, a JSON
    document or a page from standard input. Prints how many were enqueued, and the receipts of up
    to five. Files without raw articles, such as a PDF or a feed, are refused by name and skipped in
    folders, and so are symbolic links in folders.

    Exit code 1 when articles were invalid or every file was skipped, 2 when a file was refused,
    3 when the broker accepts no more for now.
    """
    check_inputs(paths)
    skipped: list[SkippedInput] = []
    settings = Settings.load()
    if settings.embedded_broker and embedded.ensure(settings.var_dir):
        _say_new_broker(settings.var_dir)
    with Producer(source=source) as producer:
        try:
            locations, receipts = push(
                producer,
                paths,
                exclude,
                invalid,
                wait=wait,
                skipped=skipped,
                follow_links=follow_links,
            )
        except Busy as e:
            if as_json:
                print_json(
                    {"receipts": e.receipts, "invalid": [], "skipped": skipped_rows(skipped)}
                )
            err.print(f"worker: {e}; --wait waits", markup=False, soft_wrap=True)
            sys.exit(EXIT_UNAVAILABLE)
        problems = [(locations[bad.position], bad) for bad in producer.invalid]
    refused = [skipped_input for skipped_input in skipped if skipped_input.asked_for]
    if refused and not locations:
        raise NoRawArticles(refused)
    if as_json:
        invalid_rows = [_row(location, bad) for location, bad in problems]
        print_json(
            {"receipts": receipts, "invalid": invalid_rows, "skipped": skipped_rows(skipped)}
        )
    else:
        for location, bad in problems:
            problem = visible(f"{location}: {bad.reason}: {bad.detail}", one_line=True)
            err.print(problem, style="yellow", markup=False)
        for skipped_input in refused:
            named = visible(str(skipped_input), one_line=True)
            err.print(named, style="yellow", markup=False, soft_wrap=True)
        parts = [f"enqueued {several(len(receipts), 'raw article')}"]
        parts += [_broken(len(problems), invalid)] if problems else []
        parts += [] if locations else [nothing_to_read(paths)]
        parts += filter(None, [skipped_summary(skipped)])
        out.print(visible("; ".join(parts), one_line=True), markup=False, soft_wrap=True)
        for line in _receipt_lines(receipts):
            out.print(visible(line, one_line=True), markup=False, soft_wrap=True)
    sys.exit(1 if problems or refused or (skipped and not locations) else 0)


def _receipt_lines(receipts: Sequence[str]) -> list[str]:
    """Name the receipts of a few articles, or say how to get those of many."""
    if len(receipts) > _MOST_RECEIPTS:
        return ["`worker explain RECEIPT` says what becomes of one; --json prints the receipts"]
    lines = [f"  receipt {receipt}" for receipt in receipts]
    return [*lines, "`worker explain RECEIPT` says what becomes of it"] if lines else []


def _broken(count: int, invalid: OnInvalid) -> str:
    """Say how many articles break the contract, and what becomes of them."""
    one = count == 1
    fate = f"will be {'a dead letter' if one else 'dead letters'}"
    if invalid == "collect":
        fate = "was left out" if one else "were left out"
    which = "that breaks" if one else "that break"
    return f"{several(count, 'raw article')} {which} the contract {fate}"


def _say_new_broker(var_dir: Path) -> None:
    """Say where an embedded broker was started: a worker in another folder reads from another."""
    err.print(
        f"started an embedded broker in {var_dir.absolute()}; only a worker with the same var "
        "folder reads from it: start it in this folder, or set WORKER_VAR_DIR",
        style="yellow",
        markup=False,
        soft_wrap=True,
    )


def push(
    producer: Producer,
    paths: tuple[Path, ...],
    exclude: tuple[str, ...],
    invalid: OnInvalid,
    *,
    wait: bool,
    skipped: list[SkippedInput],
    follow_links: bool,
    before_each: Callable[[], None] = lambda: None,
) -> tuple[list[str], list[str]]:
    """Enqueue the raw articles of files, and count them on a progress bar.

    Return the location of each raw article (file, or file and line), and the receipts of those that
    were sent. Inputs without a raw article are added to `skipped`. `invalid` is the choice of
    `--invalid`; with `wait` a full broker is waited for; `before_each` is called before each
    article. `follow_links` is the option --follow-symlinks.
    """
    locations: list[str] = []
    with progress("enqueueing") as bar:
        task = bar.add_task("", total=None)
        waiting = False

        def on_stop(advice: Advice) -> None:
            nonlocal waiting
            if not waiting:
                err.print(f"waiting for workers: {advice.reason}", style="yellow", markup=False)
            waiting = True

        def raws() -> Iterator[object]:
            for location, raw in read_inputs(paths, exclude, skipped, follow_links=follow_links):
                if not locations:
                    producer.advice()  # a broker that is away is told at once, not after retries
                before_each()
                locations.append(location)
                yield raw

        receipts = producer.enqueue(
            raws(),
            invalid=invalid,
            on_sent=lambda count: bar.advance(task, count),
            on_stop=on_stop if wait else None,
        )
    return locations, receipts


def _row(location: str, bad: Invalid) -> dict[str, str]:
    return {"where": location, "reason": bad.reason, "detail": bad.detail}
