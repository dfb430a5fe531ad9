"""Recognise parts of a page that are not about its own article: comments, teasers, events."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

_MARKS = re.compile(
    r"(?:^|[^a-z])(?:comments?|comment-?list|disqus|respond|repl(?:y|ies)|related|recommend(?:ed|ations)"
    r"|more-(?:stories|articles|news|from|posts)|read-next|most-(?:read|popular|viewed)|upcoming"
    r"|events|see-also|(?:next|prev|previous)-post)(?:$|[^a-z])",
    re.I,
)
_KEPT = frozenset(("html", "body", "main"))
_MAX_MARK_CHARS = 200
_MAX_TEASER_CHARS = 600
_MAX_DEPTH = 30  # elements around one that are looked at


def is_of_others(node: LexborNode) -> bool:
    """Whether an element is a part of the page that is not about the page's article: the footer of
    the page or, by its class or id, comments or a list of other articles or of events."""
    tag = node.tag
    if tag in _KEPT:
        return False
    if tag == "footer":
        return not _is_within_article(node)
    attributes = node.attributes
    marks = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    return len(marks) > 1 and _MARKS.search(marks, 0, _MAX_MARK_CHARS) is not None


def is_within_others(node: LexborNode) -> bool:
    """Whether an element is inside a part of the page that is not about the page's article, such as
    comments or a teaser. A part that holds a main heading (<h1>) is taken for the article
    itself."""
    for above in _ancestors(node):
        if is_of_others(above) or is_teaser(above):
            return above.css_first("h1") is None
    return False


def is_teaser(node: LexborNode) -> bool:
    """Whether an element is a teaser of another article: a short <article> without <h1>, and with a
    heading that is a link."""
    if node.tag != "article" or node.css_first("h1") is not None:
        return False
    linked = node.css_first("h2 a,h3 a,h4 a,a h2,a h3,a h4")
    return linked is not None and len(node.text()) <= _MAX_TEASER_CHARS


def _is_within_article(node: LexborNode) -> bool:
    return any(above.tag == "article" for above in _ancestors(node))


def _ancestors(node: LexborNode) -> Iterator[LexborNode]:
    """Yield the elements around an element, the innermost first, without body and main."""
    above = node.parent
    for _ in range(_MAX_DEPTH):
        if above is None or above.tag in _KEPT:
            return
        yield above
        above = above.parent
