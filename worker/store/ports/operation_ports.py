"""Ports for operators: the receipt journal, dead letters, and closing the store.

The journal lists the receipts that the broker has accepted from producers. A dead letter is a raw
article that could not be processed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from worker.model.records import JournalEntry
from worker.store.ports.ingest_ports import DeadLetterWriter, OutcomeReader
from worker.store.values import DeadLetterQuery, LostMessages, ReceiptTally, StoredDeadLetter


class ClosableStore(Protocol):
    """A store whose database connections can be closed. The next call opens new ones."""

    def close(self) -> None: ...


class JournalReader(OutcomeReader, Protocol):
    """Read the receipt journal: which receipts the broker has accepted, and when."""

    def journal_entries(self, receipts: Sequence[str]) -> list[JournalEntry]:
        """Return the journal entries of these receipts, oldest first. Some may have none."""
        ...


class JournalWriter(ClosableStore, Protocol):
    """Write the receipt journal: which receipts the broker has accepted, and when."""

    def add_journal_entries(self, entries: Sequence[JournalEntry]) -> None:
        """Add entries to the journal, except for receipts that already have an entry."""
        ...


class DeadLetterReader(Protocol):
    """Find, count and read dead letters."""

    def letters(self, letter_ids: Sequence[str]) -> list[StoredDeadLetter]:
        """Return the dead letters with these ids, in the order of the ids, without unknown ids."""
        ...

    def letter_ids(self, query: DeadLetterQuery) -> Sequence[str]:
        """Return the ids of dead letters that match, up to the query's limit, last seen first."""
        ...

    def count_letters(self, query: DeadLetterQuery) -> dict[str, int]:
        """Return reason -> number of the dead letters that match, the most frequent reason first.

        The query's limit does not apply.
        """
        ...


class DeadLetterStore(DeadLetterReader, DeadLetterWriter, ClosableStore, Protocol):
    """Write, read, replay and remove dead letters. To replay is to process a letter again."""

    def mark_replays(self, replays: Mapping[str, str], *, now: datetime) -> None:
        """Record with each dead letter the receipt of its last replay (letter id -> receipt)."""
        ...

    def drop_letters(self, letter_ids: Sequence[str]) -> int:
        """Remove the dead letters with these ids; return how many of them existed."""
        ...

    def expire_letters(self, before: datetime) -> int:
        """Remove dead letters that last failed before `before`; return how many.

        Letters whose replay is under way are kept.
        """
        ...


class AuditStore(JournalReader, DeadLetterReader, JournalWriter, Protocol):
    """The store for the ledger, which looks for accepted receipts that never got an outcome.

    It also reads and copies the journal, the list of receipts that the broker has accepted.
    """

    def tally_receipts(self, since: datetime, until: datetime) -> ReceiptTally:
        """Count the journal's receipts of a period by outcome, and list those without an outcome.

        The period is from `since` until before `until`.
        """
        ...

    def lost_messages(self, since: datetime, until: datetime) -> list[LostMessages]:
        """Return the messages of a period that the broker lost together with their entries.

        They are known by their missing numbers. The period is that of the message after them.
        """
        ...


class ProducerStore(OutcomeReader, ClosableStore, Protocol):
    """The store for a producer, which looks up outcomes and closes the store when it is done."""
