"""Read and write the journal, the list of receipts that the broker accepted from producers.

A receipt is the id of one raw article that a producer sent. The journal is compared with the stored
outcomes of receipts, to find accepted articles that were lost.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from worker.model.dataclass_fields import field_values
from worker.model.receipts import message_number
from worker.model.records import JournalEntry
from worker.store.database.columns import stored_name
from worker.store.database.schema import journal, journal_messages, receipts
from worker.store.database.statements import CHUNK
from worker.store.database.upsert import insert
from worker.store.ledger_values import LostMessages, ReceiptTally
from worker.store.retention import progress
from worker.store.retention.aged_journal import is_foreign, of_unchanged
from worker.store.retention.ledger_days import frozen_days, utc_day

_CLOCKS = timedelta(minutes=5)  # by which the clocks of two brokers may differ


def add_journal_entries(connection: Connection, entries: Sequence[JournalEntry]) -> None:
    """Add entries to the journal, the list of raw articles that the broker accepted from producers.

    Each names a receipt, the id of one delivery of an article. If the journal has an entry for that
    receipt already, the old one is kept.
    """
    # All writers use this order, so workers that add the same entries at once do not deadlock.
    rows = sorted(
        (field_values(entry) for entry in entries), key=lambda row: stored_name(row["receipt"])
    )
    if rows:
        connection.execute(insert(connection, journal).on_conflict_do_nothing(), rows)
    _add_message_numbers(connection, entries)


def _add_message_numbers(connection: Connection, entries: Sequence[JournalEntry]) -> None:
    """Note the numbers of these entries' messages, for producers that number them.

    Not read from the entries later: a receipt that is sent twice has an entry for one message only.
    """
    times: dict[tuple[str, int], datetime] = {
        number: e.at for e in entries if (number := message_number(e.message_id))
    }
    rows = [
        {"producer": producer, "number": number, "at": times[producer, number]}
        for producer, number in sorted(times)
    ]
    if rows:
        connection.execute(insert(connection, journal_messages).on_conflict_do_nothing(), rows)


def lost_messages(connection: Connection, since: datetime, until: datetime) -> list[LostMessages]:
    """Return the messages that the broker accepted from producers and then lost.

    A producer numbers its messages, so a missing number shows a lost one. It is noticed by the next
    message of the producer that is stored; returned are the losses for which that one was pushed
    from `since` until before `until`.
    """
    numbers = journal_messages.c
    active = sa.select(numbers.producer).where(numbers.at >= since, numbers.at < until).distinct()
    incomplete = (
        sa.select(numbers.producer)
        .where(numbers.producer.in_(active))
        .group_by(numbers.producer)
        .having(sa.func.count() != sa.func.max(numbers.number))
    )
    rows = connection.execute(
        sa.select(numbers.producer, numbers.number, numbers.at)
        .where(numbers.producer.in_(incomplete))
        .order_by(numbers.producer, numbers.number)
    )
    gaps = [gap for gap in _gaps(rows) if since <= gap.before < until]
    return [part for gap in gaps for part in _without_entries(connection, gap)]


def _gaps(rows: Iterable[Any]) -> Iterator[LostMessages]:
    """Yield each range of missing numbers between rows (producer, number, at) in their order."""
    last_producer, last_number, last_at = "", 0, None
    for producer, number, at in rows:
        if producer != last_producer:
            last_producer, last_number, last_at = producer, 0, None
        if number > last_number + 1:
            yield LostMessages(
                producer=producer, first=last_number + 1, last=number - 1, after=last_at, before=at
            )
        last_number, last_at = number, at


def _without_entries(connection: Connection, gap: LostMessages) -> Iterator[LostMessages]:
    """Yield the parts of a range of missing numbers whose messages have no journal entry either.

    A worker of an earlier version stores the entries, but not the numbers.
    """
    # Entries carry the broker's clock, and a failover may change to a clock that is behind.
    entries = sa.select(journal.c.message_id).distinct().where(journal.c.at <= gap.before + _CLOCKS)
    if gap.after:
        entries = entries.where(journal.c.at >= gap.after - _CLOCKS)
    entries = entries.where(journal.c.message_id.like(f"%-{gap.producer}%"))
    ids = connection.execute(entries).scalars()
    stored = {number.number for message_id in ids if (number := message_number(message_id))}
    numbers = [n for n in sorted(stored) if gap.first <= n <= gap.last]
    edges = [gap.first - 1, *numbers, gap.last + 1]
    for low, high in pairwise(edges):
        if high > low + 1:
            yield replace(gap, first=low + 1, last=high - 1)


def journal_entries(connection: Connection, requested: Sequence[str]) -> list[JournalEntry]:
    """Return when and in which message the broker accepted the raw articles with these receipts.

    A receipt is the id of one delivery of an article. It has no entry if its acceptance was never
    recorded. The oldest entry comes first.
    """
    stored: list[JournalEntry] = []
    for start in range(0, len(requested), CHUNK):
        chunk = requested[start : start + CHUNK]
        statement = sa.select(journal).where(journal.c.receipt.in_(chunk))
        stored += [JournalEntry(**row) for row in connection.execute(statement).mappings()]
    return sorted(stored, key=lambda entry: (entry.at, entry.receipt))


def tally_receipts(connection: Connection, since: datetime, until: datetime) -> ReceiptTally:
    """Compare the articles that the broker accepted from `since` until before `until` with the
    outcomes.

    Returns how many of them had which outcome, which ones have no outcome and so may be lost, and
    how many outcomes of that time are for articles that the broker is not known to have accepted.
    """
    rows = connection.execute(
        sa.union_all(_ended(connection, since, until), _open(connection, since, until))
    )
    ended: dict[tuple[str, str], int] = {}
    open_receipts: dict[str, str] = {}
    for day, outcome, count, receipt in rows:
        if receipt is None:
            ended[day, outcome] = count
        else:
            open_receipts[receipt] = day
    foreign = Counter(
        {row[0]: row[1] for row in connection.execute(_foreign(connection, since, until))}
    )
    for key, count in frozen_days(connection, since, until).items():
        if key.journaled:
            ended[key.day, key.outcome] = ended.get((key.day, key.outcome), 0) + count
        else:
            foreign[key.day] += count
    return ReceiptTally(ended=ended, open=open_receipts, foreign=dict(foreign))


def _ended(connection: Connection, since: datetime, until: datetime) -> sa.Select[Any]:
    day = utc_day(connection, journal.c.at)
    return (
        sa.select(day, receipts.c.outcome, sa.func.count(), sa.null())
        .select_from(journal.join(receipts, receipts.c.receipt == journal.c.receipt))
        .where(journal.c.at >= since, journal.c.at < until)
        .group_by(day, receipts.c.outcome)
    )


def _open(connection: Connection, since: datetime, until: datetime) -> sa.Select[Any]:
    return (
        sa.select(utc_day(connection, journal.c.at), sa.null(), sa.literal(1), journal.c.receipt)
        .select_from(journal.outerjoin(receipts, receipts.c.receipt == journal.c.receipt))
        .where(journal.c.at >= since, journal.c.at < until, receipts.c.receipt.is_(None))
    )


def _foreign(connection: Connection, since: datetime, until: datetime) -> sa.Select[str, int]:
    day = utc_day(connection, receipts.c.at)
    return (
        sa.select(day, sa.func.count())
        .select_from(receipts.outerjoin(journal, journal.c.receipt == receipts.c.receipt))
        .where(receipts.c.at >= since, receipts.c.at < until, journal.c.receipt.is_(None))
        .where(is_foreign(), *_not_counted_by_day(connection))
        .group_by(day)
    )


def _not_counted_by_day(connection: Connection) -> list[sa.ColumnElement[bool]]:
    """Return the condition for outcomes that are not yet in the counts by day, which remain when
    journal rows and receipts are removed."""
    conditions = []
    for unchanged in (True, False):
        job = progress.UNCHANGED_FROZEN if unchanged else progress.JOURNAL_FROZEN
        if until := progress.reached(connection, job):
            is_other = of_unchanged(unchanged=not unchanged)
            conditions.append(sa.or_(is_other, receipts.c.at >= until))
    return conditions
