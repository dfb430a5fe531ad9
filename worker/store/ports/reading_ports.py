"""Store protocols for reading stored articles, sources and changes, and for deleting articles."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from worker.model.records import Outcome, OutcomeKind
from worker.store.dead_letter_values import StoredDeadLetter
from worker.store.hourly_values import HourlyCount, OutcomeTotals
from worker.store.ports.held_ports import HeldArticleReader
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
)
from worker.store.view_values import ArticleView


class ArticleSearch(Protocol):
    """Finds, counts and exports the stored articles that match a query of words, tags, dates and so
    on."""

    def search(self, query: Query) -> list[SearchHit]:
        """Return the articles that match a query, the best matches first, at most `query.limit` of
        them.

        If the query has no words, the newest articles come first.
        """
        ...

    def count(self, query: Query) -> int:
        """Count all stored articles that match a query, even if they are more than the query's
        limit."""
        ...

    def articles(self, query: Query, *, all_revisions: bool = False) -> Iterator[StoredArticle]:
        """Yield all articles that match a query, in the order in which their revisions were stored.

        The query's limit is ignored. With `all_revisions`, older revisions are yielded too. An
        article that is revised while this runs may be yielded twice, the newer revision last.
        """
        ...


class ArticleReader(RecordReader, Protocol):
    """Reads single articles to show them to people, and finds the ids of articles by link or
    key."""

    def show(self, article_id: str, most_texts: int | None = None) -> ArticleView | None:
        """Return everything stored about an article, or None if the id is unknown.

        `article_id` may be only the beginning of an id. Raises LookupError, with a list of ids, if
        several articles have ids that begin so. If `most_texts` is given, only so many revisions
        are read, the newest ones, and only so many texts that were held back.
        """
        ...

    def titles(self, article_ids: Sequence[str]) -> dict[str, DisplayTitle]:
        """Return article id -> title and source, to show to people in place of the id.

        A withdrawn or unknown article has no entry.
        """
        ...

    def find_articles(self, keys: Sequence[str], urls: Sequence[str]) -> Sequence[str]:
        """Return the ids of the articles that have one of these keys or one of these links.

        A key, such as "id:…", "url:…" or "text:…", identifies an article within its source. Links
        must be without tracking parameters, as they are stored.
        """
        ...


class ResultReader(OutcomeReader, Protocol):
    """Reads what became of delivered raw articles, and the stored articles that they led to.

    Both are found by receipt, the id of one delivery.
    """

    def listing(self, receipts: Sequence[str]) -> list[tuple[Outcome, SearchHit | None]]:
        """Return what became of each receipt (the id of one delivered raw article), and its stored
        article.

        The results are in the order of the receipts. A receipt without an outcome is left out. The
        article is None if none was stored, or if it is withdrawn.
        """
        ...


class ChangeFeed(Protocol):
    """Reads the change feed: the list of what happened to articles, in the order of the commits.

    A reader keeps a cursor, a text that names the last change it has read, and asks for later ones.
    """

    def cursor(self, since: str) -> str:
        """Return the position in the change feed (the list of all changes) from which to read on,
        as text.

        `since` is `start` to read all changes, `oldest` to read those that are still kept, `now` to
        read only those still to come, or the cursor of the last change that was read; that one is
        returned unchanged. Raises LookupError for any other text, and if changes after the position
        were removed because of their age.
        """
        ...

    def changes(self, cursor: str, limit: int = ...) -> list[Change]:
        """Return up to `limit` changes of articles that come after a position in the change feed.

        The oldest change comes first. `cursor` names the position: it is the cursor of the last
        change that was read, or comes from the method `cursor`. No change is skipped or given
        twice. Raises LookupError if changes after the position were removed because of their age.
        """
        ...


class SourceReader(Protocol):
    """Reads statistics about sources, the publishers from which articles come."""

    def sources(self) -> list[SourceSeen]:
        """Return all sources (publishers of articles) with counts of what they delivered.

        The source that last delivered something comes first.
        """
        ...

    def source(self, name: str) -> SourceDetails | None:
        """Return one source with its deliveries counted by outcome and its failed articles by
        reason.

        Returns None if the source has never delivered anything.
        """
        ...

    def removed_lines(self, source: str) -> list[RemovedLineCount]:
        """Return the lines that cleaning removed from this source's articles as boilerplate, with
        counts.

        These are lines that the source repeats in many articles. The most frequent line comes
        first.
        """
        ...


class OutcomeCountReader(Protocol):
    """Reads how many articles had which outcome: by hour, by source, and since the first delivery.

    Each outcome is counted when it is stored, so reading the counts is fast however many articles
    there are. Stored articles that were only cleaned again are not counted.
    """

    def outcomes_by_hour(
        self, since: datetime, source: str | None = None, outcome: OutcomeKind | None = None
    ) -> list[HourlyCount]:
        """Return how many deliveries had which outcome in each hour (UTC), from the hour of `since`
        on.

        The earliest hour comes first; an outcome that no delivery of an hour had is left out. With
        `source`, only deliveries of that source are counted, and with `outcome` only those that had
        this outcome.
        """
        ...

    def last_hours_by_source(
        self,
        now: datetime,
        hours: int = ...,
        *,
        kinds: Collection[OutcomeKind] = ...,
        source: str | None = None,
    ) -> dict[str, tuple[int, ...]]:
        """Return for each source its numbers of deliveries in the last `hours` hours, by default
        24.

        The earliest hour comes first; the last number is that of the hour of `now`, which has not
        ended. If `kinds` is not empty, only deliveries with such an outcome are counted. A source
        that delivered nothing of them in that time is left out. With `source`, only the numbers of
        that source are returned.
        """
        ...

    def outcome_totals(self, source: str | None = None) -> OutcomeTotals:
        """Return how many deliveries have had each outcome since the first delivery, of one source
        or, by default, of all sources together.

        The numbers only rise: they stay when old rows are removed.
        """
        ...


class DeletionStore(ArticleSearch, ArticleReader, Protocol):
    """Finds and deletes articles, and clears the content of a source's dead letters.

    Dead letters are raw articles that could not be processed.
    """

    def article_ids(self, query: Query) -> Sequence[str]:
        """Return the ids of the articles that match a query, the earliest stored ones first.

        At most `query.limit` ids are returned.
        """
        ...

    def delete(self, article_ids: Sequence[str], *, now: datetime) -> int:
        """Remove the content of articles for good. Unlike an article that its publisher has
        withdrawn, such an article is not stored again when it is delivered later.

        The ids and keys of the articles are kept for this. Returns how many of them still had
        content. `now` is stored as the time of the deletion. The call may be repeated after an
        interruption.
        """
        ...

    def letters_of_source(
        self, source: str, before: datetime | None, after: str = ""
    ) -> list[StoredDeadLetter]:
        """Return a page of a source's dead letters, the raw articles that could not be processed.

        The page has up to 200 letters with ids larger than `after`, in the order of their ids. Only
        letters that last failed before `before` are returned (None: all), and only if their content
        is stored.
        """
        ...

    def clear_letters(self, letter_ids: Sequence[str]) -> None:
        """Delete the stored content of dead letters, the raw articles that could not be processed.

        The rest of a letter is kept, such as its id and the reason of the failure. If the same
        article fails again, that is counted, but its content is not stored again.
        """
        ...


class ArticleHistoryReader(ArticleReader, JournalReader, DeadLetterReader, Protocol):
    """Reads all that is stored about one article or one receipt, to explain what happened to it.

    A receipt is the id of one delivery of a raw article. What is read includes the record of its
    acceptance by the broker, and the dead letter if it could not be processed. `held` finds
    articles that wait because their source is paused.
    """

    @property
    def held(self) -> HeldArticleReader: ...
