"""Operations of the API on the revisions of an article: their list, and what an edit changed."""

from dataclasses import dataclass

from pydantic import Field
from starlette.exceptions import HTTPException

from worker.explain.word_diff import DiffPiece, pieces
from worker.store.listing_values import RevisionSummary
from worker.web.api_operations import Operation
from worker.web.article_api import OneArticle, whole_article_id
from worker.web.caller import Caller
from worker.web.console_context import Console

_MOST_COMPARED = 200_000  # characters of a text in which an edit is shown


class TwoRevisions(OneArticle):
    """Which revisions of an article are compared."""

    older: int = Field(ge=1, le=10**9, description="Number of the earlier revision.")
    newer: int = Field(ge=1, le=10**9, description="Number of the later revision.")


class RevisionListing(OneArticle):
    """Which page of the revisions of an article is wanted."""

    before: int | None = Field(None, ge=1, le=10**9, description="Only those of lower numbers.")
    limit: int = Field(50, ge=1, le=200, description="Number of revisions of a page.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionList:
    """A page of the revisions of an article, the newest first.

    `next_before` is the argument `before` of the next page; null at the end.
    """

    article_id: str
    revisions: tuple[RevisionSummary, ...]
    next_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionDiff:
    """What changed between two revisions of an article, field by field.

    Each field has pieces with a sign: "-" for removed words, "+" for added ones, " " for others.
    """

    article_id: str
    older: int
    newer: int
    title: tuple[DiffPiece, ...]
    text: tuple[DiffPiece, ...]


def list_revisions(console: Console, _: Caller, wanted: RevisionListing) -> RevisionList:
    """Return a page of the revisions of an article, the newest first, without their texts."""
    article_id = whole_article_id(console, wanted.article_id)
    page = console.store.listings.revision_page(article_id, wanted.before, wanted.limit)
    more = bool(page) and page[-1].before is not None
    return RevisionList(
        article_id=article_id,
        revisions=tuple(page),
        next_before=page[-1].number if more else None,
    )


def compare_revisions(console: Console, _: Caller, wanted: TwoRevisions) -> RevisionDiff:
    """Return what changed between two revisions of an article, word by word."""
    article_id = whole_article_id(console, wanted.article_id)
    found = console.store.listings.revision_texts(article_id, (wanted.older, wanted.newer))
    if wanted.older not in found or wanted.newer not in found:
        last = console.store.listings.revision_page(article_id, None, 50)
        numbers = ", ".join(str(revision.number) for revision in last) or "none"
        raise HTTPException(404, f"there is no such revision; there are {numbers}")
    older, newer = found[wanted.older], found[wanted.newer]

    def diff(old: str, new: str) -> tuple[DiffPiece, ...]:
        return tuple(pieces(old[:_MOST_COMPARED], new[:_MOST_COMPARED]))

    return RevisionDiff(
        article_id=article_id,
        older=wanted.older,
        newer=wanted.newer,
        title=diff(older.title, newer.title),
        text=diff(older.text, newer.text),
    )


OPERATIONS = (
    Operation(
        path="/api/articles/{article_id}/revisions",
        summary="List the revisions of an article, the newest first.",
        arguments=RevisionListing,
        answer=RevisionList,
        run=list_revisions,
    ),
    Operation(
        path="/api/articles/{article_id}/diff",
        summary="Show what changed between two revisions.",
        arguments=TwoRevisions,
        answer=RevisionDiff,
        run=compare_revisions,
    ),
)
