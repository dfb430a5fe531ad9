"""What a page says about itself: JSON-LD first, then meta elements, then what readers see."""

import json
import re
from collections.abc import Iterator
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.contract import Frozen

_ARTICLE_TYPES = ("Article", "BlogPosting", "Report", "Review")
_MAX_JSON_CHARS = 300_000
_MAX_JSON_NODES = 500  # objects of a graph looked at
_WANTED = (
    "html,title,h1,meta[content],link[rel][href],time[datetime],a[rel=author],"
    "script[type='application/ld+json']"
)
_SUFFIX = re.compile(r"\s*[-–—|·•:»]\s")
_TITLE = ("og:title", "twitter:title", "dc.title", "headline", "parsely-title")
_AUTHOR = ("author", "parsely-author", "dc.creator", "byl", "sailthru.author", "article:author")
_PUBLISHED = (
    "article:published_time",
    "og:article:published_time",
    "datepublished",
    "parsely-pub-date",
    "sailthru.date",
    "publish_date",
    "pubdate",
    "dc.date.issued",
    "dcterms.created",
    "dc.date",
    "date",
)
_UPDATED = ("article:modified_time", "og:updated_time", "datemodified", "last-modified")
_SECTION = ("article:section", "parsely-section", "section")


class PageMetadata(Frozen):
    """As found, untidied; "" or () where the page says nothing."""

    title: str = ""
    site: str = ""
    canonical: str = ""
    published: str = ""
    updated: str = ""
    language: str = ""
    authors: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()


NOTHING = PageMetadata()


def read_metadata(markup: str) -> PageMetadata:
    """Read a page's metadata from one query over its tree."""
    tree = LexborHTMLParser(markup)
    nodes = tree.root.css(_WANTED) if tree.root else []
    by_tag: dict[str, list[LexborNode]] = {}
    for node in nodes:
        by_tag.setdefault(node.tag or "", []).append(node)
    linked = _article(by_tag.get("script", []))
    meta = _meta(by_tag.get("meta", []))
    links = {_attribute(n, "rel").lower(): _attribute(n, "href") for n in by_tag.get("link", [])}
    headings = [_text(node) for node in by_tag.get("h1", [])]
    titles = [_text(node) for node in by_tag.get("title", [])]
    times = [_attribute(node, "datetime") for node in by_tag.get("time", [])]
    bylines = tuple(filter(None, (_text(node) for node in by_tag.get("a", []))))
    roots = [_attribute(node, "lang") for node in by_tag.get("html", [])]
    return PageMetadata(
        title=_title(
            _first(linked.get("headline"), *_all(meta, _TITLE), *headings[:1], *titles[:1]),
            headings,
        ),
        site=_first(*_all(meta, ("og:site_name", "application-name"))),
        canonical=_first(links.get("canonical"), meta.get("og:url")),
        published=_first(linked.get("datePublished"), *_all(meta, _PUBLISHED), *times[:1]),
        updated=_first(linked.get("dateModified"), *_all(meta, _UPDATED)),
        language=_first(*roots[:1], linked.get("inLanguage"), meta.get("og:locale")),
        authors=_names(linked.get("author")) or _authors(meta) or bylines,
        sections=_names(linked.get("articleSection")) or tuple(_all(meta, _SECTION))[:1],
    )


def _title(declared: str, headings: list[str]) -> str:
    """The heading, where what is declared is the heading and a suffix for search engines."""
    for heading in headings[:1]:
        if heading and declared.startswith(heading) and _SUFFIX.match(declared, len(heading)):
            return heading
    return declared


def _article(scripts: list[LexborNode]) -> dict[str, Any]:
    """The first object of the page's JSON-LD that is an article and has a headline."""
    for script in scripts:
        text = script.text_lexbor()
        if len(text) > _MAX_JSON_CHARS:
            continue
        try:
            found = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue
        for node in _objects(found):
            kinds = _names(node.get("@type"))
            if any(kind.endswith(_ARTICLE_TYPES) for kind in kinds) and node.get("headline"):
                return node
    return {}


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    waiting, seen = [value], 0
    while waiting and seen < _MAX_JSON_NODES:
        seen += 1
        node = waiting.pop(0)
        if isinstance(node, list):
            waiting.extend(node[:_MAX_JSON_NODES])
        elif isinstance(node, dict):
            yield node
            waiting.extend(node[key] for key in ("@graph", "mainEntity") if key in node)


def _meta(nodes: list[LexborNode]) -> dict[str, str]:
    """Meta elements by lower-case name, property or itemprop; the first of a name counts."""
    found: dict[str, str] = {}
    for node in nodes:
        attributes = node.attributes
        name = attributes.get("property") or attributes.get("name") or attributes.get("itemprop")
        content = (attributes.get("content") or "").strip()
        if name and content:
            found.setdefault(name.lower(), content)
    return found


def _all(meta: dict[str, str], names: tuple[str, ...]) -> Iterator[str]:
    return (meta[name] for name in names if name in meta)


def _authors(meta: dict[str, str]) -> tuple[str, ...]:
    """Some sites name the author's profile instead of the author."""
    return tuple(name for name in _all(meta, _AUTHOR) if "://" not in name)[:1]


def _names(value: Any) -> tuple[str, ...]:
    """JSON-LD gives a name, an object with a name, or a list of either."""
    values = value if isinstance(value, list) else [value]
    named = (v.get("name") if isinstance(v, dict) else v for v in values[:_MAX_JSON_NODES])
    return tuple(v.strip() for v in named if isinstance(v, str) and v.strip())


def _first(*candidates: Any) -> str:
    return next((c.strip() for c in candidates if isinstance(c, str) and c.strip()), "")


def _attribute(node: LexborNode, name: str) -> str:
    return node.attributes.get(name) or ""


def _text(node: LexborNode) -> str:
    return " ".join(node.text_lexbor().split())
