"""What a page says about itself: JSON-LD first, then meta elements, then what readers see."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.clean.metadata import bylines
from worker.clean.metadata.json_ld import names_of, url_of
from worker.clean.metadata.page_elements import Sayings, attribute, is_of_another, text_of
from worker.clean.metadata.visible_dates import Around, Printed, printed_dates, texts_around
from worker.clean.text.people import people
from worker.clean.text.plain_text import bare
from worker.model.admission import Frozen

_TITLE = ("og:title", "twitter:title", "dc.title", "headline", "parsely-title")
_AUTHOR = (
    "author",
    "parsely-author",
    "dc.creator",
    "byl",
    "sailthru.author",
    "article:author",
    "cxenseparse:author",
    "dcterms.creator",
    "citation_author",
)
_PUBLISHED = (
    "article:published_time",
    "og:article:published_time",
    "og:published_time",
    "datepublished",
    "parsely-pub-date",
    "sailthru.date",
    "publish_date",
    "publish-date",
    "pubdate",
    "dc.date.issued",
    "article_date_original",
    "citation_publication_date",
    "cxenseparse:recs:publishtime",
)
# Dates of something: with some sites the day on which the page was begun, or last built.
UNSPECIFIC = ("dcterms.created", "dcterms.date", "dc.date", "date")
_UPDATED = ("article:modified_time", "og:updated_time", "datemodified", "last-modified")
_SECTION = ("article:section", "parsely-section", "section")
_KEYWORDS = ("news_keywords", "keywords", "parsely-tags", "sailthru.tags")
_IMAGE = ("og:image:secure_url", "og:image", "twitter:image", "twitter:image:src", "thumbnailurl")
# Of journals: no day can be made of a year, or of a month.
NO_DAY = re.compile(r"[0-9]{4}(?:[-/.][0-9]{1,2}|年[0-9月]*)?|[^\W\d_]{3,12}\.?,? [0-9]{4}")
_BETWEEN_WORDS = re.compile(r"\s*[,;|]\s*")
_NO_AUTHOR = frozenset(
    "admin administrator editor staff redaktion redaction webmaster root".split()
)
_SEPARATOR = re.compile(r"\s+(?:[-–—|·•»:]|::)\s+|\s*[|»]\s*")
_AT_END = re.compile(r"(?:[|»]|\s[-–—:])\s*$")
_KICKER = re.compile(
    r"kicker|overline|roofline|topline|toptitle|eyebrow|dachzeile|spitzmarke|sub-?(?:title|head|line)"
    r"|(?:visually|screen)-?_?(?:hidden|reader)|sr-only",
    re.I,
)
_MAX_TITLE_CHARS = 200
_MIN_HEADING_CHARS = 8
_MIN_TITLE_WORDS = 4
_MAX_HEADINGS = 4
_MAX_INNER = 8  # elements within a heading
_MAX_KEYWORDS = 30
TIME, SOME_TIME = "time", "a time"  # one marked as the date of publication, and the first of all


class PageMetadata(Frozen):
    """As found, untidied; "" or () where the page says nothing."""

    title: str = ""
    titles: tuple[str, ...] = ()  # whatever else may be it
    site: str = ""
    canonical: str = ""
    published: str = ""
    stated: tuple[tuple[str, str], ...] = ()  # each date of publication, and who declares it
    updated: str = ""
    printed: tuple[Printed, ...] = ()  # dates around the heading
    language: str = ""
    authors: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    image: str = ""
    by: dict[str, str] = {}  # which element said it, by field


NOTHING = PageMetadata()


def read_metadata(markup: str, tree: LexborHTMLParser | None = None) -> PageMetadata:
    """Read a page's metadata from two queries over its tree, which is built if it is not given."""
    said = Sayings(tree or LexborHTMLParser(markup))
    linked = said.linked
    links = {attribute(n, "rel").lower(): attribute(n, "href") for n in said.by_tag.get("link", [])}
    roots = [attribute(node, "lang") for node in said.by_tag.get("html", [])]
    locale = (("html lang", roots[0] if roots else ""), ("json-ld", linked.get("inLanguage")))
    site = said.first("site", *said.of_meta(("og:site_name", "application-name")))
    canonical = said.first(
        "canonical", ("link rel=canonical", links.get("canonical")), *said.of_meta(("og:url",))
    )
    title = _title(said, site)
    stated = [
        (element, text.strip())
        for element, text in (
            ("json-ld", linked.get("datePublished")),
            *said.of_meta(_PUBLISHED),
        )
        if isinstance(text, str) and text.strip()
    ]
    published = said.first(
        "published",
        *((element, text) for element, text in stated if not NO_DAY.fullmatch(text)),
        *_times(said, _is_published),
        *said.of_meta(UNSPECIFIC),
        *_times(said, _looks_published),
        *((SOME_TIME, _moment(node)) for node in said.by_tag.get("time", [])[:1]),
    )
    declared = said.by.get("published") not in (None, SOME_TIME)
    around = texts_around(said.tree, title, far=not declared)
    return PageMetadata(
        title=title,
        titles=_titles(said),
        site=site,
        canonical=canonical,
        published=published,
        stated=tuple(stated),
        printed=tuple(printed_dates(around, title)),
        updated=said.first(
            "updated", ("json-ld", linked.get("dateModified")), *said.of_meta(_UPDATED)
        ),
        language=said.first("language", *locale, *said.of_meta(("og:locale",))),
        authors=_authors(said, site, around),
        sections=names_of(linked.get("articleSection"))
        or tuple(text for _, text in said.of_meta(_SECTION))[:1],
        keywords=_keywords(said),
        image=said.first("image", ("json-ld", url_of(linked.get("image"))), *said.of_meta(_IMAGE)),
        by=said.by,
    )


