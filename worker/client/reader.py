"""Read stored articles from Python.

with Archive() as archive:
    for article in archive.articles(tag="politics"):
        print(article.title)
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Self, TypedDict, Unpack

from worker import bootstrap
from worker.client.past_deliveries import outcome_of
from worker.model.records import Outcome
from worker.settings import Settings
from worker.store.retention_values import ExpiredOutcome
from worker.store.values import Change, Query, SearchHit, StoredArticle
from worker.store.view_values import ArticleView
from worker.tag.entities.tag_codes import equal_codes


class Filters(TypedDict, total=False):
    """The conditions that articles must meet to be found; one that is left out is not checked.

    `tag` is the code or label of a tag, `source` the id of a source, `language` a code such as
    "en", and `verdict` what the newest revision was judged to be, such as "new" or "duplicate". The
    date of publication, or else of receipt, must be `since` or later, and before `until`.
    """

    tag: str  # code or label
    source: str
    language: str
    verdict: str  # of the newest revision
    since: datetime | None  # published, or else received: from here on
    until: datetime | None  # and before this


class Archive:
    """Read access to a store of articles: search, export, changes, and outcomes of sent articles.

    Without a URL it reads the store that the settings name. Raises BadConfig when there is no such
    store or its schema is of another version, and Unavailable when it does not answer. It must not
    be used across a fork or shared by threads.
    """

    def __init__(self, url: str = "") -> None:
        settings = Settings.load()
        settings = Settings(store_url=url) if url else settings
        self._store = bootstrap.existing_store(settings)

    def search(
        self, words: str = "", *, limit: int = 20, **filters: Unpack[Filters]
    ) -> list[SearchHit]:
        """Search articles by words and conditions, and return the `limit` best matches.

        `words` are in the syntax of `worker search`: words, "phrases", -excluded words and prefix*.
        Without words, the newest articles are returned.
        """
        return self._store.search(_query(words, filters, limit))

    def articles(
        self, words: str = "", *, all_revisions: bool = False, **filters: Unpack[Filters]
    ) -> Iterator[StoredArticle]:
        """Yield the articles that match words and conditions, with text and tags.

        They come in the order of storage and are read page by page, so memory use stays small. Of
        each article the newest revision comes, with `all_revisions` also the older ones. An article
        that is revised in the meantime may be yielded twice, the newer revision last.
        """
        return self._store.articles(_query(words, filters), all_revisions=all_revisions)

    def show(self, article_id: str) -> ArticleView | None:
        """Return everything stored about one article, as `worker show --json` prints it.

        `article_id` may be the beginning of an id. Returns None when no article has it, and raises
        LookupError when several ids begin so.
        """
        return self._store.show(article_id)

    def outcome(self, receipt: str) -> Outcome | ExpiredOutcome | None:
        """Return what became of an enqueued article, by the receipt (id) that its producer got.

        Returns None while the article waits or is processed, and an ExpiredOutcome, whose `kind` is
        "expired", if its outcome was removed because of its age. For a receipt that the producer
        chose itself, which does not tell its age, None may also mean that.
        """
        return outcome_of(self._store, receipt)

    def changes(self, since: str = "start") -> Iterator[Change]:
        """Yield what changed in the store after the point `since`, oldest first, up to now.

        `since` is a cursor, a point in the sequence of all changes, or `start` or `now`. Keep the
        cursor of the last change that you have processed, and continue from it. Raises LookupError
        for an invalid cursor, and if changes after it were removed because of their age; `oldest`
        begins with the oldest change that is kept.
        """
        cursor = self._store.cursor(since)
        while page := self._store.changes(cursor):
            yield from page
            cursor = page[-1].cursor

    def cursor(self, since: str = "now") -> str:
        """Return a cursor, a point in the sequence of all changes, to pass to `changes`.

        `since` is "now" for the point after the newest change, so that only later changes are read,
        "start" for the point before the first one, "oldest" for the one before the oldest that is
        kept, or a cursor.
        """
        return self._store.cursor(since)

    def close(self) -> None:
        """Close the connections to the store."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _query(words: str, filters: Filters, limit: int = 20) -> Query:
    tag = filters.get("tag", "")
    codes = equal_codes(tag) if tag else ()
    return Query(words=words, limit=limit, tag_codes=codes, **filters)
