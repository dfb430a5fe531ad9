"""Ports for reading stored articles, sources and changes, and for deleting articles."""

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
    """Search, count and export the articles that match a query."""

    def search(self, query: Query) -> list[SearchHit]:
        """Return the articles that match a query best, or the newest ones if it has no words.

        The query's limit applies.
        """
        ...

    def count(self, query: Query) -> int:
        """Count all articles that match a query. The query's limit does not apply."""
        ...

    def articles(self, query: Query, *, all_revisions: bool = False) -> Iterator[StoredArticle]:
        """Yield all articles that match, in the order of storage. The query's limit does not apply.

        Each page is read in its own transaction. So an article that is revised meanwhile may be
        yielded twice, the newer revision last.
        """
        ...


class ArticleReader(RecordReader, Protocol):
    """Read single articles, to show them to people."""

    def show(self, article_id: str) -> ArticleView | None:
        """Return everything stored about an article, or None if the id is unknown.

        The beginning of an article id is enough. Raises LookupError that lists the ids if several
        begin so.
        """
        ...

    def titles(self, article_ids: Sequence[str]) -> dict[str, DisplayTitle]:
        """Return article id -> title and source. A withdrawn or unknown article has no entry."""
        ...

    def find_articles(self, keys: Sequence[str], urls: Sequence[str]) -> Sequence[str]:
        """Return the ids of the articles that have one of these keys or one of these links.

        Links must be canonical, that is without tracking parameters.
        """
        ...


class ResultReader(OutcomeReader, Protocol):
    """Read what became of receipts, together with the articles that they led to."""

    def listing(self, receipts: Sequence[str]) -> list[tuple[Outcome, SearchHit | None]]:
        """Return the outcome of each receipt and its article, in the order of the receipts.

        A receipt without an outcome is left out. The article is None if there is none or it is
        withdrawn.
        """
        ...


class ChangeFeed(Protocol):
    """Read the change feed: what happened to articles, in the order of commits.

    A cursor is text that names a position in the feed.
    """

    def cursor(self, since: str) -> str:
        """Return the cursor to start reading from.

        `since` is `start` for all changes, `now` for those still to come, or the cursor of a change
        that was read before. Raises LookupError for any other text.
        """
        ...

    def changes(self, cursor: str, limit: int = ...) -> list[Change]:
        """Return the next changes after a cursor, oldest first. None is skipped or given twice."""
        ...


class SourceReader(Protocol):
    """Read statistics of sources, the publishers of articles."""

    def sources(self) -> list[SourceSeen]:
        """Return all sources with their counters, the last seen first."""
        ...

    def source(self, name: str) -> SourceDetails | None:
        """Return one source with its receipts by outcome and its dead letters by reason.

        Returns None for an unknown source.
        """
        ...

    def removed_lines(self, source: str) -> list[RemovedLineCount]:
        """Return the lines that cleaning removed from a source's articles because they repeat.

        The most frequent line comes first.
        """
        ...


class DeletionStore(ArticleSearch, ArticleReader, Protocol):
    """Delete articles, and the content of the dead letters of a source."""

    def article_ids(self, query: Query) -> Sequence[str]:
        """Return the ids of articles that match, up to the query's limit, in order of storage."""
        ...

    def delete(self, article_ids: Sequence[str], *, now: datetime) -> int:
        """Remove the content of articles, as if their publisher had withdrawn them.

        Returns how many were not withdrawn before. Takes two transactions; after an interruption,
        the call may be repeated.
        """
        ...

    def letters_of_source(
        self, source: str, before: datetime | None, after: str = ""
    ) -> list[StoredDeadLetter]:
        """Return a page of a source's dead letters that still have a payload.

        Only letters last seen before `before` are returned, if it is given. The page starts after
        letter id `after` and is in the order of ids.
        """
        ...

    def clear_letters(self, letter_ids: Sequence[str]) -> None:
        """Remove payload and detail from these dead letters, but keep their rows.

        If the same payload fails again, the payload is not stored again.
        """
        ...


class ArticleHistoryReader(ArticleReader, JournalReader, DeadLetterReader, Protocol):
    """Read all that is stored about one receipt or article, to explain what happened to it."""
