"""Reading what is stored, from Python.

with Store() as store:
    for article in store.articles(tag="politics"):
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
    """What restricts a search; what is left out does not."""

    tag: str  # code or label
    source: str
    language: str
    verdict: str  # of the newest revision
    since: datetime | None  # published, or else received: from here on
    until: datetime | None  # and before this


class Store:
    """The records, for reading. Without a URL it is the store that the settings name.

    Raises BadConfig when there is no such store or its schema is not that of this version, and
    Unavailable when it does not answer. Not for use across a fork or between threads.
    """

    def __init__(self, url: str = "") -> None:
        settings = Settings.load()
        settings = settings.model_copy(update={"store_url": url}) if url else settings
        bootstrap.prepare_store(settings)
        self._store = bootstrap.store(settings)

    def search(
        self, words: str = "", *, limit: int = 20, **filters: Unpack[Filters]
    ) -> list[SearchHit]:
        """The best matches for words as `worker search` takes them; without words the newest."""
        return self._store.search(Query(words=words, limit=limit, **filters))

    def articles(
        self, words: str = "", *, all_revisions: bool = False, **filters: Unpack[Filters]
    ) -> Iterator[StoredArticle]:
        """Every article that matches, with its text and tags, in the order of storage.

        Reads a page at a time: memory stays small. An article revised meanwhile may come twice,
        the newer revision last.
        """
        return self._store.articles(Query(words=words, **filters), all_revisions=all_revisions)

    def show(self, article_id: str) -> ArticleView | None:
        """All that is stored of one article, as `worker show --json` prints it.

        Raises LookupError when several ids begin so.
        """
        return self._store.show(article_id)

    def outcome(self, receipt: str) -> Outcome | None:
        """What became of a receipt; None while it waits."""
        return self._store.outcomes([receipt]).get(receipt)

    def changes(self, since: str = "start") -> Iterator[Change]:
        """What happened since a cursor, `start` or `now`, oldest first, up to this moment.

        Keep the cursor of the last change you are done with, and go on from there. Raises
        LookupError for a cursor that is none.
        """
        cursor = self._store.cursor(since)
        while page := self._store.changes(cursor):
            yield from page
            cursor = page[-1].cursor

    def cursor(self, since: str = "now") -> str:
        """A cursor to start from: where the feed is now."""
        return self._store.cursor(since)

    def close(self) -> None:
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
