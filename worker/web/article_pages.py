"""Pages of the console on articles: search, one article, its raw payload, and what an edit
changed."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from worker.explain.word_diff import WORDS, DiffPiece
from worker.explain.wording import several
from worker.store.view_values import ArticleView
from worker.web.api_operations import call_operation, query_of, read_arguments
from worker.web.article_api import (
    ArticleListing,
    AskedName,
    OneArticle,
    OneRevision,
    find_by_name,
    list_articles,
    show_article,
    show_raw,
)
from worker.web.caller import caller_of
from worker.web.cluster_timeline import timeline
from worker.web.console_context import console_of
from worker.web.origin_api import show_origins
from worker.web.page_rendering import fragment, list_page, page, when
from worker.web.revision_api import (
    RevisionListing,
    TwoRevisions,
    compare_revisions,
    list_revisions,
)
from worker.web.shown_text import page_link
from worker.web.tagged_text import marked_text, text_parts

MOST_SHOWN = 100_000  # characters of a text
_MOST_TAGS = 200
_MOST_MEMBERS = 100  # of a cluster, as the store returns them
_MAIN_FIELDS = ("title", "published", "updated", "authors", "language")
_UNFOLDED = 400  # characters of an unchanged passage that are shown whole
_KEPT = 120  # characters shown at each end of a folded passage


class ShownPiece(NamedTuple):
    """A piece of the comparison of two texts, with the sign "+" (added), "-" (removed) or " "
    (unchanged).

    `words` is the whole piece. If it is long and unchanged, it is shown as `begin` and `end`, and
    the middle, `folded`, only on a click.
    """

    sign: str
    words: str
    begin: str = ""
    folded: str = ""
    end: str = ""


def articles(request: Request) -> Response:
    """Show a page of the list of articles, with the values by which it can be narrowed."""
    return list_page(
        request,
        "articles.html",
        "Articles",
        list_articles,
        ArticleListing,
        "/api/articles",
        facets="true",
    )


def one_article(request: Request) -> Response:
    """Show everything about one article, with a page of its revisions."""
    parameters = query_of(request)
    wanted = read_arguments(OneArticle, dict(request.path_params))
    console, caller = console_of(request), caller_of(request)
    details = show_article(console, caller, wanted)
    stored = details.stored
    article = stored["article"]
    newest = stored["revisions"][-1] if stored["revisions"] else None
    tags = stored["tags"][:_MOST_TAGS]
    labels = {f"{tag['scheme']}:{tag['code']}": tag["label"] for tag in tags}
    listing = read_arguments(RevisionListing, parameters)
    title = newest["title"] if newest else ""
    text = newest["text"] if newest else ""
    title_parts = text_parts(title, "title", tags, 2_000)
    return page(
        request,
        "article.html",
        title or "Article",
        article=article,
        newest=newest,
        revisions=list_revisions(console, caller, listing),
        before=listing.before,
        tags=tags,
        aliases=stored["aliases"],
        story=details.story,
        facts=_facts(stored),
        title_parts=marked_text(title_parts, labels) if len(title_parts) > 1 else "",
        text_parts=marked_text(text_parts(text, "text", tags, MOST_SHOWN), labels),
        left_out=max(0, len(text) - MOST_SHOWN),
        timeline=timeline(stored["cluster"], article["article_id"], article["cluster_id"]),
        is_cut=len(stored["cluster"]) >= _MOST_MEMBERS,
        json_path=f"/api/articles/{article['article_id']}",
    )


def origins(request: Request) -> Response:
    """Show where the fields of an article, such as title and dates, come from. To a request by
    htmx, the script on the article's page, only the list is sent, which it puts into that page."""
    found = call_operation(request, show_origins, OneRevision, query_of(request))
    ranked = sorted(found.decisions, key=lambda decision: decision.about not in _MAIN_FIELDS)
    if "hx-request" in request.headers:
        return fragment("origins_list.html", origins=found, decisions=ranked)
    return page(
        request,
        "origins.html",
        "Where each field comes from",
        origins=found,
        decisions=ranked,
        json_path=f"/api/articles/{found.article_id}/origins?revision={found.revision}",
    )


