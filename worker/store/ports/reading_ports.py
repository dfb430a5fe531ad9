"""Ports for reading stored articles, and for deleting them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from worker.model.records import Outcome
from worker.store.ports.ingest_ports import OutcomeReader, RecordReader
from worker.store.ports.operation_ports import DeadLetterReader, JournalReader
from worker.store.values import (
    Change,
    DisplayTitle,
    Query,
    RemovedLineCount,
    SearchHit,
    SourceDetails,
    SourceSeen,
    StoredArticle,
    StoredDeadLetter,
)
from worker.store.view_values import ArticleView


class ArticleSearch(Protocol):
    """Find articles by a query."""

    def search(self, query: Query) -> list[SearchHit]:
        """Return the best matches, or the newest articles when the query has no words."""
        ...

    def count(self, query: Query) -> int:
        """Count the articles that match. The limit of the query does not apply."""
        ...

    def articles(self, query: Query, *, all_revisions: bool = False) -> Iterator[StoredArticle]:
        """Yield the articles that match, in the order of storage. The limit does not apply.

        Reads one page per transaction. An article that is revised in the meantime may be yielded
        twice, the newer revision last.
        """
        ...


class ArticleReader(RecordReader, Protocol):
    """Read single articles for people."""

    def show(self, article_id: str) -> ArticleView | None:
        """Return everything stored about an article, found by its id or a unique prefix of it.

        Raises LookupError with the candidates when several ids have this prefix.
        """
        ...

    def titles(self, article_ids: Sequence[str]) -> dict[str, DisplayTitle]:
        """Return titles and sources of these articles. A withdrawn article has no entry."""
        ...

    def find_articles(self, keys: Sequence[str], urls: Sequence[str]) -> Sequence[str]:
        """Return the ids of articles that have one of these keys or canonical URLs."""
        ...


class ResultReader(OutcomeReader, Protocol):
    """Read the results of receipts."""

    def listing(self, receipts: Sequence[str]) -> list[tuple[Outcome, SearchHit | None]]:
        """Return the outcomes of these receipts with their articles, in the order of the receipts.

        A receipt without an outcome is left out.
        """
        ...


class ChangeFeed(Protocol):
    """Read the feed of changes."""

    def cursor(self, since: str) -> str:
        """Return the cursor for `start`, `now` or a cursor. Raises LookupError for other text."""
        ...

    def changes(self, cursor: str, limit: int = ...) -> list[Change]:
        """Return the page of changes after the cursor, oldest first, each exactly once."""
        ...


class SourceReader(Protocol):
    """Read statistics of sources."""

    def sources(self) -> list[SourceSeen]:
        """Return all sources, the last seen first."""
        ...

    def source(self, name: str) -> SourceDetails | None:
        """Return one source with its receipts by outcome and its dead letters by reason."""
        ...

    def removed_lines(self, source: str) -> list[RemovedLineCount]:
        """Return the repeated lines that cleaning removed from a source, most frequent first."""
        ...


class DeletionStore(ArticleSearch, ArticleReader, Protocol):
    """Delete articles, and the content of the dead letters about them."""

    def article_ids(self, query: Query) -> Sequence[str]:
        """Return the ids of matching articles in the order of storage, up to the query's limit."""
        ...

    def delete(self, article_ids: Sequence[str], *, now: datetime) -> int:
        """Withdraw articles as their publisher would; return how many were not withdrawn before.

        Takes two transactions. A call that was interrupted may be repeated.
        """
        ...

    def letters_of_source(
        self, source: str, before: datetime | None, after: str = ""
    ) -> list[StoredDeadLetter]:
        """Return a page of a source's dead letters last seen before `before`.

        The page starts after letter id `after` and is in the order of ids.
        """
        ...

    def clear_letters(self, letter_ids: Sequence[str]) -> None:
        """Remove payload and detail from dead letters. Their rows stay as tombstones."""
        ...


class ArticleHistoryReader(ArticleReader, JournalReader, DeadLetterReader, Protocol):
    """Read all that is stored about one receipt or article."""
