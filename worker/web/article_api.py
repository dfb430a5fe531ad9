"""Operations of the API on articles: list, facets, one article, its raw payload, and what became
of the article that a receipt (the id of a delivery) or a link names."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from pydantic import Field, field_validator
from starlette.exceptions import HTTPException

from worker.explain.explanation import (
    FoundByName,
    article_story,
    expired_sentence,
    find_named,
    held_sentence,
)
from worker.model.records import OutcomeKind
from worker.store.dead_letter_values import StoredDeadLetter
from worker.store.listing_values import (
    ArticleFacets,
    ArticlePosition,
    Estimate,
    RawPayload,
    TooBroad,
)
from worker.store.values import Query, SearchHit
from worker.store.view_values import ArticleView
from worker.tag.entities.tag_codes import equal_codes
from worker.web.api_operations import Arguments, Operation, asked_position
from worker.web.caller import Caller
from worker.web.console_context import Console
from worker.web.cursors import cursor_of

_MOST_TEXTS = 10  # revisions of an article that are read with their texts


class ArticleFilter(Arguments):
    """The properties by which a list of articles can be restricted."""

    q: str = Field("", max_length=1000, description='Words, "phrases", -excluded, begin*.')
    tag: str = Field("", max_length=500, description='Tag: code, label, "scheme:code", name or id.')
    source: str = Field("", max_length=2000, description="Source id.")
    language: str = Field("", max_length=100, description="Language, such as en.")
    verdict: OutcomeKind | None = Field(
        None, description="Of the newest revision: new, revision, duplicate or variant."
    )
    flag: str = Field("", max_length=100, description="Flag of cleaning, such as paywalled.")
    day: date | None = Field(
        None, description="UTC day of publication (of receipt, if that is unknown)."
    )

    @field_validator("verdict", mode="before")
    @classmethod
    def _lower_case(cls, verdict: object) -> object:
        return (verdict.strip().lower() or None) if isinstance(verdict, str) else verdict

    def query(self, limit: int = 1) -> Query:
        """The query of the store that finds these articles."""
        since = datetime.combine(self.day, time(), UTC) if self.day else None
        return Query(
            words=self.q,
            tag=self.tag,
            tag_codes=equal_codes(self.tag) if self.tag else (),
            source=self.source,
            language=self.language,
            verdict=self.verdict or "",
            flag=self.flag,
            since=since,
            until=since + timedelta(days=1) if since and since.year < 9999 else None,
            limit=limit,
        )


class ArticleListing(ArticleFilter):
    """Which page of a list of articles is wanted: the filter of the list, the `cursor` that the
    page before gave ("" for the first page), the greatest number of articles, `limit`, and whether
    the values by which the list can be narrowed, `facets`, are counted, too."""

    cursor: str = Field("", max_length=500, description="`next_cursor` of the page before.")
    limit: int = Field(25, ge=1, le=100, description="Number of articles of a page.")
    facets: bool = Field(False, description="Whether to count values to narrow the list by, too.")


class OneArticle(Arguments):
    """Which article is wanted."""

    article_id: str = Field(max_length=100, description="Id, or its beginning if that is unique.")


class OneRevision(OneArticle):
    """Which revision of which article is wanted."""

    revision: int | None = Field(None, ge=1, le=10**9, description="Number; default: the newest.")


class AskedName(Arguments):
    """The name by which something is looked for."""

    what: str = Field(min_length=1, max_length=4000, description="Receipt, id, or web address.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleList:
    """A page of a list of articles, the newest first.

    `next_cursor` asks for the next page; null at the end of the list. A page may be short or empty
    although others follow, because it looks at a limited number of articles. `stored` is the
    number of all stored articles, whatever the list is restricted to. `facets` are the values by
    which the list can be narrowed, counted from this page on; null if they were not asked for.
    """

    articles: tuple[SearchHit, ...]
    next_cursor: str | None
    stored: Estimate
    facets: ArticleFacets | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleDetails:
    """Everything stored about one article, and its story in sentences.

    Of the revisions, the newest 10 are in it; the others are listed by `/revisions`.
    """

    stored: ArticleView
    story: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found by a receipt (the id of a delivery), an id or an address, and what happened to
    it.

    `received` is when the broker took the article of a receipt, and `outcome` what became of it. If
    that is "" for a receipt, `reason` says why: the article is held because its source is paused,
    or its outcome was removed because of its age. `letter` is the dead letter of that name, without
    its payload, and `article_ids` the articles of that name.
    """

    received: datetime | None
    outcome: str
    reason: str
    letter: StoredDeadLetter | None
    article_ids: tuple[str, ...]


