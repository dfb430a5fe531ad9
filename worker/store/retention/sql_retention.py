"""Removes old rows from SQLite and PostgreSQL databases, a step of bounded size at a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from worker.model.records import JournalEntry, Outcome
from worker.store.database.engine import Transaction
from worker.store.reading import table_sizes
from worker.store.retention import aged_journal, aged_receipts, aged_rows, past_outcomes
from worker.store.retention_values import (
    Aged,
    ComparedJournal,
    ExpiredOutcome,
    RemovalCursor,
    RemovalStep,
    StoreGrowth,
)


class SqlRetention:
    """Removes and counts old rows of an SQL database, and tells what is known of removed ones.

    It implements the protocol RetentionStore, whose docstrings describe the methods. `reading` and
    `writing` are functions that open a transaction of the database.
    """

    def __init__(self, reading: Transaction, writing: Transaction) -> None:
        self._reading = reading
        self._writing = writing

    def remove(
        self,
        what: Aged,
        before: datetime,
        after: RemovalCursor | None = None,
        *,
        page_bytes: int = 0,
    ) -> RemovalStep:
        with self._writing() as connection:
            return _remove(connection, what, before, after, page_bytes)

    def count(self, what: Aged, before: datetime, *, page_bytes: int = 0) -> int:
        with self._reading() as connection:
            return _count(connection, what, before, page_bytes)

    def past_outcomes(
        self, sent: Mapping[str, datetime | None]
    ) -> dict[str, Outcome | ExpiredOutcome]:
        with self._reading() as connection:
            return past_outcomes.past_outcomes(connection, sent)

    def expired_before(self) -> datetime | None:
        with self._reading() as connection:
            return past_outcomes.expired_before(connection)

    def compare_journal(self, entries: Sequence[JournalEntry]) -> ComparedJournal:
        with self._reading() as connection:
            return past_outcomes.compare_journal(connection, entries)

    def growth(self, now: datetime, *, each_table: bool = False) -> StoreGrowth:
        with self._reading() as connection:
            return table_sizes.growth(connection, now, each_table=each_table)

    def store_sizes(self, now: datetime) -> None:
        with self._writing() as connection:
            table_sizes.store_sample(connection, now)


def _remove(
    connection: Connection,
    what: Aged,
    before: datetime,
    after: RemovalCursor | None,
    page_bytes: int,
) -> RemovalStep:
    match what:
        case Aged.UNCHANGED_JOURNAL | Aged.JOURNAL:
            unchanged = what is Aged.UNCHANGED_JOURNAL
            return aged_journal.freeze_journal(connection, before, unchanged=unchanged)
        case Aged.UNCHANGED_RECEIPTS | Aged.RECEIPTS:
            unchanged = what is Aged.UNCHANGED_RECEIPTS
            return aged_receipts.remove_receipts(connection, before, after, unchanged=unchanged)
        case Aged.CHANGES:
            return aged_rows.remove_changes(connection, before)
        case Aged.REPLAYED_LETTERS:
            return aged_rows.remove_letters(connection, before)
        case Aged.PAGE_PAYLOADS:
            return aged_rows.remove_page_payloads(connection, before, page_bytes)
        case Aged.HOURLY_COUNTS:
            return aged_rows.remove_hourly_counts(connection, before)


def _count(connection: Connection, what: Aged, before: datetime, page_bytes: int) -> int:
    match what:
        case Aged.UNCHANGED_JOURNAL | Aged.JOURNAL:
            unchanged = what is Aged.UNCHANGED_JOURNAL
            return aged_journal.count_journal(connection, before, unchanged=unchanged)
        case Aged.UNCHANGED_RECEIPTS | Aged.RECEIPTS:
            unchanged = what is Aged.UNCHANGED_RECEIPTS
            return aged_receipts.count_receipts(connection, before, unchanged=unchanged)
        case Aged.CHANGES:
            return aged_rows.count_changes(connection, before)
        case Aged.REPLAYED_LETTERS:
            return aged_rows.count_letters_to_remove(connection, before)
        case Aged.PAGE_PAYLOADS:
            return aged_rows.count_page_payloads(connection, before, page_bytes)
        case Aged.HOURLY_COUNTS:
            return aged_rows.count_hourly_counts(connection, before)
