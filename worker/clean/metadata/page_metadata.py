"""Read the metadata of a page: from JSON-LD first, then meta elements, then visible text."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.clean.links.declared_link import declared_link, resolved
from worker.clean.metadata.article_scope import ArticleScope
from worker.clean.metadata.json_ld import names_of
from worker.clean.metadata.live_updates import LiveUpdate, live_updates
from worker.clean.metadata.page_authors import find_authors
from worker.clean.metadata.page_elements import (
    Candidates,
    PageElements,
    attribute,
    is_of_another,
    text_of,
)
from worker.clean.metadata.page_images import page_image
from worker.clean.metadata.page_titles import (
    find_title,
    publisher_names,
    site_name,
    title_candidates,
)
from worker.clean.metadata.visible_dates import VisibleDate, find_dates, nearby_texts
from worker.model.admission import LIMITS

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
# Dates without a day, as journals write them: a year, or a month.
NO_DAY = re.compile(r"[0-9]{4}(?:[-/.][0-9]{1,2}|年[0-9月]*)?|[^\W\d_]{3,12}\.?,? [0-9]{4}")
_BETWEEN_WORDS = re.compile("[,;|]")
_MAX_KEYWORDS = 30
_MAX_ADDRESS_CHARS = LIMITS.link_bytes  # a longer address is ignored, as in a raw article
_MAX_TIMES = 20  # <time> elements looked at
TIME, SOME_TIME = "time", "a time"  # marked as the date of publication; the first of the page


@dataclass(frozen=True, slots=True)
class PageMetadata:
    """What a page tells about its article, in its metadata or visibly. Texts are as the page writes
    them; "" or () stands for what it does not tell.

    `site` is the name of the site, `canonical` the address that the page declares for itself, and
    `image` that of a picture. `published` and `updated` are dates; `declared_dates` are all dates
    of publication in the metadata, as pairs (element, text), and `visible_dates` those shown near
    the heading. `live_updates` are the entries of a live blog.

    The other fields explain the choices: `titles` are all titles that were found, and
    `refused_titles` those that only name the site. For each field, `element_of` has the element
    that it was read from, `candidates` all elements that were considered, with their texts, and
    `rule_of` the reason if the preferred element was not chosen.
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
    paywalled: bool = False  # declared to be for subscribers only
    element_of: Mapping[str, str] = field(default_factory=dict)  # the source of each field
    candidates: Mapping[str, Candidates] = field(default_factory=dict, compare=False)
    rule_of: Mapping[str, str] = field(default_factory=dict, compare=False)
    refused_titles: frozenset[str] = frozenset()
    live_updates: tuple[LiveUpdate, ...] = ()  # the entries of a live blog


NO_METADATA = PageMetadata()


def read_metadata(
    tree: LexborHTMLParser, link: str = "", markup: str | None = None
) -> PageMetadata:
    """Read what a parsed page tells about its article, such as title, authors and dates, and note
    from which element each was read.

    `link` is the address from which the page was fetched, "" if unknown. `markup` is the page's
    HTML. If it is given, the result does not keep the tree in memory: the few values that are read
    only for an explanation are then read from the markup.
    """
    elements = PageElements(tree, link)
    json_ld, by_tag = elements.json_ld, elements.by_tag
    roots = [attribute(node, "lang") for node in by_tag.get("html", [])]
    locale = (("html lang", roots[0] if roots else ""), ("json-ld", json_ld.get("inLanguage")))
    site = site_name(elements)
    og_urls = ((name, resolved(tree, text)) for name, text in elements.of_meta(("og:url",)))
    addresses = ("link rel=canonical", declared_link(tree)), *og_urls
    canonical = elements.first("canonical", *_short(addresses))
    title = find_title(elements)
    scope = ArticleScope(tree, title)
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
        *_times(elements, partial(_looks_published, scope)),
        *((SOME_TIME, _date_text(node)) for node in _own_times(by_tag.get("time", []), scope)),
    )
    is_dated = elements.element_of.get("published") not in (None, SOME_TIME)
    nearby = nearby_texts(tree, title, scope, far=not is_dated)
    authors, readers = find_authors(elements, publisher_names(elements), nearby, scope)
    if markup is not None:
        authors_of = partial(_author_candidate, markup, link)
        readers = tuple((name, partial(authors_of, at)) for at, (name, _) in enumerate(readers))
    return PageMetadata(
        title=title,
        titles=title_candidates(elements),
        site=site,
        canonical=canonical,
        published=published,
        declared_dates=declared_dates,
        visible_dates=tuple(find_dates(nearby, title)),
        updated=elements.first(
            "updated", ("json-ld", json_ld.get("dateModified")), *elements.of_meta(_UPDATED)
        ),
        language=elements.first("language", *locale, *elements.of_meta(("og:locale",))),
        authors=authors,
        sections=names_of(json_ld.get("articleSection"))
        or tuple(text for _, text in elements.of_meta(_SECTION))[:1],
        keywords=_keywords(elements),
        image=page_image(elements, scope),
        paywalled=_is_paywalled(elements),
        element_of=elements.element_of,
        candidates={**elements.candidates, "authors": readers},
        rule_of=elements.rule_of,
        refused_titles=elements.refused_titles,
        live_updates=live_updates(json_ld),
    )