def _declared(said: Sayings) -> list[tuple[str, Any]]:
    return [
        ("json-ld", said.linked.get("headline")),
        *said.of_meta(_TITLE),
        *(("title", text) for text in said.texts("title")[:1]),
    ]


def _titles(said: Sayings) -> tuple[str, ...]:
    given = [*(text for _, text in _declared(said)), *said.texts("h1")[:_MAX_HEADINGS]]
    return tuple(dict.fromkeys(text for text in given if isinstance(text, str)))


def _title(said: Sayings, site: str) -> str:
    """The heading that what is declared begins with or holds, else what is declared.

    Declarations add the site's name or are written for search engines; of several headings one
    may be the site's own name. The only one that is long enough for a title is one.
    """
    declared = _declared(said)
    stated = [text for _, text in declared if isinstance(text, str)]
    known = {bare(part) for text in stated for part in (text, _SEPARATOR.split(text)[0])}
    read = [_heading(node, known) for node in said.by_tag.get("h1", [])[:_MAX_HEADINGS]]
    headings = [heading for heading in read if 0 < len(heading) <= _MAX_TITLE_CHARS]
    for heading in sorted(headings, key=len, reverse=True):
        if any(_begins(text, heading) or _ends(text, heading) for text in stated):
            return said.first("title", ("h1", heading))
    if len(set(headings)) == 1 and _is_title(headings[0], site, declared):
        return said.first("title", ("h1", headings[0]))
    return said.first("title", *declared, *(("h1", heading) for heading in headings[:1]))


def _begins(declared: str, heading: str) -> bool:
    """Whether a declaration is the heading and perhaps more; of a short one after a separator."""
    if declared.startswith(heading) and _SEPARATOR.match(declared, len(heading)):
        return True
    own = bare(heading)
    return len(own) >= _MIN_HEADING_CHARS and bare(declared).startswith(own)


def _is_title(heading: str, site: str, declared: Sequence[tuple[str, Any]]) -> bool:
    long = len(heading.split()) >= _MIN_TITLE_WORDS and bare(heading) != bare(site)
    return long or _alike(heading, declared)


def _ends(declared: str, heading: str) -> bool:
    """Whether a declaration is something, a separator, and the heading."""
    before = declared.removesuffix(heading)
    return before != declared and _AT_END.search(before) is not None


def _alike(heading: str, declared: Sequence[tuple[str, Any]]) -> bool:
    """Whether a heading and a declaration share half of the heading's words, or nothing is
    declared to compare with."""
    words = set(heading.casefold().split())
    others = [set(text.casefold().split()) for _, text in declared if isinstance(text, str)]
    return len(words) > 1 and any(2 * len(words & other) >= len(words) for other in others)


