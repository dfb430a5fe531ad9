"""Find the authors of the article on a page: in JSON-LD, in meta elements, in visible bylines."""

from collections.abc import Callable, Collection, Iterator

from selectolax.lexbor import LexborNode

from worker.clean.metadata import bylines
from worker.clean.metadata.article_scope import ArticleScope
from worker.clean.metadata.json_ld import typed_names
from worker.clean.metadata.page_elements import Candidates, PageElements
from worker.clean.metadata.visible_dates import NearbyTexts
from worker.clean.text.author_functions import is_no_author
from worker.clean.text.author_names import author_names
from worker.clean.text.people import cjk_names, is_name, people
from worker.clean.text.plain_text import bare

_MAX_AFTER, _MAX_BEFORE = 12, 4  # texts around the heading in which an author may stand alone
_AUTHOR = (
    "author",
    "author_name",
    "parsely-author",
    "dc.creator",
    "byl",
    "sailthru.author",
    "article:author",
    "article:author_name",
    "og:article:author",
    "cxenseparse:author",
    "dcterms.creator",
    "citation_author",
    "byline",
)


def find_authors(
    elements: PageElements,
    publishers: Collection[str],
    nearby: NearbyTexts,
    scope: ArticleScope,
) -> tuple[tuple[str, ...], Candidates]:
    """Choose the authors of the article on a page. People are preferred to organisations, and full
    names to login names. Texts that name nobody, such as URLs and "admin", are skipped.

    `elements` are the elements of the page with metadata. `nearby` has the texts around the
    heading, where bylines stand, and `scope` tells which parts of the page belong to the article.
    `publishers` are the names of the site, reduced to lower-case letters and digits; one of them is
    chosen only if the page names nobody else.

    Also returns all places where authors were looked for, the preferred one first, as pairs: the
    name of an element and a function that reads the authors in it.
    """
    named = [pair for pair in typed_names(elements.json_ld.get("author")) if "://" not in pair[0]]
    named = [pair for pair in named if not is_no_author(pair[0])]
    organisations = {bare(name) for name, is_organisation in named if is_organisation}
    json_ld = tuple(name for name, _ in named)
    persons = tuple(name for name, is_organisation in named if not is_organisation)
    by_meta = next((pair for pair in _by_meta(elements) if author_names(pair[1])), None)
    meta = (by_meta[1], *elements.further_of_meta(by_meta[0])) if by_meta else ()
    meta_name = by_meta[0] if by_meta else "meta"
    full = tuple(name for text in meta for name in _people_of(text))
    readers: tuple[tuple[str, Callable[[], tuple[str, ...]]], ...] = (
        ("json-ld", lambda: persons if any(map(_is_full, persons)) else ()),
        (meta_name, lambda: tuple(name for name in full if bare(name) not in organisations)),
        ("byline", lambda: _visible(elements, scope, nearby)),  # 0.5 ms, seldom needed
        ("json-ld", lambda: persons),
        (meta_name, lambda: tuple(text for text in meta if bare(text) not in organisations)),
        ("json-ld", lambda: json_ld),
        ("byline", lambda: bylines.pseudonym(_nodes(elements, scope, "[rel~=author]"))),
    )
    site_names: tuple[str, ...] = ()
    for element, read in readers:
        names = tuple(name for name in read() if not is_no_author(name))
        if authors := tuple(name for name in names if bare(name) not in publishers):
            elements.element_of["authors"] = element
            return authors, readers
        if names and not site_names:
            elements.element_of["authors"], site_names = element, names
    return site_names, readers


def _by_meta(elements: PageElements) -> Iterator[tuple[str, str]]:
    """Yield the meta elements that name authors, as (name of the element, author).

    They include the field of a Twitter card that is labelled "Written by".
    """
    yield from elements.of_meta(_AUTHOR)
    for number in "12":
        label = elements.meta.get(f"twitter:label{number}", "")
        if bylines.is_label(label) and (name := elements.meta.get(f"twitter:data{number}")):
            yield f"twitter:data{number}", name


def _people_of(text: str) -> tuple[str, ...]:
    names = people(text) or tuple(author_names(text))
    certain = all(is_name(name.partition(", ")[0]) or cjk_names(name) for name in names)
    return tuple(name for name in names if _is_full(name)) if certain else ()


def _is_full(name: str) -> bool:
    """Whether a name may consist of a first and a last name, unlike "ann.lee" or "Ann"."""
    return " " in name.strip() or bool(cjk_names(name))


def _visible(elements: PageElements, scope: ArticleScope, nearby: NearbyTexts) -> tuple[str, ...]:
    texts = (*nearby.after, *nearby.before)
    close = (*nearby.after[:_MAX_AFTER], *nearby.before[-_MAX_BEFORE:])
    nodes = _nodes(elements, scope, bylines.SELECTOR)
    return (
        bylines.authors_of_elements(nodes)
        or bylines.labelled_authors(texts)
        or bylines.portrayed_authors(close, elements.tree)
    )


def _nodes(elements: PageElements, scope: ArticleScope, selector: str) -> Iterator[LexborNode]:
    """Yield the elements of the article that a selector matches, not those of menus or of other
    articles."""
    body = elements.tree.body
    nodes = body.css(selector)[: bylines.MAX_NODES] if body else ()
    return (node for node in nodes if scope.holds(node))
