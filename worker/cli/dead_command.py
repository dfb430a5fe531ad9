"""`worker dead`: list, show, replay and drop dead letters, articles that could not be processed."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from worker.cli.dead_letter_access import open_dead_letters
from worker.cli.dead_letter_tables import plain, print_letter, print_letters, print_some
from worker.cli.dead_replays import (
    failing,
    print_dry_run,
    print_replayed,
    send_letters,
    send_mended,
)
from worker.cli.finite_numbers import FiniteRange
from worker.cli.search_commands import Since
from worker.cli.terminal import (
    NotFound,
    counted,
    err,
    out,
    print_json,
    progress,
    several,
    visible,
    yes_option,
)
from worker.errors import Reason
from worker.model.short_ids import short_id
from worker.store.dead_letter_values import DeadLetterQuery, DeadLetterState, StoredDeadLetter
from worker.store.ports import DeadLetterReader, DeadLetterStore

_OPEN = (DeadLetterState.DEAD, DeadLetterState.REPLAYING)


@click.group(epilog="Example: worker dead list --reason malformed --since 7d")
def dead() -> None:
    """List, show, replay or drop dead letters: raw articles that could not be processed.

    A dead letter keeps the payload, the reason and the stage that failed. Equal payloads are one
    dead letter with a count. IDS may be the beginnings of ids.
    """


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    options = [
        click.argument("ids", nargs=-1),
        click.option(
            "--reason",
            type=click.Choice([reason.value for reason in Reason]),
            metavar="REASON",
        ),
        click.option("--source", default="", help="Source id."),
        click.option("--stage", default="", help="The stage that failed: clean, tag, broker …"),
        click.option("--since", type=Since(), help="Seen last since: 2026-11-01 or 7d."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@dead.command("list", epilog="Example: worker dead list --reason crashed --since 1d")
@_filters
@click.option(
    "--all",
    "include_replayed",
    is_flag=True,
    help="Also those that were replayed and are not dead any more.",
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--json", "as_json", is_flag=True, help="Print counts and letters as JSON.")
def list_(include_replayed: bool, limit: int, as_json: bool, **filters: Any) -> None:
    """List dead letters: counts by reason, then the most recent ones without payloads.

    A dead letter is an article that could not be processed. Those that succeeded when they were
    sent again are only listed with --all.
    """
    store = open_dead_letters()
    states = tuple(DeadLetterState) if include_replayed else _OPEN
    query = _query(store, states, limit, **filters)
    counts = store.count_letters(query)
    letters = store.letters(store.letter_ids(query))
    if as_json:
        print_json({"counts": counts, "letters": [plain(letter) for letter in letters]})
        return
    if not letters:
        out.print("no dead letters")
        return
    total = sum(counts.values())
    out.print(f"[bold]{several(total, 'dead letter')}:[/] {counted(counts)}\n")
    print_letters(letters)
    if total > len(letters):
        out.print(f"… and {total - len(letters)} more: --limit {total}")


@dead.command(epilog="Example: worker dead show 3f2a91 --raw > payload.json")
@click.argument("letter_id", metavar="ID")
@click.option("--raw", is_flag=True, help="Print the payload alone, as it was received.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def show(letter_id: str, raw: bool, as_json: bool) -> None:
    """Show one dead letter with its payload.

    A dead letter is an article that could not be processed, and its payload what was received. ID
    may be the beginning of an id.
    """
    store = open_dead_letters()
    letter_ids = store.letter_ids(_query(store, tuple(DeadLetterState), 6, (letter_id,)))
    if len(letter_ids) > 1:
        some = ", ".join(letter_ids[:5])
        raise NotFound(f"several ids begin with {letter_id}: {some}")
    (letter,) = store.letters(letter_ids)
    if raw:
        _print_raw(letter)
    elif as_json:
        print_json(letter)
    else:
        print_letter(letter)


def _print_raw(letter: StoredDeadLetter) -> None:
    from worker.maintenance.undeliverable import message_of

    payload = message_of(letter) if letter.queue and letter.whole else letter.payload.encode()
    sys.stdout.buffer.write(payload)
    if not letter.whole:
        err.print(f"only {len(payload):,} of {several(letter.bytes, 'byte')} were kept")


@dead.command(
    epilog="Examples: worker dead replay --reason crashed · worker dead replay 3f2a91 --yes"
)
@_filters
@click.option(
    "--again", "include_replaying", is_flag=True, help="Also those whose replay has no outcome yet."
)
@click.option(
    "--rate",
    default=50.0,
    show_default=True,
    type=FiniteRange(min=0.01),
    help="The most that are sent in a second.",
)
@click.option("--limit", type=click.IntRange(min=1), help="The most that are taken.")
@click.option(
    "--with",
    "mended",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Send the raw article in this file, mended by hand, in place of that of the one letter.",
)
@yes_option("replayed")
@click.option("--json", "as_json", is_flag=True, help="Print ids and receipts as JSON.")
def replay(
    include_replaying: bool,
    rate: float,
    limit: int | None,
    mended: Path | None,
    yes: bool,
    as_json: bool,
    **filters: Any,
) -> None:
    """Send dead letters through the pipeline again, at most RATE a second.

    Workers process them after new articles. An article that fails again is the same dead letter
    with a higher count. The dead letter of an article that succeeds is only listed with --all,
    with what became of it. Without --yes nothing is sent, and articles with a fault in them are
    tried: it is said which of them would fail again.

    With --with, IDS is one letter, and the mended article is refused if it would fail, too. The
    letter then leads to the article that is stored.
    """
    from worker.maintenance.replay import refusal

    store = open_dead_letters()
    states = _OPEN if include_replaying else (DeadLetterState.DEAD,)
    ids = store.letter_ids(_query(store, states, limit, **filters))
    if mended:
        send_mended(store, ids, mended, yes=yes, as_json=as_json)
        return
    left_out = {
        letter.letter_id: why
        for start in range(0, len(ids), 100)
        for letter in store.letters(ids[start : start + 100])
        if (why := refusal(letter))
    }
    ids = [letter_id for letter_id in ids if letter_id not in left_out]
    receipts = send_letters(store, ids, rate) if yes else {}
    would_fail = {} if yes else failing(store, ids)
    if as_json:
        letters = [{"letter_id": i, "receipt": receipts.get(i)} for i in ids]
        printed = {"replayed": yes, "letters": letters, "left_out": left_out}
        print_json(printed | ({} if yes else {"would_fail": would_fail}))
        return
    if not yes:
        print_some(store, ids)
    for letter_id, why in left_out.items():
        err.print(f"{short_id(letter_id)} can't be replayed: {why}", style="yellow", markup=False)
    if yes:
        print_replayed(receipts)
        return
    for letter_id, why in would_fail.items():
        message = f"{short_id(letter_id)} would fail again: {why}"
        err.print(visible(message, one_line=True), style="yellow", markup=False, soft_wrap=True)
    if would_fail:
        first = short_id(next(iter(would_fail)))
        out.print(f"how to mend one: `worker explain {first}`; or drop it: `worker dead drop`")
    print_dry_run("replay", "replayed", len(ids))


@dead.command(epilog="Example: worker dead drop --reason malformed --source wire")
@_filters
@click.option(
    "--all",
    "include_replayed",
    is_flag=True,
    help="Also those that were replayed and are not dead any more.",
)
@click.option("--limit", type=click.IntRange(min=1), help="The most that are taken.")
@yes_option("dropped")
@click.option("--json", "as_json", is_flag=True, help="Print the ids as JSON.")
def drop(
    include_replayed: bool, limit: int | None, yes: bool, as_json: bool, **filters: Any
) -> None:
    """Remove dead letters for good, with their payloads. Without --yes nothing is removed.

    A dead letter is an article that could not be processed, and its payload what was received.
    """
    store = open_dead_letters()
    states = (DeadLetterState.DEAD, *((DeadLetterState.REPLAYED,) if include_replayed else ()))
    ids = store.letter_ids(_query(store, states, limit, **filters))
    dropped = _drop(store, ids) if yes else 0
    if as_json:
        print_json({"dropped": yes, "letters": ids})
    elif yes:
        out.print(f"dropped {several(dropped, 'dead letter')}")
    else:
        print_some(store, ids)
        print_dry_run("drop", "dropped", len(ids))


def _drop(store: DeadLetterStore, ids: Sequence[str]) -> int:
    from worker.maintenance.undeliverable import give_up

    dropped = 0
    with progress("dropping") as bar:
        task = bar.add_task("", total=len(ids))
        for start in range(0, len(ids), 100):
            page = ids[start : start + 100]
            give_up(store, store.letters(page), datetime.now(UTC))
            dropped += store.drop_letters(page)
            bar.advance(task, len(page))
    return dropped


def _query(
    store: DeadLetterReader,
    states: tuple[DeadLetterState, ...],
    limit: int | None,
    ids: tuple[str, ...] = (),
    reason: str | None = None,
    source: str = "",
    stage: str = "",
    since: datetime | None = None,
) -> DeadLetterQuery:
    beginnings = tuple(beginning.strip().lower() for beginning in ids)
    for beginning in beginnings:
        any_of_it = DeadLetterQuery(
            id_prefixes=(beginning,), states=tuple(DeadLetterState), limit=1
        )
        if not beginning or not store.letter_ids(any_of_it):
            raise NotFound(f"no dead letter {beginning}; find ids with `worker dead list --all`")
    return DeadLetterQuery(
        id_prefixes=beginnings,
        states=states,
        limit=limit,
        reason=reason or "",
        source=source,
        stage=stage,
        since=since,
    )