def _author_candidate(markup: str, link: str, at: int) -> tuple[str, ...]:
    """Read one of the candidates for the authors of a page, by its number."""
    page = read_metadata(LexborHTMLParser(markup), link)
    _, read = page.candidates["authors"][at]
    return tuple(read())


def _short(addresses: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Yield those of the pairs (name of the element, address) whose address is not too long."""
    return (pair for pair in addresses if len(pair[1] or "") <= _MAX_ADDRESS_CHARS)


def _is_paywalled(elements: PageElements) -> bool:
    """Whether a page declares that its article is for subscribers: by `isAccessibleForFree` of
    schema.org for the article or a part of it, or by Facebook's content tier."""
    declared = elements.json_ld.get("isAccessibleForFree")
    if declared is None:
        declared = elements.meta.get("isaccessibleforfree")
    if declared is None:
        parts = elements.json_ld.get("hasPart")
        listed = parts if isinstance(parts, list) else [parts]
        free = [part.get("isAccessibleForFree") for part in listed if isinstance(part, dict)]
        declared = next((value for value in free if _is_false(value)), None)
    locked = elements.meta.get("article:content_tier", "").lower() == "locked"
    return locked or _is_false(declared)


def _is_false(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().rpartition("/")[2].lower() in ("false", "no", "0")
    return value is False or (value == 0 and value is not None)


def _times(
    elements: PageElements, is_match: Callable[[LexborNode], bool]
) -> Iterator[tuple[str, str]]:
    nodes = (n for nodes in elements.by_tag.values() for n in nodes)
    return ((TIME, _date_text(node)) for node in nodes if is_match(node))


def _own_times(nodes: Sequence[LexborNode], scope: ArticleScope) -> Iterator[LexborNode]:
    """Yield the first <time> element that is not in a part of the page about other articles."""
    own = (node for node in nodes[:_MAX_TIMES] if scope.may_date(node))
    return islice(own, 1)


def _date_text(node: LexborNode) -> str:
    return attribute(node, "datetime") or attribute(node, "content") or text_of(node)


def _is_published(node: LexborNode) -> bool:
    """Whether an element is marked as the date of the article's publication (itemprop
    datePublished)."""
    if node.tag not in ("time", "span", "div", "p", "meta"):
        return False
    return attribute(node, "itemprop") == "datePublished" and not is_of_another(node)


def _looks_published(scope: ArticleScope, node: LexborNode) -> bool:
    """Whether an element is a <time> with a class that is usual for the date of publication.

    This is weak evidence, because lists of other articles use such classes, too.
    """
    marks = attribute(node, "class").lower() if node.tag == "time" else ""
    return ("publish" in marks or "entry-date" in marks) and scope.may_date(node)


def _keywords(elements: PageElements) -> tuple[str, ...]:
    value = elements.json_ld.get("keywords")
    keywords = names_of(value) if isinstance(value, list) else [value or ""]
    texts = [
        *(text for text in keywords if isinstance(text, str)),
        *(text for _, text in elements.of_meta(_KEYWORDS)),
    ]
    words = (word.strip() for text in texts[:_MAX_KEYWORDS] for word in _BETWEEN_WORDS.split(text))
    return tuple(dict.fromkeys(word for word in words if word))[:_MAX_KEYWORDS]
