"""What the pipeline and the worker processes read and write."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from worker.model.records import (
    NO_ATTEMPT,
    Article,
    Attempt,
    DeadLetter,
    Fingerprint,
    Outcome,
    Record,
    Retagged,
    StoredIdentity,
    StoredRecord,
    Withdrawal,
)
from worker.store.values import Query


class OutcomeReader(Protocol):
    """Look up the outcomes of receipts."""

    def outcomes(self, receipts: Sequence[str]) -> dict[str, Outcome]:
        """Return the outcomes of these receipts. A receipt without an outcome has no entry."""
        ...


class FingerprintReader(Protocol):
    """Look up the fingerprints of articles."""

    def fingerprints(self, article_ids: Sequence[str]) -> dict[str, Fingerprint]:
        """Return the fingerprint of each article's newest revision."""
        ...


class DeadLetterWriter(Protocol):
    """Store dead letters."""

    def write_dead_letters(
        self, letters: Sequence[DeadLetter], *, now: datetime, handling: Attempt = NO_ATTEMPT
    ) -> list[Outcome]:
        """Write dead letters and the outcomes of their receipts.

        A receipt that already has an outcome is skipped. Returns the outcomes written now.
        """
        ...


class CandidateReader(FingerprintReader, Protocol):
    """Look up the articles that a new article is compared with."""

    def cluster_members(self, article_ids: Collection[str], limit: int) -> dict[str, list[str]]:
        """Return up to `limit` other members of each article's cluster, the newest ones.

        An article without other members has no entry.
        """
        ...


class IngestStore(OutcomeReader, CandidateReader, DeadLetterWriter, Protocol):
    """Read what is stored about a batch, and write the batch."""

    def latest_identities(self, articles: Sequence[Article]) -> list[StoredIdentity | None]:
        """Return the stored identity of each article, or None for a new article.

        An article is found by its own key, else by the first of its aliases that is stored. The
        identity found by an alias has another article_id than the article itself.
        """
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
        """Write a batch in one transaction. A receipt that already has an outcome is skipped.

        Articles are locked in the order of their ids, and each verdict is checked again under the
        lock (worker.dedup.recheck_under_lock). Returns the outcomes written now, in the order of
        the arguments. `handling` is stored with each receipt.
        """
        ...


class RecordReader(Protocol):
    """Read whole records."""

    def records(self, article_ids: Sequence[str]) -> list[StoredRecord]:
        """Return the newest revisions of these articles by article id, without withdrawn ones."""
        ...


class StaleRecordReader(RecordReader, Protocol):
    """Find records that were made by other versions of the rules."""

    def stale_revisions(
        self, query: Query, part: str, version: str, after: int, limit: int
    ) -> list[tuple[int, str]]:
        """Return a page of the newest revisions whose `part` has another version.

        `part` is `tagger` or `cleaner`. Each item is (revision id, article id); the page starts
        after revision id `after` and is in the order of revision ids.
        """
        ...

    def count_stale(self, query: Query, part: str, version: str) -> int:
        """Count the stale revisions. The limit of the query does not apply."""
        ...


class WorkerStore(RecordReader, IngestStore, Protocol):
    """The store of a worker process: it ingests batches and reprocesses stored articles."""

    def retag(self, retagged: Sequence[Retagged], *, now: datetime) -> int:
        """Replace the tags of articles; return how many articles a reader sees changed.

        An article that was revised, withdrawn or re-tagged since it was read is skipped.
        """
        ...
