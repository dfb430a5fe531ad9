"""Print dead letters, articles that could not be processed: as a table, or one with all fields."""

import json
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from worker.cli.terminal import json_object, make_table, moment, out, several, visible
from worker.client.unknown_keys import unknown_keys
from worker.errors import Reason
from worker.explain.dead_letter_sentences import dead_letter_advice
from worker.model.dataclass_fields import field_values
from worker.model.short_ids import short_id
from worker.store.dead_letter_values import DeadLetterState, StoredDeadLetter
from worker.store.ports import DeadLetterReader

_COLUMNS = ("detail", "reason", "stage", "source", "seen", "last", "id")
_MOST_KEYS = 3  # named in a detail
_SOME = 20  # rows shown of what would be replayed or dropped


def print_letters(letters: Sequence[StoredDeadLetter]) -> None:
    out.print("dead letters, the last seen first", style="bold")
    out.print(make_letter_table(letters))
    out.print()


def make_letter_table(letters: Sequence[StoredDeadLetter]) -> Table:
    """Make a table with a line for each dead letter, an article that could not be processed."""
    stated = any(letter.state is not DeadLetterState.DEAD for letter in letters)
    columns = ("detail", *(("state",) if stated else ()), *_COLUMNS[1:])
    return make_table(columns, [_row(letter, columns) for letter in letters])


def _row(letter: StoredDeadLetter, columns: Sequence[str]) -> list[object]:
    fields = {**field_values(letter), "id": short_id(letter.letter_id), "detail": _detail(letter)}
    if letter.state is DeadLetterState.REPLAYED:
        fields["state"] = f"replayed: {letter.outcome or 'on its queue'}"
    return [fields[column] for column in columns]


def _detail(letter: StoredDeadLetter) -> str:
    """The detail of a dead letter. If it lacks what a key would have named, the keys of its payload
    that were probably mistyped come first."""
    if letter.reason not in (Reason.EMPTY, Reason.NO_IDENTITY) or not letter.whole:
        return letter.detail
    try:
        raw = json.loads(letter.payload)
    except (ValueError, RecursionError):
        return letter.detail
    keys = unknown_keys(raw) if isinstance(raw, dict) else ()
    meant = [f"{key.path}: {key.advice}" for key in keys if key.advice.endswith("?")]
    return f"{' '.join(meant[:_MOST_KEYS])} ({letter.detail})" if meant else letter.detail


def print_some(store: DeadLetterReader, ids: Sequence[str]) -> None:
    """Print a table of the first 20 of these dead letters, and how many more there are.

    `ids` are the ids of dead letters, articles that could not be processed.
    """
    if ids:
        print_letters(store.letters(ids[:_SOME]))
    if len(ids) > _SOME:
        out.print(f"… and {len(ids) - _SOME} more")


def print_letter(letter: StoredDeadLetter) -> None:
    replay = f"{letter.replay} at {moment(letter.replay_at)}" if letter.replay_at else ""
    facts = {
        "id": letter.letter_id,
        "reason": letter.reason,
        "detail": _detail(letter),
        "stage": letter.stage,
        "source": letter.source,
        "queue": letter.queue,
        "seen": several(letter.seen, "time"),
        "first": moment(letter.first),
        "last": moment(letter.last),
        "state": letter.state,
        "replay": replay,
        "outcome": letter.outcome,
        "article": letter.article_id,
        "payload": several(letter.bytes, "byte") + ("" if letter.whole else ", not all of it kept"),
    }
    for name, value in facts.items():
        if value:
            out.print(Text(visible(f"{name:>8}  {value}", one_line=True)))
    if letter.state is DeadLetterState.DEAD:
        out.print(Text(visible(dead_letter_advice(letter), one_line=True)), soft_wrap=True)
    out.print()
    out.print(Text(visible(_pretty(letter.payload))))


def _pretty(payload: str) -> str:
    try:
        return json.dumps(json.loads(payload), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return payload


def plain(letter: StoredDeadLetter) -> dict[str, Any]:
    """Convert a dead letter to JSON values, without its payload.

    A dead letter is an article that could not be processed. Its payload, the article as it was
    received, may have megabytes.
    """
    return json_object(letter, exclude={"payload"})
