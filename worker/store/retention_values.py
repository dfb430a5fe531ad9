"""Values of retention: what is kept how long, what one step removed, and how large tables are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from worker.model.records import JournalEntry


class Aged(StrEnum):
    """The kinds of rows that are removed when they have reached a certain age, in the order in
    which they are removed.

    A receipt is the stored outcome of one delivery; the journal lists the articles that the broker
    accepted. In both, the rows of unchanged articles are a kind of their own, because they are by
    far the most.
    """

    UNCHANGED_JOURNAL = "unchanged_journal"
    JOURNAL = "journal"
    UNCHANGED_RECEIPTS = "unchanged_receipts"
    RECEIPTS = "receipts"
    CHANGES = "changes"
    REPLAYED_LETTERS = "replayed_letters"
    PAGE_PAYLOADS = "page_payloads"
    HOURLY_COUNTS = "hourly_counts"


class RemovalCursor(NamedTuple):
    """The row at which a step of a removal ended: its time, and its receipt (the id of a
    delivery) if it has one. The next step begins after it, so that rows which are kept are not
    looked at twice."""

    at: datetime
    receipt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalStep:
    """The result of one transaction that removes old rows.

    `removed` counts the rows that are gone. `after` is where the next step begins, None if the
    removal is complete.
    """

    removed: int
    after: RemovalCursor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredOutcome:
    """The answer for a receipt (the id of one delivery) whose outcome is no longer stored, because
    it is too old.

    The article was delivered before the time `before`; outcomes from before it are removed. What
    became of it is still seen in the article itself and in the counts of `worker ledger`.
    """

    receipt: str
    before: datetime
    kind: str = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedJournal:
    """The entries of a producer's own journal, compared with what is known of old deliveries.

    `undecided` are those to look for in the store and the broker. `counted` is the number of those
    with an outcome that the ledger has counted by day. `expired` is the number of those sent so
    long ago that their outcomes are removed, so that nobody can tell what became of them.
    """

    undecided: tuple[JournalEntry, ...]
    counted: int
    expired: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreGrowth:
    """How many bytes each table of the store takes with its indexes, and how fast the store grows.

    `bytes_a_day` is the growth of a day, None if nothing is stored yet. It is measured over `days`
    days; `sampled` says whether it comes from two samples of the sizes, taken on different days. If
    not, it is the size divided by the age of the oldest article. `free_bytes` is what is free on
    the disk of an SQLite store, None for another store.
    """

    tables: Mapping[str, int]
    bytes_a_day: float | None
    days: float
    sampled: bool
    free_bytes: int | None = None

    @property
    def bytes(self) -> int:
        return sum(self.tables.values())
