"""Search a page for its date of publication with the library htmldate."""

from collections.abc import Iterator
from datetime import datetime

from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.clean.metadata.article_scope import ArticleScope
from worker.clean.metadata.json_ld import is_of_others
from worker.clean.metadata.visible_dates import following

_NO_DATES = frozenset("-comment style noscript template iframe svg".split())
_JSON_LD = "application/ld+json"
_MAX_NODES = 50_000


def search_date(markup: str, url: str, title: str, latest: datetime) -> str:
    """Search a page for its date of publication with the library htmldate, if its dates could not
    be read otherwise. Returns the day as "2026-11-22", or "" if no date is found.

    The date may stand in the markup or in the address of the page (`url`). Dates after `latest`,
    the time of the fetch, are ignored. So are dates in scripts, comments, footers and lists of
    other articles; `title`, the title of the article, helps to recognise these parts.
    """
    from htmldate import find_date  # comes with trafilatura, and takes as long to import

    try:
        parsed = find_date(
            _without_others(markup, title),
            url=url or None,
            original_date=True,
            max_date=latest,
            extensive_search=False,
        )
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return ""  # htmldate fails on some malformed trees
    return parsed or ""


def _without_others(markup: str, title: str) -> str:
    """Return a page without the parts whose dates are not those of its article."""
    tree = LexborHTMLParser(markup)
    if tree.root is None:
        return markup
    # None of them is inside another: removing an element frees the memory of those inside it.
    for node in list(_others(tree.root, ArticleScope(tree, title), title)):
        node.decompose()
    return tree.html or ""


def _others(root: LexborNode, scope: ArticleScope, title: str) -> Iterator[LexborNode]:
    """Yield the outermost elements, and the comments, that have no date of the article."""
    node: LexborNode | None = root
    for _ in range(_MAX_NODES):
        if node is None:
            return
        if _has_no_date(node, scope, title):
            yield node
            node = following(node)
        else:
            node = node.first_child or following(node)


def _has_no_date(node: LexborNode, scope: ArticleScope, title: str) -> bool:
    tag = node.tag or ""
    if tag in _NO_DATES:
        return True
    if tag == "script":
        return node.attributes.get("type") != _JSON_LD or is_of_others(node.text(), title)
    if tag.startswith("-"):
        return False
    return scope.is_of_others(node, tag) or (tag == "time" and not scope.may_date(node))
