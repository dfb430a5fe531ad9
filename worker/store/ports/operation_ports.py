"""Ports for operating the store: the receipt journal, dead letters, and closing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from worker.model.records import JournalEntry
from worker.store.ports.ingest_ports import DeadLetterWriter, OutcomeReader
from worker.store.values import DeadLetterQuery, ReceiptTally, StoredDeadLetter


class ClosableStore(Protocol):
    """A store whose connections can be closed. The next call opens them again."""

    def close(self) -> None: ...


class JournalReader(OutcomeReader, Protocol):
    """Read the receipt journal."""

    def journal_entries(self, receipts: Sequence[str]) -> list[JournalEntry]:
        """Return the journal entries of these receipts, oldest first."""
        ...


class JournalWriter(ClosableStore, Protocol):
    """Write the receipt journal."""

    def add_journal_entries(self, entries: Sequence[JournalEntry]) -> None:
        """Add entries to the journal. A receipt that has an entry keeps it."""
        ...


class DeadLetterReader(Protocol):
    """Find and read dead letters."""

    def letters(self, letter_ids: Sequence[str]) -> list[StoredDeadLetter]:
        """Return these dead letters in the order of the ids. An unknown id is left out."""
        ...

    def letter_ids(self, query: DeadLetterQuery) -> Sequence[str]:
        """Return the ids of the dead letters that match, the last seen first."""
        ...

    def count_letters(self, query: DeadLetterQuery) -> dict[str, int]:
        """Count the matching dead letters by reason, most frequent first, without a limit."""
        ...


class DeadLetterStore(DeadLetterReader, DeadLetterWriter, ClosableStore, Protocol):
    """Write, read, replay and remove dead letters."""

    def mark_replays(self, replays: Mapping[str, str], *, now: datetime) -> None:
        """Record the receipt under which each dead letter was replayed: letter id -> receipt."""
        ...

    def drop_letters(self, letter_ids: Sequence[str]) -> int:
        """Remove dead letters; return how many existed."""
        ...

    def expire_letters(self, before: datetime) -> int:
        """Remove dead letters last seen before this time, unless a replay is under way."""
        ...


class AuditStore(JournalReader, DeadLetterReader, JournalWriter, Protocol):
    """Compare the receipt journal with the outcomes."""

    def tally_receipts(self, since: datetime, until: datetime) -> ReceiptTally:
        """Compare the journal entries of this period with the outcomes."""
        ...


class ProducerStore(OutcomeReader, ClosableStore, Protocol):
    """Look up outcomes for a producer, which closes the store when it is done."""
