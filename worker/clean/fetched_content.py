"""Parse the text and the summary of a raw article, and recognise that the fetch of its web page has
failed.

The page of a failed fetch, such as an error page, is not used: the article is then made of what
came from its feed.
"""

from collections.abc import Sequence
from typing import NamedTuple

from worker.clean.body import Body, read_bodies, read_body, richest
from worker.clean.cleaning_rules import CleaningRules
from worker.clean.fetch.failed_fetch import (
    redirect_failure,
    status_failure,
    text_failure,
    title_failure,
    unmodified_failure,
)
from worker.clean.html.html_to_text import is_page, is_text
from worker.clean.text.plain_text import letters
from worker.clean.text.short_text import tidy
from worker.model.admission import Content, RawArticle


class FetchedContent(NamedTuple):
    """The contents of a raw article after parsing, and why the fetch of its web page failed, if it
    did.

    `body` is the content that gives the text of the article, and `summary` its summary. `bodies`
    are all contents, also those that are not used. `failure` names the cause of a failed fetch,
    such as "challenge page"; it is "" if the fetch succeeded.

    After a failed fetch, `titled` tells whether the raw article has a title of its own, and not
    only that of an error page. After a successful one it is always True.
    """

    body: Body
    summary: Body
    bodies: Sequence[Body] = ()
    failure: str = ""  # of the fetch, "" if it succeeded
    titled: bool = True  # the title of the raw article is not that of an error page


def read_fetched(raw: RawArticle, rules: CleaningRules) -> FetchedContent:
    """Parse the contents and the summary of a raw article. If the fetch of its web page failed, the
    page is left out, and only what came from the feed is used.

    Raises Rejected: `hostile` for markup that would block a parser, `malformed` for a content that
    can't be decoded.
    """
    status = raw.fetch.status
    by_status = status_failure(status)
    contents = _feed_contents(raw.content) if by_status else enumerate(raw.content)
    bodies = read_bodies(contents, rules, raw.link)
    all_bodies = [_checked(body, raw.title, status, rules) for body in bodies]
    bodies = [body for body in all_bodies if not body.failure]
    body = richest(bodies)
    summary = _summary(raw, rules) if raw.summary else Body()
    if body.text and not by_status and len(bodies) == len(all_bodies):
        return FetchedContent(body, summary, all_bodies)
    failure = by_status or next((b.failure for b in all_bodies if b.failure), "")
    if not by_status and any(b.read_as == "page" for b in bodies):
        failure = ""
    elif not body.text:
        failure = failure or summary.failure or _empty_failure(raw, summary, rules)
    titled = _is_titled(raw.title, rules) if failure else True
    return FetchedContent(body, summary, all_bodies, failure, titled)


def _empty_failure(raw: RawArticle, summary: Body, rules: CleaningRules) -> str:
    """Name the failure of a raw article without any text, judged by its HTTP status and its
    title."""
    if failure := unmodified_failure(raw.fetch.status):
        return failure
    alone = bool(raw.content) and not summary.text
    return title_failure(tidy(raw.title, rules.text), rules.failed_fetch) if alone else ""


def _is_titled(raw_title: str, rules: CleaningRules) -> bool:
    """Whether the raw article has a title, and it is not the title of an error page."""
    title = tidy(raw_title, rules.text)
    enough = rules.text.min_letters
    return letters(title, enough) >= enough and not title_failure(title, rules.failed_fetch)


def _feed_contents(contents: Sequence[Content]) -> list[tuple[int, Content]]:
    """Return the contents that came from the feed, with their indexes: all but the fetched page.

    Returns none if no content is recognised as the fetched page, for then any of them may be it.
    """
    pages = [_is_response(content) for content in contents]
    indexed = zip(enumerate(contents), pages, strict=True)
    return [pair for pair, page in indexed if not page] if any(pages) else []


def _is_response(content: Content) -> bool:
    """Whether a content is the fetched page: a complete document, or bytes, which feeds do not
    carry."""
    if content.encoding == "base64":
        return True
    return is_text(content.type) and is_page(content.value)


def _summary(raw: RawArticle, rules: CleaningRules) -> Body:
    return _checked(read_body(Content(value=raw.summary), rules), raw.title, None, rules)


def _checked(body: Body, title: str, status: int | None, rules: CleaningRules) -> Body:
    """Return the body; if its fetch failed, return an empty body with the failure.

    A web page was judged by its text when it was read, so only its HTTP status is judged here.
    """
    if body.failure or not (body.text or body.read_as == "page"):
        return body
    if body.read_as == "page":
        failure = redirect_failure(status, len(body.text.encode()), rules.failed_fetch)
    else:
        failure = text_failure(title, body.text, rules.failed_fetch)
    return (
        Body(content_index=body.content_index, read_as=body.read_as, failure=failure)
        if failure
        else body
    )
