"""What there is to be read: a raw article comes in; its body and its summary go out, and why its
page did not come.

What came instead of a page is not read: the body is then what the feed gave besides.
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


class Fetched(NamedTuple):
    body: Body
    summary: Body
    failure: str = ""  # why the page did not come
    titled: bool = True  # the raw article has a title of its own, which is not of that failure


def read_fetched(raw: RawArticle, rules: CleaningRules) -> Fetched:
    """Read contents and summary. Raises Rejected with `hostile` or `malformed`."""
    status = raw.fetch.status
    by_status = status_failure(status)
    contents = _besides_response(raw.content) if by_status else enumerate(raw.content)
    read = [_judged(body, raw.title, status, rules) for body in read_bodies(contents, rules)]
    bodies = [body for body in read if not body.failure]
    body = richest(bodies)
    summary = _summary(raw, rules) if raw.summary else Body()
    if body.text and not by_status and len(bodies) == len(read):
        return Fetched(body, summary)
    failure = by_status or next((each.failure for each in read if each.failure), "")
    if not by_status and any(each.how == "page" for each in bodies):
        failure = ""
    elif not body.text:
        failure = failure or summary.failure or _empty_failure(raw, summary, rules)
    return Fetched(body, summary, failure, _is_titled(raw.title, rules) if failure else True)


def _empty_failure(raw: RawArticle, summary: Body, rules: CleaningRules) -> str:
    """Why there is no text, of a raw article that has none."""
    if failure := unmodified_failure(raw.fetch.status):
        return failure
    alone = bool(raw.content) and not summary.text
    return title_failure(tidy(raw.title, rules.text), rules.failed_fetch) if alone else ""


def _is_titled(given: str, rules: CleaningRules) -> bool:
    """Whether a title was given that is not one of an error."""
    title = tidy(given, rules.text)
    enough = rules.text.min_letters
    return letters(title, enough) >= enough and not title_failure(title, rules.failed_fetch)


def _besides_response(contents: Sequence[Content]) -> list[tuple[int, Content]]:
    """What the feed gave: all that is no page, if there is one. Without a page nobody can tell what
    is the body of the response, so nothing is taken for the feed's."""
    pages = [_is_response(content) for content in contents]
    placed = zip(enumerate(contents), pages, strict=True)
    return [each for each, page in placed if not page] if any(pages) else []


def _is_response(content: Content) -> bool:
    """Nobody but the one who fetched a page has its bytes."""
    if content.encoding == "base64":
        return True
    return is_text(content.type) and is_page(content.value)


def _summary(raw: RawArticle, rules: CleaningRules) -> Body:
    return _judged(read_body(Content(value=raw.summary), rules), raw.title, None, rules)


def _judged(body: Body, title: str, status: int | None, rules: CleaningRules) -> Body:
    """The body, or without its text why it is none; pages were judged when they were read."""
    if body.failure or not (body.text or body.how == "page"):
        return body
    if body.how == "page":
        failure = redirect_failure(status, len(body.text.encode()), rules.failed_fetch)
    else:
        failure = text_failure(title, body.text, rules.failed_fetch)
    return Body(place=body.place, how=body.how, failure=failure) if failure else body
