"""Read stored articles from Python.

with Archive() as archive:
    for article in archive.articles(tag="politics"):
        print(article.title)
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Self, TypedDict, Unpack

from worker import bootstrap
from worker.model.records import Outcome
from worker.settings import Settings
from worker.store.values import Change, Query, SearchHit, StoredArticle
from worker.store.view_values import ArticleView


class Filters(TypedDict, total=False):
    """The conditions of a search. A condition that is left out does not restrict it."""

    tag: str  # code or label
    source: str
    language: str
    verdict: str  # of the newest revision
    since: datetime | None  # published, or else received: from here on
    until: datetime | None  # and before this


class Archive:
    """Read access to stored articles: search, export, outcomes of receipts and changes.

    Without a URL it reads the store that the settings name. Raises BadConfig when there is no such
    store or its schema is of another version, and Unavailable when it does not answer. It must not
    be used across a fork or shared by threads.
    """

    def __init__(self, url: str = "") -> None:
        settings = Settings.load()
        settings = Settings(store_url=url) if url else settings
        bootstrap.prepare_store(settings)
        self._store = bootstrap.store(settings)

    def search(
        self, words: str = "", *, limit: int = 20, **filters: Unpack[Filters]
    ) -> list[SearchHit]:
        """Search with words in the syntax of `worker search`; return the best `limit` matches.

        Without words, the newest articles are returned.
        """
        return self._store.search(Query(words=words, limit=limit, **filters))

    def articles(
        self, words: str = "", *, all_revisions: bool = False, **filters: Unpack[Filters]
    ) -> Iterator[StoredArticle]:
        """Yield all articles that match, with text and tags, in the order of storage.

        They are read page by page, so memory use stays small. An article that is revised meanwhile
        may be yielded twice, the newer revision last. With `all_revisions` older ones come too.
        """
        return self._store.articles(Query(words=words, **filters), all_revisions=all_revisions)

    def show(self, article_id: str) -> ArticleView | None:
        """Return everything stored about one article, as `worker show --json` prints it.

        `article_id` may be the beginning of an id. Raises LookupError when several ids begin so.
        """
        return self._store.show(article_id)

    def outcome(self, receipt: str) -> Outcome | None:
        """Return what became of an enqueued article, by the receipt that its producer got for it.

        Returns None while the article waits or is processed.
        """
        return self._store.outcomes([receipt]).get(receipt)

    def changes(self, since: str = "start") -> Iterator[Change]:
        """Yield the changes of articles after `since`, oldest first, up to this moment.

        `since` is a cursor, `start` or `now`. Keep the cursor of the last change that you
        processed, and continue from it. Raises LookupError for an invalid cursor.
        """
        cursor = self._store.cursor(since)
        while page := self._store.changes(cursor):
            yield from page
            cursor = page[-1].cursor

    def cursor(self, since: str = "now") -> str:
        """Return a cursor to pass to `changes`, by default that of the newest change."""
        return self._store.cursor(since)

    def close(self) -> None:
        """Close the connections to the store."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
