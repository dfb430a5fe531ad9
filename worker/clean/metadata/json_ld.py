"""Find the article in the JSON-LD of a page, the metadata that scripts of the page hold as JSON."""

import html
import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from worker.clean.text.plain_text import bare

_ARTICLE_TYPES = ("Article", "BlogPosting", "Report", "Review", "Posting", "LiveBlog")
_PAGE_TYPES = ("WebPage", "ItemPage", "CollectionPage", "VideoObject", "Recipe")
_OTHER_TYPES = (  # things that a page may show beside its article, and that have dates of their own
    "VideoObject AudioObject ImageObject Event Product Offer JobPosting Course Movie Book Person "
    "Organization LocalBusiness WebSite BreadcrumbList ItemList"
).split()
_OF_PAGE = ("datePublished", "dateModified", "inLanguage", "author")
_MAX_CHARS = 300_000  # of one script
_MAX_NODES = 500  # objects looked at
_CDATA = "<![CDATA["
_ESCAPED = re.compile(r"\s*[\[{]\s*(?:\{\s*)?&(?:quot|#34|#x22);", re.I)
_TRAILING_COMMA = re.compile(r",(\s*[\]}])")
_MAX_DEPTH = 8  # of names in each other
_NAME_KEYS = ("name", "@value", "@list", "@set", "legalName")
_ORGANISATIONS = ("Organization", "Corporation", "Company")

JsonObject = dict[str, Any]


def find_article(
    scripts: list[str], titles: Collection[str] = (), addresses: Collection[str] = ()
) -> JsonObject:
    """Return the JSON-LD object by which a page describes its article. Of several such objects,
    that with one of `titles` or `addresses` is chosen, else the first.

    `scripts` are the texts of the page's JSON-LD elements; `titles` and `addresses` are what other
    elements of the page declare. Dates, language and author that the object lacks are taken from
    the JSON-LD object about the page as a whole, also if no object is about an article. Returns {}
    if neither exists.
    """
    nodes = [node for script in scripts for node in _objects(_parsed(script))]
    by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str)}
    article = _own_article([*_all_of(nodes, _ARTICLE_TYPES)], titles, addresses)
    page = _first_of(nodes, _PAGE_TYPES)
    if not article and not page:
        return {}
    merged = {k: v for k, v in page.items() if k in _OF_PAGE}
    merged |= {key: value for key, value in article.items() if value or value is False}
    for key in ("author", "creator"):
        if key in merged:
            merged[key] = _resolved(merged[key], by_id)
    return merged


def is_of_others(script: str, title: str) -> bool:
    """Whether a JSON-LD script describes only things that are not the article of the page, such as
    products and events, so that its dates are not those of the article.

    Something with the title of the page, such as the video that the page is about, is its article.
    """
    nodes = [*_objects(_parsed(script))]
    typed = [node for node in nodes if "@type" in node]
    own = bare(title)
    return typed != [] and all(
        any(name.endswith(tuple(_OTHER_TYPES)) for name in names_of(node["@type"]))
        and (not own or own not in map(bare, names_of(node.get("name"))))
        for node in typed
    )


def names_of(value: Any) -> tuple[str, ...]:
    """Return the names in a JSON-LD value: a string, an object with a name, or a list of either.

    The name of a person may be in two parts, `givenName` and `familyName`, and may be inside of
    another object.
    """
    return tuple(name for name, _ in typed_names(value))


def typed_names(value: Any) -> list[tuple[str, bool]]:
    """Return the names in a JSON-LD value: a string, an object with a name, or a list of either.
    Each is paired with whether it is the name of an organisation, such as a
    `NewsMediaOrganization`."""
    named: list[tuple[str, bool]] = []
    queue, seen = [(value, False, 0)], 0
    while queue and seen < _MAX_NODES:
        seen += 1
        item, organisation, depth = queue.pop(0)
        if isinstance(item, str) and item.strip():
            named.append((item.strip(), organisation))
        elif depth < _MAX_DEPTH and isinstance(item, list):
            queue[:0] = [(part, organisation, depth + 1) for part in item[:_MAX_NODES]]
        elif depth < _MAX_DEPTH and isinstance(item, dict):
            organisation = organisation or _is_organisation(item)
            queue.insert(0, (_name_in(item), organisation, depth + 1))
    return named


def _name_in(item: JsonObject) -> Any:
    """The name in an object; that of a list object is its list, that of a literal its value."""
    if name := next((item[key] for key in _NAME_KEYS if item.get(key)), None):
        return name
    parts = (item.get("givenName"), item.get("additionalName"), item.get("familyName"))
    texts = (
        part for listed in parts for part in (listed if isinstance(listed, list) else [listed])
    )
    name = " ".join(text.strip() for text in texts if isinstance(text, str) and text.strip())
    return name or item.get("alternateName")


def _is_organisation(item: JsonObject) -> bool:
    types = item.get("@type")
    listed = types if isinstance(types, list) else [types]
    return any(isinstance(t, str) and t.endswith(_ORGANISATIONS) for t in listed)


def urls_of(value: Any) -> list[str]:
    """Return the URLs in a JSON-LD value: a string, an object with a URL, or a list of either."""
    urls = []
    for item in (value if isinstance(value, list) else [value])[:_MAX_NODES]:
        url = (
            item.get("url") or item.get("contentUrl") or item.get("@id")
            if isinstance(item, dict)
            else item
        )
        if isinstance(url, str) and url.strip():
            urls.append(url.strip())
    return urls


def _parsed(script: str) -> Any:
    if len(script) > _MAX_CHARS:
        return None
    script = _unwrapped(script)
    if _ESCAPED.match(script):
        script = html.unescape(script)
    for text in (script, _TRAILING_COMMA.sub(r"\1", script)):
        try:
            return json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _unwrapped(script: str) -> str:
    """Remove the comment or CDATA section around a script; the marks may be commented out."""
    script = script.strip()
    section = script.removeprefix("//").removeprefix("/*").lstrip()
    if section.startswith(_CDATA):
        script = section.removeprefix(_CDATA).lstrip().removeprefix("*/")
    script = script.removeprefix("<!--")
    if script.endswith("]]>"):
        return script.removesuffix("]]>").rstrip().removesuffix("//")
    return script.removesuffix("-->")


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
        return any(
            _bare_address(url) in own_addresses for value in values for url in urls_of(value)
        )

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
