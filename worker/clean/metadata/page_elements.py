"""A parsed page comes in, what its elements say of the article goes out, by kind of element."""

from collections.abc import Iterator
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.clean.metadata.json_ld import linked_article

_WANTED = (
    "html,title,h1,meta[content],link[rel][href],time[datetime],[itemprop=datePublished],"
    "script[type='application/ld+json']"
)
_OTHERS = frozenset("citation comment review reviews ispartof mentions".split())


class Sayings:
    """What each kind of element says, and which of them was believed for which field."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        by_tag: dict[str, list[LexborNode]] = {}
        for node in tree.root.css(_WANTED) if tree.root else []:
            by_tag.setdefault(node.tag or "", []).append(node)
        self.tree = tree
        self.by_tag = by_tag
        self.meta = _meta(by_tag.get("meta", []))
        self.linked = linked_article([n.text_lexbor() for n in by_tag.get("script", [])])
        self.by: dict[str, str] = {}

    def first(self, field: str, *candidates: tuple[str, Any]) -> str:
        """The first that says anything, of (element, what it says)."""
        for element, said in candidates:
            if isinstance(said, str) and said.strip():
                self.by[field] = element
                return said.strip()
        return ""

    def of_meta(self, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        return ((name, self.meta[name]) for name in names if name in self.meta)

    def texts(self, tag: str) -> list[str]:
        return [text for node in self.by_tag.get(tag, []) if (text := text_of(node))]


def _meta(nodes: list[LexborNode]) -> dict[str, str]:
    """Meta elements by lower-case name, property or itemprop; the first of a name counts."""
    found: dict[str, str] = {}
    for node in nodes:
        attributes = node.attributes
        named = attributes.get("property") or attributes.get("name")
        name = named or attributes.get("itemprop")
        content = (attributes.get("content") or "").strip()
        if name and content and (named or not is_of_another(node)):
            found.setdefault(name.lower(), content)
    return found


def is_of_another(node: LexborNode) -> bool:
    """Whether what an element says is of a comment, or of a work that the article names."""
    scope = node.parent
    while scope is not None and "itemscope" not in scope.attributes:
        scope = scope.parent
    return scope is not None and attribute(scope, "itemprop").lower() in _OTHERS


def attribute(node: LexborNode, name: str) -> str:
    return node.attributes.get(name) or ""


def text_of(node: LexborNode) -> str:
    for broken in node.css("br"):
        broken.insert_before(" ")
    return " ".join(node.text_lexbor().split())
