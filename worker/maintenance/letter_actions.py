"""Replay or drop all dead letters that match a query, if their number is still the one that a
person was shown.

Whoever decides about dead letters (raw articles that could not be processed) has seen a number of
them. Meanwhile others may fail, or some may be replayed. So the number is checked again, and only
letters that still match are touched.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from worker.client.producer import Producer
from worker.errors import Reason
from worker.maintenance.replay import refusal
from worker.maintenance.replay import replay as send
from worker.maintenance.undeliverable import give_up
from worker.store.dead_letter_values import DeadLetterQuery, DeadLetterState, StoredDeadLetter
from worker.store.ports import DeadLetterStore

MOST_AT_ONCE = 10_000  # letters that one action replays or drops
_READ_AT_ONCE = 50  # letters; each may have a payload of megabytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterSelection:
    """The dead letters that would be replayed or dropped.

    `letter_ids` are the ids of those that match, the last failure first. The payloads of the first
    `examined` ones were read, and `left_out` maps the ids of those that can't be replayed to the
    reason. `is_complete` is False if more letters match than can be replayed or dropped at once.
    """

    letter_ids: tuple[str, ...]
    left_out: dict[str, str]
    examined: int
    is_complete: bool


class ChangedMeanwhile(Exception):
    """The number of dead letters that match is not the one that was shown. `found` is the number
    now."""

    def __init__(self, found: int) -> None:
        super().__init__(f"{found} dead letters match now")
        self.found = found


def select_letters(
    store: DeadLetterStore, query: DeadLetterQuery, most_examined: int = MOST_AT_ONCE
) -> LetterSelection:
    """Return the dead letters that match a query, and which of them can't be replayed.

    `query.limit` is ignored; at most 10,000 letters are returned. For those after the first
    `most_examined`, it is not found out whether they can be replayed.
    """
    limited = replace(query, limit=MOST_AT_ONCE + 1)
    letter_ids = store.letter_ids(limited)
    chosen = tuple(letter_ids[:MOST_AT_ONCE])
    left_out = {
        letter.letter_id: why
        for page in _pages(chosen[:most_examined])
        for letter in store.letters(page)
        if (why := refusal(letter))
    }
    complete = len(letter_ids) <= MOST_AT_ONCE
    return LetterSelection(
        letter_ids=chosen,
        left_out=left_out,
        examined=min(len(chosen), most_examined),
        is_complete=complete,
    )


def drop_selected(store: DeadLetterStore, query: DeadLetterQuery, expected: int) -> int:
    """Remove the dead letters that match a query for good, and return how many.

    Raises ChangedMeanwhile, and removes none, if there are not exactly `expected` of them.
    """
    letter_ids = store.letter_ids(replace(query, limit=MOST_AT_ONCE + 1))
    if len(letter_ids) != expected:
        raise ChangedMeanwhile(len(letter_ids))
    for letter in _undeliverable(store, query, letter_ids):
        # With its own time: a newer one would take the letter out of the query.
        give_up(store, [letter], letter.last)
    found = store.drop_matching(query, expected)
    if found != expected:
        raise ChangedMeanwhile(found)
    return found


def replay_selected(
    store: DeadLetterStore, producer: Producer, letter_ids: Sequence[str], *, per_s: float
) -> Iterator[int]:
    """Send dead letters through the workers again, at most `per_s` a second.

    Letters that are not dead any more, because somebody else has replayed them meanwhile, are left
    out. Yields the number of letters sent after each group of at most 50.
    """
    still_dead = (DeadLetterState.DEAD,)
    for receipts in send(store, producer, letter_ids, per_s=per_s, states=still_dead):
        yield len(receipts)


def _undeliverable(
    store: DeadLetterStore, query: DeadLetterQuery, letter_ids: Sequence[str]
) -> Iterator[StoredDeadLetter]:
    if query.reason not in ("", Reason.UNDELIVERABLE):
        return
    for page in _pages(letter_ids):
        for letter in store.letters(page):
            if letter.reason == Reason.UNDELIVERABLE:
                yield letter


def _pages(letter_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(letter_ids), _READ_AT_ONCE):
        yield letter_ids[start : start + _READ_AT_ONCE]