def list_articles(console: Console, _: Caller, wanted: ArticleListing) -> ArticleList:
    """Return a page of the articles that match, the newest first."""
    after = asked_position(wanted.cursor, ArticlePosition)
    listings = console.store.listings
    try:
        page = listings.article_page(wanted.query(wanted.limit), after, with_facets=wanted.facets)
    except TooBroad as e:
        raise HTTPException(400, str(e)) from e
    return ArticleList(
        articles=page.hits,
        next_cursor=cursor_of(page.next),
        stored=listings.article_total(),
        facets=page.facets,
    )


def count_facets(console: Console, _: Caller, wanted: ArticleFilter) -> ArticleFacets:
    """Return the values by which a list of articles can be narrowed, with numbers of articles."""
    try:
        return console.store.listings.article_facets(wanted.query())
    except TooBroad as e:
        raise HTTPException(400, str(e)) from e


def show_article(console: Console, _: Caller, wanted: OneArticle) -> ArticleDetails:
    """Return everything stored about an article."""
    stored = _article(console, wanted.article_id)
    return ArticleDetails(stored=stored, story=tuple(article_story(console.store, stored)))


def show_raw(console: Console, _: Caller, wanted: OneRevision) -> RawPayload:
    """Return the raw article from which a revision was made, as it was received."""
    article_id = whole_article_id(console, wanted.article_id)
    raw = console.store.listings.raw_payload(article_id, wanted.revision)
    if raw is None:
        raise HTTPException(404, "nothing is stored of that revision")
    return raw


def find_by_name(console: Console, _: Caller, wanted: AskedName) -> Found:
    """Return what a receipt, id or address belongs to. Error 404 if nothing is stored by that
    name."""
    try:
        found = find_named(console.store, wanted.what, console.link_rules)
    except LookupError as e:
        raise HTTPException(404, str(e.args[0])) from e
    if found == FoundByName():
        raise HTTPException(404, "no article, receipt or dead letter has this name")
    reason = held_sentence(found.held) if found.held else ""
    return Found(
        received=found.received,
        outcome=found.outcome.kind.value if found.outcome else "",
        reason=expired_sentence(found.expired) if found.expired else reason,
        letter=replace(found.letter, payload="") if found.letter else None,
        article_ids=found.article_ids,
    )


def _article(console: Console, article_id: str) -> ArticleView:
    try:
        stored = console.store.show(article_id, _MOST_TEXTS)
    except LookupError as e:
        raise HTTPException(404, str(e.args[0])) from e
    if stored is None:
        raise HTTPException(404, "no article has this id")
    return stored


def whole_article_id(console: Console, article_id: str) -> str:
    """Return the whole id of an article, of which `article_id` may be only the beginning. Error 404
    if no article or several begin so."""
    whole = len(article_id) == 32
    return article_id if whole else _article(console, article_id)["article"]["article_id"]


OPERATIONS = (
    Operation(
        path="/api/articles",
        summary="List articles, the newest first.",
        arguments=ArticleListing,
        answer=ArticleList,
        run=list_articles,
    ),
    Operation(
        path="/api/articles/facets",
        summary="Count the values by which a list of articles can be narrowed.",
        arguments=ArticleFilter,
        answer=ArticleFacets,
        run=count_facets,
    ),
    Operation(
        path="/api/articles/{article_id}",
        summary="Show everything stored about one article.",
        arguments=OneArticle,
        answer=ArticleDetails,
        run=show_article,
    ),
    Operation(
        path="/api/articles/{article_id}/raw",
        summary="Show the raw article from which a revision was made.",
        arguments=OneRevision,
        answer=RawPayload,
        run=show_raw,
    ),
    Operation(
        path="/api/find",
        summary="Find an article or dead letter by receipt, id or address.",
        arguments=AskedName,
        answer=Found,
        run=find_by_name,
    ),
)
