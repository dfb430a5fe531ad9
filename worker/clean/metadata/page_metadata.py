"""Read the metadata of a page: from JSON-LD first, then meta elements, then visible text."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.clean.metadata import bylines
from worker.clean.metadata.json_ld import names_of, url_of
from worker.clean.metadata.other_articles import is_within_others
from worker.clean.metadata.page_elements import (
    MAX_TITLE_CHARS,
    PageElements,
    attribute,
    heading_text,
    is_of_another,
    text_of,
)
from worker.clean.metadata.visible_dates import NearbyTexts, VisibleDate, find_dates, nearby_texts
from worker.clean.text.people import people
from worker.clean.text.plain_text import bare

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
# Unspecific dates: on some sites the day on which the page was created, or last built.
UNSPECIFIC = ("dcterms.created", "dcterms.date", "dc.date", "date")
_UPDATED = ("article:modified_time", "og:updated_time", "datemodified", "last-modified")
_SECTION = ("article:section", "parsely-section", "section")
_KEYWORDS = ("news_keywords", "keywords", "parsely-tags", "sailthru.tags")
_IMAGE = ("og:image:secure_url", "og:image", "twitter:image", "twitter:image:src", "thumbnailurl")
# Dates without a day, as journals write them: a year, or a month.
NO_DAY = re.compile(r"[0-9]{4}(?:[-/.][0-9]{1,2}|年[0-9月]*)?|[^\W\d_]{3,12}\.?,? [0-9]{4}")
_BETWEEN_WORDS = re.compile(r"\s*[,;|]\s*")
_NO_AUTHOR = frozenset(
    "admin administrator editor staff redaktion redaction webmaster root".split()
)
_SEPARATOR = re.compile(r"\s+(?:[-–—|·•»:]|::)\s+|\s*[|»]\s*")
_AT_END = re.compile(r"(?:[|»]|\s[-–—:])\s*$")
_MIN_HEADING_CHARS = 8
_MIN_TITLE_WORDS = 4
_MAX_HEADINGS = 4
_MAX_KEYWORDS = 30
_MAX_TIMES = 20  # <time> elements looked at
TIME, SOME_TIME = "time", "a time"  # marked as the date of publication; the first of the page


@dataclass(frozen=True, slots=True)
class PageMetadata:
    """What a page declares or shows of its article, as it is written there; "" or () where it has
    nothing.

    `titles` are all candidates for `title`, `site` is the name of the site, `canonical` the address
    that the page declares for itself, `image` that of a picture. `published` and `updated` are
    dates. `declared_dates` are all dates of publication in the metadata, as pairs (element, text),
    `visible_dates` those shown near the heading. `element_of` has for each field the element that
    it was read from.
    """

    title: str = ""
    titles: tuple[str, ...] = ()  # all candidates for the title
    site: str = ""
    canonical: str = ""
    published: str = ""
    declared_dates: tuple[tuple[str, str], ...] = ()  # of publication, as (element, text)
    updated: str = ""
    visible_dates: tuple[VisibleDate, ...] = ()  # dates around the heading
    language: str = ""
    authors: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    image: str = ""
    element_of: Mapping[str, str] = field(default_factory=dict)  # the source of each field


NO_METADATA = PageMetadata()


def read_metadata(tree: LexborHTMLParser, link: str = "") -> PageMetadata:
    """Read what a parsed page declares and shows of its article, such as title, authors and dates,
    and note from which element each field was read.

    `link` is the address from which the page was fetched, "" if unknown.
    """
    elements = PageElements(tree, link)
    json_ld, by_tag = elements.json_ld, elements.by_tag
    links = {attribute(n, "rel").lower(): attribute(n, "href") for n in by_tag.get("link", [])}
    roots = [attribute(node, "lang") for node in by_tag.get("html", [])]
    locale = (("html lang", roots[0] if roots else ""), ("json-ld", json_ld.get("inLanguage")))
    site = elements.first("site", *elements.of_meta(("og:site_name", "application-name")))
    canonical = elements.first(
        "canonical", ("link rel=canonical", links.get("canonical")), *elements.of_meta(("og:url",))
    )
    title = _title(elements, site)
    declared_dates = tuple(
        (element, text.strip())
        for element, text in (
            ("json-ld", json_ld.get("datePublished")),
            *elements.of_meta(_PUBLISHED),
        )
        if isinstance(text, str) and text.strip()
    )
    published = elements.first(
        "published",
        *((element, text) for element, text in declared_dates if not NO_DAY.fullmatch(text)),
        *_times(elements, _is_published),
        *elements.of_meta(UNSPECIFIC),
        *_times(elements, _looks_published),
        *((SOME_TIME, _date_text(node)) for node in _own_times(by_tag.get("time", []))),
    )
    is_dated = elements.element_of.get("published") not in (None, SOME_TIME)
    nearby = nearby_texts(elements.tree, title, far=not is_dated)
    return PageMetadata(
        title=title,
        titles=_titles(elements),
        site=site,
        canonical=canonical,
        published=published,
        declared_dates=declared_dates,
        visible_dates=tuple(find_dates(nearby, title)),
        updated=elements.first(
            "updated", ("json-ld", json_ld.get("dateModified")), *elements.of_meta(_UPDATED)
        ),
        language=elements.first("language", *locale, *elements.of_meta(("og:locale",))),
        authors=_authors(elements, site, nearby),
        sections=names_of(json_ld.get("articleSection"))
        or tuple(text for _, text in elements.of_meta(_SECTION))[:1],
        keywords=_keywords(elements),
        image=elements.first(
            "image", ("json-ld", url_of(json_ld.get("image"))), *elements.of_meta(_IMAGE)
        ),
        element_of=elements.element_of,
    )


def _declared(elements: PageElements) -> list[tuple[str, Any]]:
    """Return the titles that a page declares, as pairs (name of the element, title).

    A title of JSON-LD may be of any type.
    """
    return [
        ("json-ld", elements.json_ld.get("headline")),
        *elements.of_meta(_TITLE),
        *(("title", text) for text in elements.texts("title")[:1]),
    ]


def _titles(elements: PageElements) -> tuple[str, ...]:
    candidates = [*(text for _, text in _declared(elements)), *elements.texts("h1")[:_MAX_HEADINGS]]
    return tuple(dict.fromkeys(text for text in candidates if isinstance(text, str)))


def _title(elements: PageElements, site: str) -> str:
    """Choose the title of a page: a heading that a declared title begins or ends with, if there is
    one.

    Declared titles add the site's name or are written for search engines, and of several headings
    one may be the site's own name. Next come a single heading that is long enough for a title or
    shares words with a declared one, then the declared titles.
    """
    declared = _declared(elements)
    texts = [text for _, text in declared if isinstance(text, str)]
    titles = {bare(part) for text in texts for part in (text, _SEPARATOR.split(text)[0])}
    read = [heading_text(node, titles) for node in elements.by_tag.get("h1", [])[:_MAX_HEADINGS]]
    headings = [heading for heading in read if 0 < len(heading) <= MAX_TITLE_CHARS]
    for heading in sorted(headings, key=len, reverse=True):
        if any(_begins_with(text, heading) or _ends_with(text, heading) for text in texts):
            return elements.first("title", ("h1", heading))
    if len(set(headings)) == 1 and _is_title(headings[0], site, declared):
        return elements.first("title", ("h1", headings[0]))
    return elements.first("title", *declared, *(("h1", heading) for heading in headings[:1]))


def _begins_with(declared: str, heading: str) -> bool:
    """Whether a declared title begins with a heading; a short heading must end at a separator in
    it."""
    if declared.startswith(heading) and _SEPARATOR.match(declared, len(heading)):
        return True
    own = bare(heading)
    return len(own) >= _MIN_HEADING_CHARS and bare(declared).startswith(own)


def _is_title(heading: str, site: str, declared: Sequence[tuple[str, Any]]) -> bool:
    long = len(heading.split()) >= _MIN_TITLE_WORDS and bare(heading) != bare(site)
    return long or _shares_words(heading, declared)


def _ends_with(declared: str, heading: str) -> bool:
    """Whether a declared title ends with a separator and a heading: "Sport | Harbour reopened"."""
    before = declared.removesuffix(heading)
    return before != declared and _AT_END.search(before) is not None


def _shares_words(heading: str, declared: Sequence[tuple[str, Any]]) -> bool:
    """Whether a declared title has half of the words of a heading, which must have two or more."""
    words = set(heading.casefold().split())
    others = [set(text.casefold().split()) for _, text in declared if isinstance(text, str)]
    return len(words) > 1 and any(2 * len(words & other) >= len(words) for other in others)


def _times(
    elements: PageElements, is_match: Callable[[LexborNode], bool]
) -> Iterator[tuple[str, str]]:
    nodes = (n for nodes in elements.by_tag.values() for n in nodes)
    return ((TIME, _date_text(node)) for node in nodes if is_match(node))


def _own_times(nodes: Sequence[LexborNode]) -> Iterator[LexborNode]:
    """Yield the first <time> element that is not in a part of the page about other articles."""
    own = (node for node in nodes[:_MAX_TIMES] if not is_within_others(node))
    return islice(own, 1)


def _date_text(node: LexborNode) -> str:
    return attribute(node, "datetime") or attribute(node, "content") or text_of(node)


def _is_published(node: LexborNode) -> bool:
    """Whether an element is marked as the date of the article's publication (itemprop
    datePublished)."""
    if node.tag not in ("time", "span", "div", "p", "meta"):
        return False
    return attribute(node, "itemprop") == "datePublished" and not is_of_another(node)


def _looks_published(node: LexborNode) -> bool:
    """Whether an element is a <time> with a class that is usual for the date of publication.

    This is weak evidence, because lists of other articles use such classes, too.
    """
    marks = attribute(node, "class").lower() if node.tag == "time" else ""
    return ("publish" in marks or "entry-date" in marks) and not is_within_others(node)


def _authors(elements: PageElements, site: str, nearby: NearbyTexts) -> tuple[str, ...]:
    """Choose the authors of a page: people before organisations, full names before login names.

    URLs are skipped. The site's own name is returned only if the page names nobody else.
    """
    json_ld = tuple(n for n in names_of(elements.json_ld.get("author")) if "://" not in n)
    meta = tuple(text for _, text in _by_meta(elements) if "://" not in text)[:1]
    readers: tuple[tuple[str, Callable[[], tuple[str, ...]]], ...] = (
        ("json-ld", lambda: json_ld if any(map(_is_full, json_ld)) else ()),
        ("meta", lambda: tuple(name for text in meta for name in people(text) if _is_full(name))),
        ("byline", lambda: _visible(elements, nearby)),  # 0.5 ms, and most pages declare authors
        ("json-ld", lambda: json_ld),
        ("meta", lambda: meta),
        ("byline", lambda: bylines.pseudonym(elements.tree.css("[rel~=author]"))),
    )
    site_names: tuple[str, ...] = ()
    for element, read in readers:
        names = read()
        if authors := tuple(name for name in names if _may_write(name, site)):
            elements.element_of["authors"] = element
            return authors
        site_names = site_names or names
    return site_names


def _by_meta(elements: PageElements) -> Iterator[tuple[str, str]]:
    """Yield the meta elements that name authors, as (name of the element, author).

    They include the field of a Twitter card that is labelled "Written by".
    """
    yield from elements.of_meta(_AUTHOR)
    for number in "12":
        label = elements.meta.get(f"twitter:label{number}", "")
        if bylines.is_label(label) and (name := elements.meta.get(f"twitter:data{number}")):
            yield f"twitter:data{number}", name


def _is_full(name: str) -> bool:
    """Whether a name may consist of a first and a last name, unlike "ann.lee" or "Ann"."""
    return " " in name.strip()


def _visible(elements: PageElements, nearby: NearbyTexts) -> tuple[str, ...]:
    body = elements.tree.body
    nodes = body.css(bylines.SELECTOR) if body else ()
    texts = (*nearby.after, *nearby.before)
    return bylines.authors_of_elements(nodes) or bylines.labelled_authors(texts)


def _may_write(name: str, site: str) -> bool:
    return bare(name) != bare(site) and name.casefold() not in _NO_AUTHOR


def _keywords(elements: PageElements) -> tuple[str, ...]:
    value = elements.json_ld.get("keywords")
    keywords = names_of(value) if isinstance(value, list) else [value or ""]
    texts = [
        *(text for text in keywords if isinstance(text, str)),
        *(text for _, text in elements.of_meta(_KEYWORDS)),
    ]
    words = (word for text in texts[:_MAX_KEYWORDS] for word in _BETWEEN_WORDS.split(text))
    return tuple(dict.fromkeys(word for word in words if word))[:_MAX_KEYWORDS]
