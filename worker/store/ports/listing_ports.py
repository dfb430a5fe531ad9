"""Store protocols for the web server: lists page by page, access tokens, and the audit log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from worker.model.records import StoredRecord
from worker.store.access_values import AccessToken, AuditEntry
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
from worker.store.values import Query


class ListingReader(Protocol):
    """Reads lists of articles, clusters (groups of copies) and dead letters (articles that
    failed) page by page. A page takes a limited time, however many there are."""

    def article_page(
        self, query: Query, after: ArticlePosition | None = None, *, with_facets: bool = False
    ) -> ArticlePage:
        """Return the articles that match the query and come after a position, the newest first.

        At most `query.limit` articles are returned. None stands for the beginning of the list. A
        page may have fewer articles although others follow: its field `next` tells.

        With `with_facets`, the page has the values by which the list can be narrowed, counted over
        the newest 500 articles that match and come after the position. Raises TooBroad
        for a query like `w*`: it asks for words that begin with a text, and so many words begin
        with it that the search would take long.
        """
        ...

    def article_facets(self, query: Query) -> ArticleFacets:
        """Count the sources, tags, languages and so on of the newest 500 articles that match a
        query.

        Raises TooBroad if words are looked for by a beginning that too many have.
        """
        ...

    def article_total(self) -> Estimate:
        """Return the number of stored articles, an estimate if there are more than 10,000."""
        ...

    def raw_payload(self, article_id: str, revision: int | None = None) -> RawPayload | None:
        """Return the raw article of one revision of an article, by default of the newest.

        Returns None if there is no such revision. `article_id` must be a whole id.
        """
        ...

    def revision_page(
        self, article_id: str, before: int | None, limit: int
    ) -> Sequence[RevisionSummary]:
        """Return up to `limit` revisions of an article with numbers below `before`, the newest
        first, without their texts. None stands for the beginning of the list. `article_id` must be
        a whole id."""
        ...

    def revision_texts(self, article_id: str, numbers: Sequence[int]) -> Mapping[int, RevisionText]:
        """Return title and text of these revisions of an article, by number; unknown ones are left
        out. `article_id` must be a whole id."""
        ...

    def cluster_page(
        self, since: datetime, after: ClusterPosition | None = None, limit: int = ...
    ) -> ClusterPage:
        """Return the clusters (an article and its copies each) of the time from `since` on, those
        with the most sources first.

        Only clusters with more than one article in that time are listed, at most `limit` of them,
        and those after the position `after`, None for the beginning of the list.
        """
        ...

    def letter_page(
        self, query: DeadLetterQuery, after: LetterPosition | None = None
    ) -> LetterPage:
        """Return a page of the dead letters (articles that could not be processed) that match a
        query, without their payloads. The one that failed last comes first.

        The page begins after the position `after`, None for the first page. It has at most
        `query.limit` letters, 50 if that is None.
        """
        ...

    def count_some_letters(self, query: DeadLetterQuery, most: int) -> LetterCounts:
        """Count the dead letters (articles that could not be processed) that match, by reason, but
        no more than `most` of them in all."""
        ...

    def rule_counts(self, since: datetime, most: int) -> RuleCounts:
        """Count the topic tags of the newest articles since a time by the rule that gave them.

        At most `most` articles are looked at.
        """
        ...

    def rule_evidence(self, article_ids: Sequence[str], code: str) -> Mapping[str, TagEvidence]:
        """Return by article what gave the tag of the topic `code`, and the phrases that are
        evidence for it. Articles without the tag are left out."""
        ...

    def newest_article_ids(self, most: int) -> Sequence[str]:
        """Return the ids of up to `most` articles, the newest first, without withdrawn ones."""
        ...

    def records_without_payload(self, article_ids: Sequence[str]) -> Sequence[StoredRecord]:
        """Return the newest revision of each of these articles with its tags, sorted by article id,
        to try other rules on. Their raw payloads are left out, which may be large."""
        ...


class AccessStore(Protocol):
    """Stores access tokens by the hash of their secret, and the audit log, which lists who did
    what."""

    def add_token(self, token: AccessToken, token_hash: str) -> bool:
        """Store a new token, and return whether its name was free. A revoked token keeps its name.

        `token_hash` is the SHA-256 hash of the whole token, by which it is found.
        """
        ...

    def tokens(self) -> list[AccessToken]:
        """Return all access tokens by name, revoked ones too."""
        ...

    def token_by_hash(self, token_hash: str) -> AccessToken | None:
        """Return the access token with this SHA-256 hash, even if it is revoked, else None."""
        ...

    def revoke_token(self, name: str, *, now: datetime) -> bool:
        """Make an access token invalid. Returns False if there is no valid one of that name."""
        ...

    def add_audit_entry(self, entry: AuditEntry) -> None:
        """Add a line to the log of who did what."""
        ...

    def audit_entries(self, before: int | None, limit: int) -> Sequence[AuditEntry]:
        """Return lines of the log of who did what, the latest first.

        Only those with a number below `before` are returned, if it is given, at most `limit`.
        """
        ...


class ConsoleStore(Protocol):
    """A store that has lists page by page, access tokens and the audit log."""

    @property
    def listings(self) -> ListingReader:
        """The object that reads lists of articles, clusters (groups of copies) and dead letters
        (articles that failed) from this store."""
        ...

    @property
    def access(self) -> AccessStore:
        """The object that reads and writes the access tokens and the audit log (who did what) of
        this store."""
        ...
