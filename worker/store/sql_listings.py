"""Lists of stored articles, clusters (groups of copies) and dead letters (articles that failed),
page by page, in an SQL database."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from worker.model.records import StoredRecord
from worker.store import dead_letters, stale_records
from worker.store.database.engine import Transaction
from worker.store.dead_letter_values import DeadLetterQuery
from worker.store.listing_values import (
    ArticleFacets,
    ArticlePage,
    ArticlePosition,
    ClusterPage,
    ClusterPosition,
    Estimate,
    LetterCounts,
    LetterPage,
    LetterPosition,
    RawPayload,
    RevisionSummary,
    RevisionText,
    RuleCounts,
    TagEvidence,
)
from worker.store.reading import article_listing, cluster_listing, rule_firings
from worker.store.values import Query


class SqlListings:
    """Reads lists of articles, clusters (groups of copies) and dead letters (articles that failed)
    page by page from an SQL database.

    It implements the protocol ListingReader, whose docstrings describe the methods. `reading` is a
    function that opens a connection to the database.
    """

    def __init__(self, reading: Transaction) -> None:
        self._reading = reading

    def article_page(
        self, query: Query, after: ArticlePosition | None = None, *, with_facets: bool = False
    ) -> ArticlePage:
        with self._reading() as connection:
            return article_listing.article_page(connection, query, after, with_facets=with_facets)

    def article_facets(self, query: Query) -> ArticleFacets:
        with self._reading() as connection:
            return article_listing.article_facets(connection, query)

    def article_total(self) -> Estimate:
        with self._reading() as connection:
            return article_listing.article_total(connection)

    def raw_payload(self, article_id: str, revision: int | None = None) -> RawPayload | None:
        with self._reading() as connection:
            return article_listing.raw_payload(connection, article_id, revision)

    def revision_page(
        self, article_id: str, before: int | None, limit: int
    ) -> Sequence[RevisionSummary]:
        with self._reading() as connection:
            return article_listing.revision_page(connection, article_id, before, limit)

    def revision_texts(self, article_id: str, numbers: Sequence[int]) -> Mapping[int, RevisionText]:
        with self._reading() as connection:
            return article_listing.revision_texts(connection, article_id, numbers)

    def cluster_page(
        self, since: datetime, after: ClusterPosition | None = None, limit: int = 50
    ) -> ClusterPage:
        with self._reading() as connection:
            return cluster_listing.cluster_page(connection, since, after, limit)

    def letter_page(
        self, query: DeadLetterQuery, after: LetterPosition | None = None
    ) -> LetterPage:
        with self._reading() as connection:
            return dead_letters.letter_page(connection, query, after)

    def count_some_letters(self, query: DeadLetterQuery, most: int) -> LetterCounts:
        with self._reading() as connection:
            return dead_letters.count_some_letters(connection, query, most)

    def rule_counts(self, since: datetime, most: int) -> RuleCounts:
        with self._reading() as connection:
            return rule_firings.rule_counts(connection, since, most)

    def rule_evidence(self, article_ids: Sequence[str], code: str) -> Mapping[str, TagEvidence]:
        with self._reading() as connection:
            return rule_firings.rule_evidence(connection, article_ids, code)

    def newest_article_ids(self, most: int) -> Sequence[str]:
        with self._reading() as connection:
            return rule_firings.newest_article_ids(connection, most)

    def records_without_payload(self, article_ids: Sequence[str]) -> Sequence[StoredRecord]:
        with self._reading() as connection:
            return stale_records.records(connection, article_ids, payloads=False)
