"""Find the article in the JSON-LD of a page, the metadata that scripts of the page hold as JSON."""

import html
import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from worker.clean.text.plain_text import bare

_ARTICLE_TYPES = ("Article", "BlogPosting", "Report", "Review", "Posting", "LiveBlog")
_PAGE_TYPES = ("WebPage", "ItemPage", "CollectionPage", "VideoObject", "Recipe")
_OF_PAGE = ("datePublished", "dateModified", "inLanguage", "author")
_MAX_CHARS = 300_000  # of one script
_MAX_NODES = 500  # objects looked at
_WRAPPING = re.compile(
    r"^\s*(?:<!--|(?://|/\*)?\s*<!\[CDATA\[(?:\s*\*/)?)|(?:-->|(?://)?\s*\]\]>)\s*$"
)
_ESCAPED = re.compile(r"\s*[\[{]\s*(?:\{\s*)?&(?:quot|#34|#x22);", re.I)
_TRAILING_COMMA = re.compile(r",(?=\s*[\]}])")

JsonObject = dict[str, Any]


def find_article(
    scripts: list[str], titles: Collection[str] = (), addresses: Collection[str] = ()
) -> JsonObject:
    """Return the JSON-LD object by which a page describes its article; {} if it has none. Of
    several, the one with an address or a title of the page is returned, else the first.

    `scripts` are the texts of the page's JSON-LD elements, `titles` and `addresses` those that the
    page declares elsewhere. Missing dates, language and author are
    filled in from the object that describes the page, and references to authors are replaced by
    what they refer to.
    """
    nodes = [node for script in scripts for node in _objects(_parsed(script))]
    by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str)}
    article = _own_article([*_all_of(nodes, _ARTICLE_TYPES)], titles, addresses)
    page = _first_of(nodes, _PAGE_TYPES)
    if not article and not page:
        return {}
    merged = {k: v for k, v in page.items() if k in _OF_PAGE}
    merged |= {key: value for key, value in article.items() if value}
    for key in ("author", "creator"):
        if key in merged:
            merged[key] = _resolved(merged[key], by_id)
    return merged


def names_of(value: Any) -> tuple[str, ...]:
    """Return the names in a JSON-LD value: a string, an object with a name, or a list of either."""
    values = value if isinstance(value, list) else [value]
    named = (v.get("name") if isinstance(v, dict) else v for v in values[:_MAX_NODES])
    flat = (n for name in named for n in (name if isinstance(name, list) else [name]))
    return tuple(name.strip() for name in flat if isinstance(name, str) and name.strip())


def url_of(value: Any) -> str:
    """Return the first URL in a JSON-LD value: a string, an object with a URL, or a list of
    either."""
    for item in value if isinstance(value, list) else [value]:
        url = item.get("url") or item.get("@id") if isinstance(item, dict) else item
        if isinstance(url, str) and url.strip():
            return url.strip()
    return ""


def _parsed(script: str) -> Any:
    if len(script) > _MAX_CHARS:
        return None
    script = _WRAPPING.sub("", script)
    if _ESCAPED.match(script):
        script = html.unescape(script)
    for text in (script, _TRAILING_COMMA.sub("", script)):
        try:
            return json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _objects(value: Any) -> Iterator[JsonObject]:
    queue, seen = [value], 0
    while queue and seen < _MAX_NODES:
        seen += 1
        node = queue.pop(0)
        if isinstance(node, list):
            queue.extend(node[:_MAX_NODES])
        elif isinstance(node, dict):
            yield node
            queue.extend(node[key] for key in ("@graph", "mainEntity") if key in node)


def _all_of(nodes: list[JsonObject], types: tuple[str, ...]) -> Iterator[JsonObject]:
    for node in nodes:
        if any(type_name.endswith(types) for type_name in names_of(node.get("@type"))):
            yield node


def _first_of(nodes: list[JsonObject], types: tuple[str, ...]) -> JsonObject:
    return next(_all_of(nodes, types), {})


def _own_article(
    articles: list[JsonObject], titles: Collection[str], addresses: Collection[str]
) -> JsonObject:
    """Return the article of the page: of several the first with an address of the page, else with
    a title of the page, else the first."""
    if len(articles) < 2:
        return articles[0] if articles else {}
    own_addresses = {_bare_address(address) for address in addresses if address}
    own_titles = [title for title in map(bare, titles) if title]

    def has_address(article: JsonObject) -> bool:
        values = (article.get(key) for key in ("mainEntityOfPage", "url", "@id"))
        return any(_bare_address(url_of(value)) in own_addresses for value in values)

    def has_title(article: JsonObject) -> bool:
        headlines = [
            bare(name) for name in names_of(article.get("headline") or article.get("name"))
        ]
        return any(
            title.startswith(headline) or headline.startswith(title)
            for headline in headlines
            if headline
            for title in own_titles
        )

    by_address = (article for article in articles if has_address(article))
    by_title = (article for article in articles if has_title(article))
    return next(by_address, None) or next(by_title, None) or articles[0]


def _bare_address(address: str) -> str:
    """An address without scheme, "www.", query, fragment and final slash, for comparison."""
    address = address.partition("#")[0].partition("?")[0].strip().lower().rstrip("/")
    return (
        address.removeprefix("https:").removeprefix("http:").removeprefix("//").removeprefix("www.")
    )


def _resolved(value: Any, by_id: dict[str, JsonObject]) -> Any:
    """Replace the references to people in a value ({"@id": …}) by the objects in `by_id` they refer
    to."""
    values = value if isinstance(value, list) else [value]
    return [
        by_id.get(str(item.get("@id")), item)
        if isinstance(item, dict) and not item.get("name")
        else item
        for item in values
    ]
