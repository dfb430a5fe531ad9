"""Store protocol for removing rows that have reached a certain age, and for finding out what is
still known of the removed ones."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from worker.model.records import JournalEntry, Outcome
from worker.store.retention_values import (
    Aged,
    ComparedJournal,
    ExpiredOutcome,
    RemovalCursor,
    RemovalStep,
    StoreGrowth,
)


class RetentionStore(Protocol):
    """Removes rows that have reached a certain age, a step at a time, and measures the store.

    What other code reads from a removed row is kept elsewhere: the decision with the revision, the
    end of a replay with the dead letter, the numbers of the ledger by day.
    """

    def remove(
        self,
        what: Aged,
        before: datetime,
        after: RemovalCursor | None = None,
        *,
        page_bytes: int = 0,
    ) -> RemovalStep:
        """Remove up to 5,000 rows of the kind `what` from before the time `before`, in one
        transaction.

        `after` is what the step before has returned, None for the first step. If several processes
        call this at once, one waits for the other. Receipts are removed only after they were
        counted by hour (`count_missed_outcomes`) and by day (the steps for the journal). With
        PAGE_PAYLOADS, raw articles of at least `page_bytes` bytes are removed.
        """
        ...

    def count(self, what: Aged, before: datetime, *, page_bytes: int = 0) -> int:
        """Count the rows that are due to be removed: those of the kind `what` from before the
        time `before`. `page_bytes` is as for `remove`: the least size of a raw article with
        PAGE_PAYLOADS."""
        ...

    def past_outcomes(
        self, sent: Mapping[str, datetime | None]
    ) -> dict[str, Outcome | ExpiredOutcome]:
        """Return receipt -> what is still known about a delivery whose outcome was removed.

        `sent` maps each receipt (the id of a delivery) to the time at which its article was sent,
        None if that is unknown. The outcome of a delivery that made a stored revision is known; one
        that was sent before the time from which on outcomes are kept has expired. A receipt has no
        entry if its outcome is stored, if its article may still be processed, or if it can't be
        told when it was sent.
        """
        ...

    def expired_before(self) -> datetime | None:
        """Return the time before which outcomes are removed, None if none ever was."""
        ...

    def compare_journal(self, entries: Sequence[JournalEntry]) -> ComparedJournal:
        """Compare the entries of a producer's own journal, its list of what it sent, with what is
        known of deliveries whose outcomes were removed.

        The entries that the result calls undecided may be added to the journal of the store. The
        others may not, because they would be counted twice.
        """
        ...

    def growth(self, now: datetime, *, each_table: bool = False) -> StoreGrowth:
        """Measure how many bytes each table takes with its indexes, and how fast the store grows.

        SQLite tells the size of its file at once, as `others`. With `each_table` it reads the whole
        file to tell the sizes of its tables.
        """
        ...

    def store_sizes(self, now: datetime) -> None:
        """Store the sizes that the tables have today, so that their growth can be seen later. A
        second call on the same day does nothing."""
        ...


class RetainedStore(Protocol):
    """A store whose attribute `retention` removes rows that have reached a certain age."""

    @property
    def retention(self) -> RetentionStore:
        """The object that removes old rows from this store, and tells what is still known of
        removed ones."""
        ...
