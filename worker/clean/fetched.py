"""What there is to be read: a raw article comes in; its body and its summary go out, and why its
page did not come.

What came instead of a page is not read: the body is then what the feed gave besides.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from worker.clean.body import Body, read_bodies, read_body, richest_of
from worker.clean.failed_fetch import (
    redirect_failure,
    status_failure,
    text_failure,
    title_failure,
    unmodified_failure,
)
from worker.clean.html import is_page, is_text
from worker.clean.names import tidy
from worker.clean.rules import CleaningRules
from worker.contract import Content, RawArticle


class Fetched(NamedTuple):
    body: Body
    summary: Body
    failure: str = ""  # why the page did not come
    titled: bool = True  # the raw article has a title of its own, which is not of that failure


def fetched(raw: RawArticle, rules: CleaningRules) -> Fetched:
    """Read contents and summary. Raises Rejected with `hostile` or `malformed`."""
    status, title = raw.fetch.status, tidy(raw.title, rules.text)
    by_status = status_failure(status)
    contents = _besides_response(raw.content) if by_status else enumerate(raw.content)
    read = [_judged(body, title, status, rules) for body in read_bodies(contents, rules)]
    bodies = [body for body in read if not body.failure]
    body, summary = richest_of(bodies), _summary(raw.summary, title, rules)
    failure = by_status or _failure_of(read)
    if not by_status and any(each.how == "page" for each in bodies):
        failure = ""
    elif not body.text:
        failure = failure or summary.failure or unmodified_failure(status)
        if not failure and not summary.text and raw.content:
            failure = title_failure(title, rules.failed_fetch)
    titled = bool(title) and not (failure and title_failure(title, rules.failed_fetch))
    return Fetched(body, summary, failure, titled)


def _failure_of(bodies: Iterable[Body]) -> str:
    return next(filter(None, (body.failure for body in bodies)), "")


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


def _summary(given: str, title: str, rules: CleaningRules) -> Body:
    return _judged(read_body(Content(value=given), rules), title, None, rules) if given else Body()


def _judged(body: Body, title: str, status: int | None, rules: CleaningRules) -> Body:
    """The body, or without its text why it is none; pages were judged when they were read."""
    if body.failure:
        return body
    if body.how == "page":
        failure = redirect_failure(status, len(body.text.encode()), rules.failed_fetch)
    else:
        failure = text_failure(title, body.text, rules.failed_fetch) if body.text else ""
    return Body(place=body.place, how=body.how, failure=failure) if failure else body
