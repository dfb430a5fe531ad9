"""The ledger: every receipt in the journal has an outcome or is in the broker, or it is missing.

Receipts move while this reads: from waiting to leased, back again, to an outcome. So the journal
is read first and the outcomes last, and what nobody found is looked for again, for `grace_s`
seconds. Only what is in no place at any look is missing.
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
from worker.maintenance.undeliverable import buried_messages
from worker.model.records import JournalEntry
from worker.store.ports import AuditStore, DeadLetterReader

_LONGEST_PAUSE_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The balance of one UTC day of the journal: `received` is the sum of all that follows."""

    day: str
    received: int
    ended: dict[str, int]  # outcome -> receipts
    waiting: int
    leased: int
    undeliverable: int  # in messages on a dead list, or buried whole
    missing: int
    foreign: int  # besides: outcomes of this day whose receipts nobody journalled


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    days: list[Day]
    missing: list[JournalEntry]


def balance(
    channel: Any,
    queues: Sequence[str],
    store: AuditStore,
    since: datetime,
    until: datetime,
    *,
    grace_s: float,
) -> Balance:
    """What became of the receipts entered in this time. Raises Unavailable."""
    collect(channel, store.add_journal_entries)
    tally = store.tally_receipts(since, until)
    found = _find(tally.open.keys(), channel, queues, store, grace_s)
    counts: Counter[tuple[str, str]] = Counter(tally.ended)
    counts.update((day, found.get(receipt, "missing")) for receipt, day in tally.open.items())
    missing = sorted(tally.open.keys() - found.keys())
    return Balance(days=_days(counts, tally.foreign), missing=store.journal_entries(missing))


def _find(
    wanted: Iterable[str], channel: Any, queues: Sequence[str], store: AuditStore, grace_s: float
) -> dict[str, str]:
    """Where these receipts are. Looks again for what it does not find, until the time is up."""
    found: dict[str, str] = {}
    missing, deadline, pause_s = set(wanted), time.monotonic() + grace_s, 0.05
    while missing:
        for place, receipts in _held(channel, queues, store):
            found.update((receipt, place) for receipt in missing.intersection(receipts))
        missing.difference_update(found)
        ended = store.outcomes(sorted(missing))
        found.update((receipt, outcome.kind) for receipt, outcome in ended.items())
        missing.difference_update(ended)
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            break
        if missing:
            time.sleep(min(left_s, pause_s))
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    return found


def _held(
    channel: Any, queues: Sequence[str], store: DeadLetterReader
) -> Iterator[tuple[MessageState, list[str]]]:
    """What broker and store hold of messages; undeliverable ones go from here to there."""
    yield from list_messages(channel, queues)
    for message in buried_messages(store):
        yield MessageState.UNDELIVERABLE, receipts_in(message)


def _days(counts: Counter[tuple[str, str]], foreign: dict[str, int]) -> list[Day]:
    days: dict[str, dict[str, int]] = {day: {} for day in foreign}
    for (day, what), count in counts.items():
        days.setdefault(day, {})[what] = count
    return [_day(day, days[day], foreign.get(day, 0)) for day in sorted(days)]


def _day(day: str, counts: dict[str, int], foreign: int) -> Day:
    return Day(
        day=day,
        received=sum(counts.values()),
        waiting=counts.pop(MessageState.WAITING, 0),
        leased=counts.pop(MessageState.LEASED, 0),
        undeliverable=counts.pop(MessageState.UNDELIVERABLE, 0),
        missing=counts.pop("missing", 0),
        ended=counts,
        foreign=foreign,
    )