def _times(said: Sayings, is_wanted: Callable[[LexborNode], bool]) -> Iterator[tuple[str, str]]:
    nodes = (n for nodes in said.by_tag.values() for n in nodes)
    return ((TIME, _moment(node)) for node in nodes if is_wanted(node))


def _moment(node: LexborNode) -> str:
    return attribute(node, "datetime") or attribute(node, "content") or text_of(node)


def _is_published(node: LexborNode) -> bool:
    """Whether an element is marked as the date of publication."""
    if node.tag not in ("time", "span", "div", "p", "meta"):
        return False
    return attribute(node, "itemprop") == "datePublished" and not is_of_another(node)


def _looks_published(node: LexborNode) -> bool:
    """Whether the class of an element says so, which a list of other articles may have too."""
    marks = attribute(node, "class").lower() if node.tag == "time" else ""
    return "publish" in marks or "entry-date" in marks


def _authors(said: Sayings, site: str, around: Around) -> tuple[str, ...]:
    """People before organisations, full names before those people log in with; an address is no
    author, the site's own name only where nobody else signs."""
    linked = tuple(n for n in names_of(said.linked.get("author")) if "://" not in n)
    meta = tuple(text for _, text in _by_meta(said) if "://" not in text)[:1]
    ways: tuple[tuple[str, Callable[[], tuple[str, ...]]], ...] = (
        ("json-ld", lambda: linked if any(map(_is_full, linked)) else ()),
        ("meta", lambda: tuple(name for text in meta for name in people(text) if _is_full(name))),
        ("byline", lambda: _visible(said, around)),  # half a millisecond: most pages declare one
        ("json-ld", lambda: linked),
        ("meta", lambda: meta),
        ("byline", lambda: bylines.pseudonym(said.tree.css("[rel~=author]"))),
    )
    of_site: tuple[str, ...] = ()
    for element, find in ways:
        named = find()
        if written := tuple(name for name in named if _may_write(name, site)):
            said.by["authors"] = element
            return written
        of_site = of_site or named
    return of_site  # a site that signs with its own name has no other author


def _by_meta(said: Sayings) -> Iterator[tuple[str, str]]:
    """Elements for authors, and what is shared as "Written by" on X."""
    yield from said.of_meta(_AUTHOR)
    for number in "12":
        label = said.meta.get(f"twitter:label{number}", "")
        if bylines.is_label(label) and (name := said.meta.get(f"twitter:data{number}")):
            yield f"twitter:data{number}", name


def _is_full(name: str) -> bool:
    """Whether it may be a first and a last name, and not "ann.lee" or "Ann"."""
    return " " in name.strip()


def _visible(said: Sayings, around: Around) -> tuple[str, ...]:
    body = said.tree.body
    nodes = body.css(bylines.SELECTOR) if body else ()
    texts = (*around.behind, *around.before)
    return bylines.visible_authors(nodes) or bylines.printed_authors(texts)


def _may_write(name: str, site: str) -> bool:
    return bare(name) != bare(site) and name.casefold() not in _NO_AUTHOR


def _keywords(said: Sayings) -> tuple[str, ...]:
    linked = said.linked.get("keywords")
    given = names_of(linked) if isinstance(linked, list) else [linked or ""]
    texts = [
        *(text for text in given if isinstance(text, str)),
        *(text for _, text in said.of_meta(_KEYWORDS)),
    ]
    words = (word for text in texts[:_MAX_KEYWORDS] for word in _BETWEEN_WORDS.split(text))
    return tuple(dict.fromkeys(word for word in words if word))[:_MAX_KEYWORDS]


def _heading(node: LexborNode, stated: Collection[str]) -> str:
    """A heading without the lines above and below its title: they are marked so, or what stands
    besides is declared as the title."""
    text = text_of(node)
    for inner in node.css("*")[:_MAX_INNER] if len(text) <= 2 * _MAX_TITLE_CHARS else ():
        part = text_of(inner)
        before, behind = text.removesuffix(part), text.removeprefix(part)
        rest = (before if len(before) < len(behind) else behind).strip(" |:-–—")
        if not part or not rest or len(rest) == len(text):
            continue
        if _KICKER.search(attribute(inner, "class")) or bare(rest) in stated:
            text = rest
        elif bare(part) in stated:
            text = part
    return text