def raw(request: Request) -> Response:
    """Show the raw article from which a revision was made, as text."""
    found = call_operation(request, show_raw, OneRevision, query_of(request))
    text = pretty(found.payload)
    return page(
        request,
        "raw.html",
        "Raw article",
        raw=found,
        size=len(found.payload),
        payload=text[:MOST_SHOWN],
        left_out=max(0, len(text) - MOST_SHOWN),
        json_path=f"/api/articles/{found.article_id}/raw?revision={found.revision}",
    )


def diff(request: Request) -> Response:
    """Show what changed between two revisions."""
    parameters = query_of(request)
    found = call_operation(request, compare_revisions, TwoRevisions, parameters)
    path = f"/api/articles/{found.article_id}/diff"
    both = [*found.title, *found.text]
    return page(
        request,
        "diff.html",
        "What changed",
        diff=found,
        removed=_word_count(both, "-"),
        added=_word_count(both, "+"),
        fields=(("Title", _folded(found.title)), ("Text", _folded(found.text))),
        json_path=page_link(path, {"older": found.older, "newer": found.newer}),
    )


def find(request: Request) -> Response:
    """Go to the page of the article or dead letter that has the name asked for. If the name
    leads to nothing, or not to one of them alone, show what was found."""
    parameters = query_of(request)
    what = str(parameters.get("what", ""))
    try:
        found = call_operation(request, find_by_name, AskedName, parameters)
    except HTTPException as e:
        status = e.status_code
        return page(
            request, "found.html", "Find", status=status, what=what, found=None, problem=e.detail
        )
    if len(found.article_ids) == 1 and not found.letter:
        return RedirectResponse(f"/articles/{found.article_ids[0]}", 303)
    if found.letter and not found.article_ids:
        return RedirectResponse(f"/dead/{found.letter.letter_id}", 303)
    json_path = page_link("/api/find", {"what": what})
    return page(
        request, "found.html", "Find", what=what, found=found, problem="", json_path=json_path
    )


def pretty(payload: str) -> str:
    """Indent a text if it is JSON; another one is returned as it is."""
    try:
        return json.dumps(json.loads(payload), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return payload


def _facts(stored: ArticleView) -> list[tuple[str, Any]]:
    """Names and values of what is known of the newest revision; what is unknown is left out."""
    article = stored["article"]
    newest = stored["revisions"][-1] if stored["revisions"] else None
    always: list[tuple[str, Any]] = [
        ("First seen", when(article["first_seen"])),
        ("Last seen", when(article["last_seen"])),
        ("Delivered", several(article["sightings"], "time")),
    ]
    if newest is None:
        return always
    known = [
        ("Published", when(newest["published"])),
        ("Updated", when(newest["updated"])),
        ("Authors", ", ".join(newest["authors"])),
        ("Credits", ", ".join(f"{c['name']} ({c['role']})" for c in newest["contributors"])),
        ("Place", newest["place"]),
        ("Agency", newest["agency"]),
        ("Categories", ", ".join(newest["categories"])),
        ("Keywords", ", ".join(newest["keywords"])),
        ("Flags", ", ".join(newest["flags"])),
        ("Left out", several(len(newest["dropped"]), "line") if newest["dropped"] else ""),
    ]
    return [*((name, value) for name, value in known if value), *always]


def _folded(parts: Sequence[DiffPiece]) -> list[ShownPiece]:
    shown = []
    for sign, words in parts:
        if sign == " " and len(words) > _UNFOLDED:
            piece = _folded_piece(words)
        else:
            piece = ShownPiece(sign, words)
        shown.append(piece)
    return shown


def _folded_piece(words: str) -> ShownPiece:
    """Fold the middle of an unchanged passage, between words if they are of ordinary length."""
    from_ = words.rfind(" ", _KEPT // 2, _KEPT) + 1 or _KEPT
    to = words.find(" ", len(words) - _KEPT, len(words) - _KEPT // 2)
    to = to if to > from_ else len(words) - _KEPT
    return ShownPiece(" ", words, words[:from_], words[from_:to], words[to:])


def _word_count(parts: Sequence[DiffPiece], wanted: str) -> int:
    return sum(
        any(map(str.isalnum, word))
        for sign, words in parts
        if sign == wanted
        for word in WORDS.findall(words)
    )


ROUTES = (
    Route("/articles", articles),
    Route("/articles/{article_id}", one_article),
    Route("/articles/{article_id}/origins", origins),
    Route("/articles/{article_id}/raw", raw),
    Route("/articles/{article_id}/diff", diff),
    Route("/find", find),
)
