"""Store protocols for writing batches of new articles and for processing stored articles again.

A batch is the raw articles of one message from the broker. Stored articles are tagged or cleaned
again when the rules for that have changed.
"""

from collections.abc import Collection, Mapping, Sequence
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
from worker.model.unchanged import KnownDeliveries, UnchangedArticle
from worker.store.ports.held_ports import HeldArticleStore
from worker.store.values import Query


class OutcomeReader(Protocol):
    """Looks up what became of delivered raw articles, by their receipts (the ids of the
    deliveries)."""

    def outcomes(self, receipts: Sequence[str]) -> dict[str, Outcome]:
        """Return receipt -> what became of the raw article with this receipt, the id of its
        delivery.

        A receipt has no entry if it is unknown or its article is not processed yet.
        """
        ...


class ReceiptReader(OutcomeReader, Protocol):
    """Looks up receipts (ids of deliveries), to find out whether an article is delivered a
    second time, or another article under a receipt that was used before."""

    def payload_hashes(self, receipts: Sequence[str]) -> dict[str, str]:
        """Return for each receipt (the id of a delivery) a hash of the raw article that it was
        first used for.

        By it, a second delivery of that article is told from another article under the same
        receipt. Receipts without an outcome are left out, and so are those that an earlier version
        stored.
        """
        ...


class HoldingStore(ReceiptReader, Protocol):
    """A store in which articles of paused sources can be held. It also finds out by the receipt of
    an article, the id of its delivery, whether it was processed before."""

    @property
    def held(self) -> HeldArticleStore: ...


class FingerprintReader(Protocol):
    """Looks up fingerprints, which are the hashes by which the texts of two articles are
    compared."""

    def fingerprints(self, article_ids: Sequence[str]) -> dict[str, Fingerprint]:
        """Return article id -> fingerprint (the text hashes) of the article's newest revision.

        An article has no entry if it is unknown or withdrawn, or if another release stored its
        fingerprint in another format.
        """
        ...


class DeadLetterWriter(Protocol):
    """Stores dead letters, raw articles that could not be processed, so that they can be tried
    again."""

    def write_dead_letters(
        self, letters: Sequence[DeadLetter], *, now: datetime, handling: Attempt = NO_ATTEMPT
    ) -> list[Outcome]:
        """Store raw articles that could not be processed; return for each the outcome `dead`.

        A letter is skipped if an outcome is stored already for its receipt, the id of the delivery.
        `handling` names the worker that processed the message, and says how often the message was
        delivered. `now` is stored as the time.
        """
        ...


class CandidateReader(FingerprintReader, Protocol):
    """Looks up stored articles that a new article is to be compared with, to find out if it is a
    copy."""

    def cluster_members(self, article_ids: Collection[str], limit: int) -> dict[str, list[str]]:
        """Return article id -> ids of other articles in the same cluster (an article and its
        copies).

        For each article there are up to `limit` ids, those of the members that were stored last. An
        article has no entry if it is alone in its cluster, or if the cluster has over 1,000
        members.
        """
        ...


class IngestStore(ReceiptReader, CandidateReader, DeadLetterWriter, Protocol):
    """Reads what is already stored about the articles of a batch, and writes the results of the
    batch.

    A batch is the raw articles of one message from the broker.
    """

    def known_deliveries(
        self, receipts: Sequence[str], article_ids: Sequence[str]
    ) -> KnownDeliveries:
        """Return which of these receipts (ids of deliveries) have an outcome, so that they were
        processed before, and for which of these articles an unchanged raw article can be recognised
        without being cleaned."""
        ...

    def latest_identities(self, articles: Sequence[Article]) -> list[StoredIdentity | None]:
        """Return for each article what is stored about it, or None if nothing is.

        A stored article is recognized by any of the keys of the given one, such as its external id
        or links. So the `article_id` in the result may differ from that of the given article.
        """
        ...

    def write(
        self,
        records: Sequence[Record],
        withdrawals: Sequence[Withdrawal],
        dead: Sequence[DeadLetter],
        *,
        unchanged: Sequence[UnchangedArticle] = (),
        now: datetime,
        handling: Attempt = NO_ATTEMPT,
        traces: Mapping[str, str] = {},
    ) -> list[Outcome]:
        """Write the results of a batch of raw articles in one transaction; return what became of
        each.

        `unchanged` are articles that have not changed, `records` articles to store, `withdrawals`
        requests to take articles down, and `dead` those that failed; the outcomes are in this
        order. A result is skipped if its receipt (the id of the delivery) has an outcome already.
        Raises ArticleChanged, with nothing written, if another worker has changed one of
        `unchanged` meanwhile. `handling` names the worker, and says how often the message was
        delivered. `traces` has the trace (W3C Trace Context) of each receipt whose message named
        one.
        """
        ...


class RecordReader(Protocol):
    """Reads stored articles with their tags and raw payload, so that newer rules can process them
    again."""

    def records(self, article_ids: Sequence[str]) -> list[StoredRecord]:
        """Return the newest revision of each of these articles, with its tags and raw payload.

        This is what re-tagging an article or cleaning it again needs. The result is sorted by
        article id. Unknown and withdrawn articles are left out.
        """
        ...


class StaleRecordReader(RecordReader, Protocol):
    """Finds stored articles that were tagged or cleaned by other rules than the present ones."""

    def stale_revisions(
        self, query: Query, part: str, version: str, after: int, limit: int
    ) -> list[tuple[int, str]]:
        """Return a page of the articles that were tagged or cleaned by other rules than the present
        ones.

        `part` is "tagger" or "cleaner", and `version` the present version of its rules; articles
        with another version are returned. Each item is (row id of the newest revision, article id).
        The page has up to `limit` articles that match `query`, after the revision with row id
        `after`.
        """
        ...

    def count_stale(self, query: Query, part: str, version: str) -> int:
        """Count the articles that were tagged or cleaned by other rules than the present ones.

        `part` is "tagger" or "cleaner", and `version` the present version of its rules; articles
        with another version are counted, if they match `query`. The limit of `query` is ignored.
        """
        ...

    def without_payload(self, query: Query, version: str, limit: int) -> tuple[int, Sequence[str]]:
        """Return how many articles can't be cleaned again, and the ids of the first `limit` of
        them.

        These are articles that another cleaner than `version` has cleaned, and whose raw articles
        were removed because of their age.
        """
        ...


class WorkerStore(RecordReader, IngestStore, HoldingStore, Protocol):
    """The store for a worker process: it writes batches of new articles, holds those of paused
    sources, and re-tags stored ones."""

    def retag(self, retagged: Sequence[Retagged], *, now: datetime) -> int:
        """Replace the tags of stored articles; return how many articles got visibly different tags.

        A difference is visible if it is in the scheme, code, label or score of a tag. The change
        feed gets an entry with time `now` for each such article. An article that has changed since
        it was read is skipped.
        """
        ...
