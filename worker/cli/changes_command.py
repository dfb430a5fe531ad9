"""`worker changes`: print the changes of articles since a cursor."""

import signal
import time
from collections.abc import Iterator

import click
from pydantic import TypeAdapter

from worker import bootstrap
from worker.cli.finite_numbers import FiniteRange
from worker.cli.terminal import echo_json, echo_line, err, moment
from worker.settings import Settings
from worker.store.ports import ChangeFeed
from worker.store.values import Change

_CHANGE = TypeAdapter(Change)
_MOST_TAGS = 8  # gained or lost tags that a line shows
_LOOK_S = 0.1  # pause between two checks for Ctrl-C


@click.command(epilog="Example: worker changes --since now --follow --json")
@click.option("--since", default="start", show_default=True, metavar="CURSOR|start|oldest|now")
@click.option("--follow", is_flag=True, help="Wait for more until Ctrl-C.")
@click.option(
    "--every",
    "interval_s",
    default=1.0,
    show_default=True,
    type=FiniteRange(min=0.1),
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

    Old changes are removed (`worker retention`). If some of those after the cursor are, the command
    fails and says how to go on; `oldest` begins with the oldest change that is kept.
    """
    store = bootstrap.existing_store(Settings.load())
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
    signed = [
        *(f"+{tag}" for tag in change.tags_added),
        *(f"-{tag}" for tag in change.tags_removed),
    ]
    more = [f"… {len(signed) - _MOST_TAGS} more"] if len(signed) > _MOST_TAGS else []
    what = "  ".join((title, *signed[:_MOST_TAGS], *more))
    return f"{change.cursor}  {at}  {change.kind:9}  {change.article_id}  {number}  {what}".rstrip()
