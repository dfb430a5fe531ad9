"""`worker enqueue`: files become raw articles on the queue."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from worker.broker.pressure import Advice
from worker.cli import EXIT_UNAVAILABLE
from worker.cli.read import Read, files_below, read_file
from worker.cli.terminal import err, out, print_json, progress, several
from worker.errors import Busy
from worker.producer import Invalid, OnInvalid, Producer


@click.command(
    epilog="Examples: worker enqueue seeds/ --exclude expected.jsonl · poller | worker enqueue -"
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--source", default="", help="Source of articles that name none.")
@click.option("--exclude", multiple=True, help="File names to leave out of folders, as a glob.")
@click.option(
    "--invalid",
    type=click.Choice(["bury", "collect"]),
    default="bury",
    show_default=True,
    help="Send what breaks the contract on to be kept as a dead letter, or leave it out.",
)
@click.option("--wait", is_flag=True, help="Wait while the broker has enough, instead of ending.")
@click.option("--json", "as_json", is_flag=True, help="Print receipts as JSON.")
def enqueue(
    paths: tuple[Path, ...],
    source: str,
    exclude: tuple[str, ...],
    invalid: OnInvalid,
    wait: bool,
    as_json: bool,
) -> None:
    """Put raw articles from files on the queue.

    PATHS are files or folders of .json, .jsonl, .txt and .html; "-" reads JSON lines from
    standard input. Prints how many were enqueued; exit code 1 when some were invalid, 3 when the
    broker has enough for now.
    """
    with Producer(source=source) as producer:
        try:
            places, receipts = push(producer, paths, exclude, invalid, wait=wait)
        except Busy as e:
            if as_json:
                print_json({"receipts": e.receipts, "invalid": []})
            err.print(f"worker: {e}; --wait waits", markup=False, soft_wrap=True)
            sys.exit(EXIT_UNAVAILABLE)
        problems = [(places[bad.position], bad) for bad in producer.invalid]
    if as_json:
        print_json({"receipts": receipts, "invalid": [_row(where, bad) for where, bad in problems]})
    else:
        fate = "will be dead letters" if invalid == "bury" else "were left out"
        for where, bad in problems:
            err.print(f"{where}: {bad.reason}: {bad.detail}", style="yellow", markup=False)
        tail = f"; {len(problems)} break the contract and {fate}" if problems else ""
        out.print(f"enqueued {several(len(receipts), 'raw article')}{tail}")
    sys.exit(1 if problems else 0)


def push(
    producer: Producer,
    paths: tuple[Path, ...],
    exclude: tuple[str, ...],
    invalid: OnInvalid,
    *,
    wait: bool,
    before_each: Callable[[], None] = lambda: None,
) -> tuple[list[str], list[str]]:
    """Enqueue every article of these files; returns where each stood, and the receipts."""
    places: list[str] = []
    with progress("enqueueing") as bar:
        task = bar.add_task("", total=None)
        waiting = False

        def on_stop(advice: Advice) -> None:
            nonlocal waiting
            if not waiting:
                err.print(f"waiting for workers: {advice.reason}", style="yellow", markup=False)
            waiting = True

        def raws() -> Iterator[object]:
            for where, raw in reads(paths, exclude):
                before_each()
                places.append(where)
                yield raw

        receipts = producer.enqueue(
            raws(),
            invalid=invalid,
            on_sent=lambda count: bar.advance(task, count),
            on_stop=on_stop if wait else None,
        )
    return places, receipts


def reads(paths: tuple[Path, ...], exclude: tuple[str, ...] = ()) -> Iterator[Read]:
    for path in paths:
        if str(path) != "-" and not path.exists():
            raise click.BadParameter(f"{path} does not exist", param_hint="PATHS")
        for file in files_below(path, exclude):
            name = str(file.relative_to(path)) if path.is_dir() else str(file)
            yield from read_file(file, name)


def _row(where: str, bad: Invalid) -> dict[str, str]:
    return {"where": where, "reason": bad.reason, "detail": bad.detail}
