"""What the rest of the package asks of a store."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from worker.model.records import (
    NO_ATTEMPT,
    Article,
    Attempt,
    DeadLetter,
    Fingerprint,
    JournalEntry,
    Outcome,
    Record,
    Retagged,
    StoredIdentity,
    StoredRecord,
    Withdrawal,
)
from worker.store.cluster_values import ClusterMove, Member, Sighting, StoredFingerprint
from worker.store.values import (
    Change,
    DeadLetterQuery,
    DisplayTitle,
    Query,
    ReceiptTally,
    RemovedLineCount,
    SearchHit,
    SourceSeen,
    StoredArticle,
    StoredDeadLetter,
)


class Store(Protocol):
    """One implementation serves SQLite and PostgreSQL; a conformance suite runs on both.

    Every call is one transaction and raises Unavailable when the database does not answer.
    """

    def outcomes(self, receipts: Sequence[str]) -> dict[str, Outcome]:
        """The outcomes these receipts already have."""
        ...

    def latest(self, articles: Sequence[Article]) -> list[StoredIdentity | None]:
        """What is known of each: by its own key, else by the first of its aliases that leads on.

        An answer by alias has another article_id than the article's own.
        """
        ...

    def fingerprints(self, article_ids: Sequence[str]) -> dict[str, Fingerprint]:
        """Fingerprints of the newest revisions."""
        ...

    def write(
        self,
        records: Sequence[Record],
        withdrawals: Sequence[Withdrawal],
        dead: Sequence[DeadLetter],
        *,
        now: datetime,
        handling: Attempt = NO_ATTEMPT,
    ) -> list[Outcome]:
        """Write a batch in one transaction; receipts that already have an outcome are passed over.

        Articles are locked in sorted id order, and each verdict is checked again under the lock
        (worker.dedup.recheck_under_lock). Returns the outcomes written now, in the order given.
        `handling` is kept with each receipt.
        """
        ...

    def search(self, query: Query) -> list[SearchHit]: ...

    def show(self, article_id: str) -> dict[str, Any] | None:
        """All that is stored of one article, by its id or a unique beginning of it."""
        ...

    def listing(self, receipts: Sequence[str]) -> list[tuple[Outcome, SearchHit | None]]:
        """What became of these receipts, in the order given; those without outcome are left out."""
        ...

    def count(self, query: Query) -> int:
        """How many articles it finds, whatever its limit."""
        ...

    def articles(self, query: Query, *, all_revisions: bool = False) -> Iterator[StoredArticle]:
        """Every article it finds, whatever its limit, in the order in which they were stored.

        Reads a page at a time. An article revised meanwhile may come twice, the newer one last.
        """
        ...

    def article_ids(self, query: Query) -> Sequence[str]:
        """The ids of the articles it finds, in the order of storage, as many as its limit."""
        ...

    def cursor(self, since: str) -> str:
        """Where `start`, `now` or a cursor stands. Raises LookupError for what is none of these."""
        ...

    def changes(self, cursor: str, limit: int = ...) -> list[Change]:
        """The page that follows the cursor, oldest first: nothing twice, and nothing left out."""
        ...

    def stale(
        self, query: Query, part: str, version: str, after: int, limit: int
    ) -> list[tuple[int, str]]:
        """(place, article id) of newest revisions whose `part` (tagger, cleaner) is of another
        version, behind that place in the order of storage."""
        ...

    def count_stale(self, query: Query, part: str, version: str) -> int:
        """How many there are, whatever the limit."""
        ...

    def records(self, article_ids: Sequence[str]) -> list[StoredRecord]:
        """The newest revisions of these, without the withdrawn, in the order of the ids."""
        ...

    def retag(self, retagged: Sequence[Retagged], *, now: datetime) -> int:
        """Replace tags; returns how many articles read differently now.

        What was revised, withdrawn or re-tagged since it was read is passed over.
        """
        ...

    def delete(self, article_ids: Sequence[str], *, now: datetime) -> int:
        """Take articles down as their publisher would; returns how many were not down before.

        Two transactions; a call that was broken off may be repeated.
        """
        ...

    def letters_of(
        self, source: str, before: datetime | None, after: str = ""
    ) -> list[StoredDeadLetter]:
        """A page of the source's dead letters last seen before then, by id, after an id."""
        ...

    def empty_letters(self, letter_ids: Sequence[str]) -> None:
        """Take payload and detail out of dead letters; the rest stays as a tombstone."""
        ...

    def letters(self, letter_ids: Sequence[str]) -> list[StoredDeadLetter]:
        """These dead letters, in the order given; unknown ids are left out."""
        ...

    def letter_ids(self, query: DeadLetterQuery) -> Sequence[str]:
        """The ids of the dead letters it finds, the last seen first."""
        ...

    def count_letters(self, query: DeadLetterQuery) -> dict[str, int]:
        """How many dead letters it finds of each reason, whatever its limit; the most first."""
        ...

    def mark_replays(self, replays: Mapping[str, str], *, now: datetime) -> None:
        """Note which receipt each of these dead letters was sent again under."""
        ...

    def drop_letters(self, letter_ids: Sequence[str]) -> int:
        """Remove dead letters for good; returns how many there were."""
        ...

    def expire_letters(self, before: datetime) -> int:
        """Remove the dead letters last seen before then, unless one is being replayed."""
        ...

    def titles(self, article_ids: Sequence[str]) -> dict[str, DisplayTitle]:
        """Titles and sources of these articles; the withdrawn have none."""
        ...

    def known_by(self, keys: Sequence[str], urls: Sequence[str]) -> Sequence[str]:
        """Ids of the articles of any source that have one of these keys or canonical links."""
        ...

    def enter(self, entries: Sequence[JournalEntry]) -> None:
        """Write entries of the journal down; a receipt that is there keeps its first entry."""
        ...

    def entries(self, receipts: Sequence[str]) -> list[JournalEntry]:
        """The journal's entries of these receipts, oldest first."""
        ...

    def tally(self, since: datetime, until: datetime) -> ReceiptTally:
        """The journal of this time against the outcomes."""
        ...

    def sources(self) -> list[SourceSeen]:
        """All sources, the last seen first."""
        ...

    def source(self, name: str) -> dict[str, Any] | None:
        """One source with its receipts by outcome and its dead letters by reason."""
        ...

    def left_out(self, source: str) -> list[RemovedLineCount]:
        """Lines left out of its articles because it repeats them, the most frequent first."""
        ...

    @property
    def clusters(self) -> "Clusters": ...

    def close(self) -> None: ...


