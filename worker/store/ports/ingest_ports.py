"""Ports for ingesting batches, and for processing stored articles again with newer rules."""

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
    """Look up what became of receipts, each of which stands for one delivered raw article."""

    def outcomes(self, receipts: Sequence[str]) -> dict[str, Outcome]:
        """Return receipt -> outcome. A receipt without an outcome has no entry."""
        ...


class ReceiptReader(OutcomeReader, Protocol):
    """Look up receipts by which a redelivery and a receipt that is used again are told apart."""

    def payload_hashes(self, receipts: Sequence[str]) -> dict[str, str]:
        """Return receipt -> `Payload.digest` of the raw article that it was used for.

        A receipt without an outcome has no entry, nor has one that an earlier version stored.
        """
        ...


class FingerprintReader(Protocol):
    """Look up fingerprints, the hashes by which the texts of articles are compared."""

    def fingerprints(self, article_ids: Sequence[str]) -> dict[str, Fingerprint]:
        """Return article id -> fingerprint of its newest revision.

        An article that is unknown or withdrawn, or whose fingerprint has an older format, has no
        entry.
        """
        ...


class DeadLetterWriter(Protocol):
    """Store dead letters: raw articles that could not be processed."""

    def write_dead_letters(
        self, letters: Sequence[DeadLetter], *, now: datetime, handling: Attempt = NO_ATTEMPT
    ) -> list[Outcome]:
        """Write dead letters and the outcomes of their receipts; return these outcomes.

        A receipt that already has an outcome is skipped. `handling` is stored with each receipt.
        """
        ...


class CandidateReader(FingerprintReader, Protocol):
    """Look up the candidates for a comparison with a new article, and their fingerprints."""

    def cluster_members(self, article_ids: Collection[str], limit: int) -> dict[str, list[str]]:
        """Return article id -> ids of up to `limit` other members of its cluster, the newest ones.

        An article without other members has no entry.
        """
        ...


class IngestStore(ReceiptReader, CandidateReader, DeadLetterWriter, Protocol):
    """Read what is already stored about the articles of a batch, and write the batch.

    A batch is the raw articles of one message.
    """

    def latest_identities(self, articles: Sequence[Article]) -> list[StoredIdentity | None]:
        """Return what is stored about each article, or None for an article that is new.

        An article is found by its own key, else by the first of its aliases that is stored. If an
        alias found it, the stored article_id differs from that of the given article.
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
        """Write the results of a batch in one transaction; return their outcomes.

        Articles are locked in the order of their ids, and each verdict is checked again under the
        lock (worker.dedup.recheck_under_lock). A receipt that already has an outcome is skipped.
        The outcomes are in the order of the arguments. `handling` is stored with each receipt.
        """
        ...


class RecordReader(Protocol):
    """Read stored articles with their tags, payload and versions."""

    def records(self, article_ids: Sequence[str]) -> list[StoredRecord]:
        """Return the newest revision of each of these articles, sorted by article id.

        Unknown and withdrawn articles are left out.
        """
        ...


class StaleRecordReader(RecordReader, Protocol):
    """Find stored articles that another version of the tagging or cleaning rules has processed."""

    def stale_revisions(
        self, query: Query, part: str, version: str, after: int, limit: int
    ) -> list[tuple[int, str]]:
        """Return a page of the newest revisions that another version of a part has processed.

        `part` is `tagger` or `cleaner`, and `version` its present version. Each item is (revision
        id, article id). The page starts after revision id `after` and is in the order of revision
        ids.
        """
        ...

    def count_stale(self, query: Query, part: str, version: str) -> int:
        """Count all revisions that `stale_revisions` finds. The query's limit does not apply."""
        ...


class WorkerStore(RecordReader, IngestStore, Protocol):
    """The store for a worker process, which ingests batches and processes stored articles again."""

    def retag(self, retagged: Sequence[Retagged], *, now: datetime) -> int:
        """Replace the tags of articles; return for how many the change feed shows a difference.

        An article that was revised, withdrawn or re-tagged since it was read is skipped.
        """
        ...
