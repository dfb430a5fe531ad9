"""Index the elements of a page that hold metadata: title, h1, meta, link, time, JSON-LD."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.clean.metadata.json_ld import find_article
from worker.clean.text.plain_text import bare

_SELECTOR = (
    "html,title:not(svg title),h1,meta[content],link[rel][href],time[datetime],"
    "[itemprop=datePublished],script[type='application/ld+json']"
)
_OTHERS = frozenset("citation comment review reviews ispartof mentions".split())
_KICKER = re.compile(
    r"kicker|overline|roofline|topline|toptitle|eyebrow|dachzeile|spitzmarke|sub-?(?:title|head|line)"
    r"|(?:visually|screen)-?_?(?:hidden|reader)|sr-only",
    re.I,
)
MAX_TITLE_CHARS = 200
_MAX_SAME = 20  # elements with one name
_MAX_TITLES = 4
_MAX_INNER = 8  # elements within a heading

# What a field may be read from, the preferred first: names of elements, each with its text. In
# place of a text there may be a function without arguments that reads texts.
Candidates = tuple[tuple[str, Any], ...]


class PageElements:
    """The elements of a page that hold metadata, such as <title>, <meta> and JSON-LD, indexed for
    quick look-ups.

    It also keeps notes on each field of the metadata, such as the title, once this was read:
    `candidates` has all values that were found for it, as pairs (name of the element, text), the
    preferred one first. `element_of` has the element whose value was chosen. If that was not the
    preferred one, `rule_of` gives the reason. `refused_titles` are texts that were found as titles,
    but name only the site.
    """

    def __init__(self, tree: LexborHTMLParser, link: str = "") -> None:
        by_tag: dict[str, list[LexborNode]] = {}
        for node in tree.root.css(_SELECTOR) if tree.root else []:
            by_tag.setdefault(node.tag or "", []).append(node)
        self.tree = tree
        self.by_tag = by_tag
        self._texts: dict[str, list[str]] = {}
        self.meta = _meta(by_tag.get("meta", []))
        self.json_ld = find_article(
            [node.text_lexbor() for node in by_tag.get("script", [])],
            [
                *self.texts("h1")[:_MAX_TITLES],
                *self.texts("title")[:1],
                self.meta.get("og:title", ""),
            ],
            [*_canonical(by_tag.get("link", [])), self.meta.get("og:url", ""), link],
        )
        self.element_of: dict[str, str] = {}
        self.candidates: dict[str, Candidates] = {}
        self.rule_of: dict[str, str] = {}
        self.refused_titles: frozenset[str] = frozenset()

    def first(self, field: str, *candidates: tuple[str, Any]) -> str:
        """Choose the value of a metadata field, such as "title", from several elements. Returns the
        first text that is not blank, or "" if all are blank.

        `candidates` are pairs of an element's name and its text, the preferred one first. They are
        remembered, together with the name of the chosen element, so that the choice can be
        explained.
        """
        self.candidates[field] = candidates
        for element, text in candidates:
            if isinstance(text, str) and text.strip():
                self.element_of[field] = element
                return text.strip()
        return ""

    def of_meta(self, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Yield the contents of the page's <meta> elements with these names, in the order of
        `names`, as pairs of name and content. Names that the page does not have are left out."""
        return ((name, self.meta[name]) for name in names if name in self.meta)

    def further_of_meta(self, name: str) -> tuple[str, ...]:
        """Return the contents of all <meta> elements with this name except the first. A page with
        several authors has one such element for each."""
        nodes = self.by_tag.get("meta", [])
        same = (node for node in nodes if attribute(node, "name").lower() == name)
        contents = tuple(attribute(node, "content").strip() for node in same)
        return tuple(filter(None, contents[1:_MAX_SAME]))

    def texts(self, tag: str) -> list[str]:
        """Return the texts of all elements with this tag, without empty ones."""
        if (texts := self._texts.get(tag)) is None:
            nodes = self.by_tag.get(tag, [])
            texts = self._texts[tag] = [text for node in nodes if (text := text_of(node))]
        return texts


def _canonical(links: list[LexborNode]) -> list[str]:
    """Return the addresses of the links that a page declares as its own address."""
    return [attribute(n, "href") for n in links if attribute(n, "rel").lower() == "canonical"]


def _meta(nodes: list[LexborNode]) -> dict[str, str]:
    """Return the contents of meta elements by their property, name or itemprop in lower case.

    Of several elements with one name the first counts.
    """
    contents: dict[str, str] = {}
    for node in nodes:
        attributes = node.attributes
        named = attributes.get("property") or attributes.get("name")
        name = named or attributes.get("itemprop")
        content = (attributes.get("content") or "").strip()
        if name and content and (named or not is_of_another(node)):
            contents.setdefault(name.lower(), content)
    return contents


def is_of_another(node: LexborNode) -> bool:
    """Whether an element with metadata, such as a date, is part of a comment or of a work that the
    article mentions, and so does not describe the article."""
    scope = node.parent
    while scope is not None and "itemscope" not in scope.attributes:
        scope = scope.parent
    return scope is not None and attribute(scope, "itemprop").lower() in _OTHERS


def attribute(node: LexborNode, name: str) -> str:
    """Return the value of an attribute of an element, "" if it has none."""
    return node.attributes.get(name) or ""


def text_of(node: LexborNode) -> str:
    """Return the text of an element on one line; a line break becomes a space.

    Small letters above Japanese or Chinese characters, which tell how these are read (<rt>), and
    styles, scripts, drawings (<svg>) and what only pages without scripts show (<noscript>) are left
    out. They are removed from the page's tree, too.
    """
    # Those inside of others first.
    for inner in reversed(node.css("br,rt,rp,style,script,noscript,svg")):
        if inner.tag == "br":
            inner.insert_before(" ")
        else:
            inner.decompose()
    return " ".join(node.text_lexbor().split())


def heading_text(node: LexborNode, titles: Collection[str]) -> str:
    """Return the title in a heading element, without other texts in it, such as the name of a
    section above the title.

    `titles` are the titles that the page declares, each reduced to letters and digits by
    `plain_text.bare`: a part of the heading that equals one of them is the title.
    """
    text = text_of(node)
    for inner in node.css("*")[:_MAX_INNER] if len(text) <= 2 * MAX_TITLE_CHARS else ():
        part = text_of(inner)
        before, after = text.removesuffix(part), text.removeprefix(part)
        rest = (before if len(before) < len(after) else after).strip(" |:-–—")
        if not part or not rest or len(rest) == len(text):
            continue
        if _KICKER.search(attribute(inner, "class")) or bare(rest) in titles:
            text = rest
        elif bare(part) in titles:
            text = part
    return text