class Clusters(Protocol):
    """Every call is one transaction, `move` two; raises Unavailable."""

    def members(self, article_ids: Collection[str]) -> list[Member]:
        """These articles as far as they stand, the earliest first."""
        ...

    def standing(self, cluster_ids: Collection[str]) -> list[Member]:
        """Everyone in these clusters, the earliest first."""
        ...

    def mates(self, article_ids: Collection[str], limit: int) -> dict[str, list[str]]:
        """The last that came to the clusters of these, but for themselves; who is alone has no
        entry."""
        ...

    def orphaned(self, before: datetime, limit: int) -> Sequence[str]:
        """Clusters whose canonical article is withdrawn, or was not stored before then."""
        ...

    def astray(self, limit: int) -> list[ClusterMove]:
        """Members whose canonical article went to another cluster, as moves after it."""
        ...

    def settle(self) -> None:
        """Take the mark off copies whose canonical article has come since."""
        ...

    def page(
        self, since: datetime, after: int, limit: int, *, edited: bool = False
    ) -> list[Member]:
        """Articles whose newest revision came since then, by its number, after a number.

        `edited`: only where that changed more than a few words.
        """
        ...

    def prints(self, since: datetime, after: int, limit: int) -> list[StoredFingerprint]:
        """As `page`, only what the index needs; those of another release are left out."""
        ...

    def count(self, since: datetime) -> int:
        """How many those are."""
        ...

    def newest(self) -> int:
        """The number of the newest revision, 0 when there is none."""
        ...

    def move(self, moves: Sequence[ClusterMove], *, now: datetime) -> list[ClusterMove]:
        """Move those that stand where they are said to stand; returns what was moved.

        Who comes to a cluster while its canonical article leaves it is moved after it.
        """
        ...

    def pin(self, pins: dict[str, str], note: str, *, now: datetime) -> None:
        """From now on these articles stay in these clusters, whatever the rules say."""
        ...

    def unpin(self, article_ids: Collection[str]) -> int:
        """Leave these articles to the rules again; returns how many were pinned."""
        ...

    def moves(self, article_ids: Collection[str]) -> list[dict[str, Any]]:
        """The moves of these articles, the oldest first."""
        ...

    def sightings(self, article_ids: Collection[str]) -> list[Sighting]:
        """Every receipt of these articles, the oldest first; not those of cleaning them again."""
        ...
