"""Find out for `worker ledger` what became of each delivered article, and which ones got lost.

Each delivery of an article has an id, the receipt, which the broker notes in a journal. For each
noted receipt there should be an outcome in the store, or a message in the broker. Else the article
is reported as missing, after a few searches, because messages move while they are searched.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.broker.bodies import receipts_in
from worker.broker.inventory import MessageState, list_messages
from worker.broker.journal import collect
from worker.maintenance.undeliverable import undeliverable_messages
from worker.model.records import JournalEntry
from worker.store.ledger_values import LostMessages
from worker.store.ports import AuditStore, DeadLetterReader

_LONGEST_PAUSE_S = 2.0
_HELD = "held"  # the state of an article whose source is paused


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBalance:
    """How many articles the broker accepted on one UTC day, and where they are now.

    `ended` counts those with an outcome, by outcome; `waiting` those in the queue, `leased` those
    that a worker has taken, `undeliverable` those in messages that could not be processed, `held`
    those that wait in the store because their source is paused, and `missing` those found nowhere.
    These add up to `received`. `foreign` counts outcomes of that day
    for articles of which the broker has not noted that it accepted them.
    """

    day: str
    received: int
    ended: dict[str, int]  # outcome -> receipts
    waiting: int
    leased: int
    undeliverable: int  # in undeliverable messages, in the broker or the store
    held: int  # in the store, because their source is paused
    missing: int
    foreign: int  # outcomes of this day whose receipts are not in the journal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptBalance:
    """What became of the articles that the broker accepted, by the receipts (ids of deliveries)
    that it noted.

    `days` has the counts of each day, and `missing` the receipts of articles found nowhere. `lost`
    names the messages that the broker lost together with the notes of their receipts. `expired`
    counts articles in a producer's own journal that were sent so long ago that their outcomes are
    removed.
    """

    days: list[DayBalance]
    missing: list[JournalEntry]
    lost: list[LostMessages]  # messages whose receipts are unknown
    expired: int = 0  # of a producer's own journal: too old to be looked up


def balance(
    channel: Any,
    queues: Sequence[str],
    store: AuditStore,
    since: datetime,
    until: datetime,
    *,
    grace_s: float,
) -> ReceiptBalance:
    """Find out what became of the articles that the broker accepted from `since` to `until`.

    For each, an outcome in the store or a message in one of the `queues` is looked for. Messages
    move during the search, so it is repeated for `grace_s` seconds for articles not found. Raises
    Unavailable if store or broker do not answer.
    """
    collect(channel, store.add_journal_entries)
    tally = store.tally_receipts(since, until)
    states = _find(tally.open.keys(), channel, queues, store, grace_s)
    counts: Counter[tuple[str, str]] = Counter(tally.ended)
    counts.update((day, states.get(receipt, "missing")) for receipt, day in tally.open.items())
    missing = sorted(tally.open.keys() - states.keys())
    return ReceiptBalance(
        days=_days(counts, tally.foreign),
        missing=store.journal_entries(missing),
        lost=store.lost_messages(since, until),
    )


def _find(
    receipts: Iterable[str], channel: Any, queues: Sequence[str], store: AuditStore, grace_s: float
) -> dict[str, str]:
    """Return for each receipt its outcome, or the state of its message, such as `waiting`.

    Searches again for missing receipts for `grace_s` seconds, and then leaves them out.
    """
    states: dict[str, str] = {}
    missing, deadline, pause_s = set(receipts), time.monotonic() + grace_s, 0.05
    while missing:
        for state, in_message in _messages(channel, queues, store):
            states.update((receipt, state) for receipt in missing.intersection(in_message))
        # Before and after the broker is searched they may move: the next search finds them.
        held = store.held.held_receipts(sorted(missing.difference(states)))
        states.update(dict.fromkeys(held, _HELD))
        missing.difference_update(states)
        ended = store.outcomes(sorted(missing))
        states.update((receipt, outcome.kind) for receipt, outcome in ended.items())
        missing.difference_update(ended)
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            break
        if missing:
            time.sleep(min(left_s, pause_s))
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    return states


def _messages(
    channel: Any, queues: Sequence[str], store: DeadLetterReader
) -> Iterator[tuple[MessageState, list[str]]]:
    """Yield the state and the receipts of each message in the broker, then of undeliverable ones.

    The broker comes first, because undeliverable messages move from there to the store.
    """
    yield from list_messages(channel, queues)
    for message in undeliverable_messages(store):
        yield MessageState.UNDELIVERABLE, receipts_in(message)


def _days(counts: Counter[tuple[str, str]], foreign: dict[str, int]) -> list[DayBalance]:
    days: dict[str, dict[str, int]] = {day: {} for day in foreign}
    for (day, what), count in counts.items():
        days.setdefault(day, {})[what] = count
    return [_day(day, days[day], foreign.get(day, 0)) for day in sorted(days)]


def _day(day: str, counts: dict[str, int], foreign: int) -> DayBalance:
    return DayBalance(
        day=day,
        received=sum(counts.values()),
        waiting=counts.pop(MessageState.WAITING, 0),
        leased=counts.pop(MessageState.LEASED, 0),
        undeliverable=counts.pop(MessageState.UNDELIVERABLE, 0),
        held=counts.pop(_HELD, 0),
        missing=counts.pop("missing", 0),
        ended=counts,
        foreign=foreign,
    )
