"""The JSON-LD of a page comes in; the article goes out, its references to people resolved."""

import json
import re
from collections.abc import Iterator
from typing import Any

_ARTICLE_TYPES = ("Article", "BlogPosting", "Report", "Review", "Posting", "LiveBlog")
_PAGE_TYPES = ("WebPage", "ItemPage", "CollectionPage", "VideoObject", "Recipe")
_OF_PAGE = ("datePublished", "dateModified", "inLanguage", "author")
_MAX_CHARS = 300_000  # of one script
_MAX_NODES = 500  # objects looked at
_WRAPPING = re.compile(
    r"^\s*(?:<!--|(?://|/\*)?\s*<!\[CDATA\[(?:\s*\*/)?)|(?:-->|(?://)?\s*\]\]>)\s*$"
)
_TRAILING_COMMA = re.compile(r",(?=\s*[\]}])")

Object = dict[str, Any]


def linked_article(scripts: list[str]) -> Object:
    """The first article of the page; what it leaves out is taken from the object of the page."""
    found = [node for script in scripts for node in _objects(_parsed(script))]
    by_id = {node["@id"]: node for node in found if isinstance(node.get("@id"), str)}
    article = _first_of(found, _ARTICLE_TYPES)
    page = _first_of(found, _PAGE_TYPES)
    if not article and not page:
        return {}
    merged = {k: v for k, v in page.items() if k in _OF_PAGE}
    merged |= {key: value for key, value in article.items() if value}
    for key in ("author", "creator"):
        if key in merged:
            merged[key] = _resolved(merged[key], by_id)
    return merged


def names_of(value: Any) -> tuple[str, ...]:
    """JSON-LD gives a name, an object with a name, or a list of either."""
    values = value if isinstance(value, list) else [value]
    named = (v.get("name") if isinstance(v, dict) else v for v in values[:_MAX_NODES])
    flat = (n for name in named for n in (name if isinstance(name, list) else [name]))
    return tuple(name.strip() for name in flat if isinstance(name, str) and name.strip())


def url_of(value: Any) -> str:
    """An image is an address, an object with one, or a list of either."""
    for each in value if isinstance(value, list) else [value]:
        url = each.get("url") or each.get("@id") if isinstance(each, dict) else each
        if isinstance(url, str) and url.strip():
            return url.strip()
    return ""


def _parsed(script: str) -> Any:
    if len(script) > _MAX_CHARS:
        return None
    script = _WRAPPING.sub("", script)
    for text in (script, _TRAILING_COMMA.sub("", script)):
        try:
            return json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _objects(value: Any) -> Iterator[Object]:
    waiting, seen = [value], 0
    while waiting and seen < _MAX_NODES:
        seen += 1
        node = waiting.pop(0)
        if isinstance(node, list):
            waiting.extend(node[:_MAX_NODES])
        elif isinstance(node, dict):
            yield node
            waiting.extend(node[key] for key in ("@graph", "mainEntity") if key in node)


def _first_of(nodes: list[Object], types: tuple[str, ...]) -> Object:
    for node in nodes:
        if any(kind.endswith(types) for kind in names_of(node.get("@type"))):
            return node
    return {}


def _resolved(value: Any, by_id: dict[str, Object]) -> Any:
    """References to people elsewhere in the graph become those people."""
    values = value if isinstance(value, list) else [value]
    return [
        by_id.get(str(each.get("@id")), each)
        if isinstance(each, dict) and not each.get("name")
        else each
        for each in values
    ]
