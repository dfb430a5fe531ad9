"""Send dead letters, articles that could not be processed, again for `worker dead replay`."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from worker.cli.file_kinds import NotRawArticle
from worker.cli.file_reading import read_file
from worker.cli.terminal import out, print_json, progress, several
from worker.model.receipts import replay_receipt
from worker.settings import Settings
from worker.store.ports import DeadLetterReader, DeadLetterStore


def failing(store: DeadLetterReader, ids: Sequence[str]) -> dict[str, str]:
    """Which of these dead letters would fail again, and why, by id. Nothing is stored or sent."""
    from worker.maintenance.replay_trial import MOST_TRIED, failing_letters

    letters = store.letters(ids[:MOST_TRIED])
    with _silent_worker_log():
        return failing_letters(letters, Settings.load().config_dir, datetime.now(UTC))


def send_mended(
    store: DeadLetterStore, ids: Sequence[str], path: Path, *, yes: bool, as_json: bool
) -> None:
    """Send the raw article in a file in place of that of a dead letter, if it would not fail."""
    from worker.client.producer import Producer
    from worker.maintenance.replay import replay_mended
    from worker.maintenance.replay_trial import failures

    letters = store.letters(ids)
    if len(letters) != 1 or letters[0].queue:
        raise click.UsageError("--with mends one dead letter: name its id; replayed ones are done")
    [letter], values = letters, [raw for _, raw in read_file(path)]
    if letter.replay == replay_receipt(letter.letter_id, letter.seen):
        raise click.UsageError(
            f"it was sent again already, under the receipt {letter.replay}: `worker explain` says "
            "what became of that"
        )
    if len(values) != 1 or isinstance(values[0], NotRawArticle):
        raise click.UsageError(f"{path}: it must have one raw article")
    with _silent_worker_log():
        failed = failures({str(path): values[0]}, Settings.load().config_dir, datetime.now(UTC))
    if failed:
        raise click.ClickException(f"{path} would fail, too: {failed[str(path)]}")
    receipts = {}
    if yes:
        with Producer() as producer:
            receipts[letter.letter_id] = replay_mended(store, producer, letter, values[0])
    if as_json:
        row = {"letter_id": letter.letter_id, "receipt": receipts.get(letter.letter_id)}
        print_json({"replayed": yes, "letters": [row], "left_out": {}})
    elif yes:
        print_replayed(receipts)
    else:
        print_dry_run("replay", "replayed", 1)


@contextmanager
def _silent_worker_log() -> Iterator[None]:
    """Let this package log nothing in the `with` block: what is tried is printed instead."""
    handler, log = logging.NullHandler(), logging.getLogger("worker")
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


def print_replayed(receipts: Mapping[str, str]) -> None:
    """Say that dead letters wait on the queue again, and by which command their outcome is seen.

    `receipts` maps the id of each letter to the receipt under which it was sent.
    """
    tells = "`worker dead list --all` tells what became of each"
    if len(receipts) == 1:
        tells = f"`worker explain {next(iter(receipts.values()))}` tells what became of it"
    next_step = f": once a worker has done that, {tells}" if receipts else ""
    out.print(f"replaying {several(len(receipts), 'dead letter')}{next_step}", soft_wrap=True)


def send_letters(store: DeadLetterStore, ids: Sequence[str], per_s: float) -> dict[str, str]:
    from worker.client.producer import Producer
    from worker.maintenance.replay import replay

    receipts: dict[str, str] = {}
    with Producer() as producer, progress("replaying") as bar:
        task = bar.add_task("", total=len(ids))
        for sent in replay(store, producer, ids, per_s=per_s):
            receipts |= sent
            bar.advance(task, len(sent))
    return receipts


def print_dry_run(verb: str, done: str, count: int) -> None:
    if count:
        out.print(f"would {verb} {several(count, 'dead letter')}; nothing is {done} yet: add --yes")
    else:
        out.print(f"nothing to {verb}")
