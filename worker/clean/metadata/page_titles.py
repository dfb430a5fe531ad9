"""Find the title of the article on a page among its headings and the titles that it declares.

A page names its site in the same places: in a heading, in <title>, in meta elements.
"""

import re
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborNode

from worker.clean.metadata.json_ld import names_of
from worker.clean.metadata.page_elements import (
    MAX_TITLE_CHARS,
    PageElements,
    attribute,
    heading_text,
    text_of,
)
from worker.clean.text.plain_text import bare
from worker.clean.text.titles import has_number
from worker.model.admission import LIMITS

_TITLE = ("og:title", "twitter:title", "dc.title", "headline", "parsely-title")
_SITE = ("og:site_name", "application-name")
_SEPARATOR = re.compile(r"\s{1,9}(?:[-–—|·•»:]|::)\s{1,9}|\s{0,9}[|»]\s{0,9}")
_AT_END = re.compile(r"(?:[|»:]|\s[-–—])\s*$")
_MARKS = " |:·•»-–—"
_HOME_PATHS = frozenset(("", "/", "./", "/index.html", "/index.php"))
_MIN_HEADING_CHARS, _MIN_TITLE_WORDS = 8, 4
_MIN_LONG_WORDS, _LONG_WORD_CHARS = 2, 4  # by which a heading is about the same as a title
_WORD = re.compile(r"[^\W\d_]+")
_MAX_SITE_WORDS = 3  # of a name that nothing else shows to be that of the site
_MAX_HEADINGS, _MAX_SUBHEADINGS = 4, 10
_MAX_CHARS = LIMITS.title_bytes  # of declared titles and of the site's name; the rest is cut

DeclaredTitle = tuple[str, str]  # the name of an element, and the title in it


def site_name(elements: PageElements) -> str:
    """Return the name of the site that a page declares, "" if it declares none."""
    return elements.first("site", *elements.of_meta(_SITE))[:_MAX_CHARS]


def publisher_names(elements: PageElements) -> frozenset[str]:
    """Return the names of the site and of the publisher that a page declares, each reduced to
    letters and digits by `plain_text.bare`."""
    names = (*(name for _, name in elements.of_meta(_SITE)), *_publishers(elements))
    return frozenset(bare(name[:_MAX_CHARS]) for name in names) - {""}


def title_candidates(elements: PageElements) -> tuple[str, ...]:
    """Return all texts that may be the title of a page: the titles that it declares in its
    metadata, then its headings."""
    declared = [text for _, text in _declared(elements)]
    headings = map(_title_text, elements.texts("h1")[:_MAX_HEADINGS])
    return tuple(dict.fromkeys((*declared, *headings)))


def find_title(elements: PageElements) -> str:
    """Choose the title of the article on a page.

    Best is a heading with which a declared title begins or ends: declared titles have the site's
    name added to them, and other headings may be that name. Next come a single heading that is long
    enough or shares words with a declared title, then the declared titles. Names of the site are
    chosen only if the page has nothing else.
    """
    sites = publisher_names(elements)
    all_declared = _declared(elements)
    texts = [text for _, text in all_declared]
    h1s = elements.texts("h1")[:_MAX_HEADINGS]
    declared = [c for c in all_declared if not _names_site(c[1], texts, sites, declared=True)]
    titles = {bare(part) for _, text in declared for part in (text, _SEPARATOR.split(text)[0])}
    headings = _headings(elements, titles, texts, sites)
    refused = {text for name, text in all_declared if (name, text) not in declared}
    refused |= {text for text in h1s if not any(heading in text for heading in headings)}
    chosen, rule = _by_heading(elements, headings, declared, texts, sites)
    if not chosen:
        names = {bare(t) for t in (*texts, *h1s)} & {
            bare(part) for text in texts for part in _SEPARATOR.split(text)[1:]
        }
        names -= {bare(heading) for heading in headings}
        names -= {bare(text) for _, text in declared}
        declared = [(name, _without_end(_without_home(t, elements), names)) for name, t in declared]
        short = [text for text in h1s[:1] if len(text) <= MAX_TITLE_CHARS]
        first_heading = [("h1", text) for text in (*headings, *short)[:1]]
        chosen, rule = (*declared, *all_declared, *first_heading), "no heading agrees with it"
    title = elements.first("title", *chosen)
    elements.candidates["title"] = (*all_declared, *(("h1", text) for text in h1s))
    elements.rule_of["title"] = rule
    elements.refused_titles = frozenset(refused)
    return title


def _by_heading(
    elements: PageElements,
    headings: Sequence[str],
    declared: Sequence[DeclaredTitle],
    texts: Sequence[str],
    sites: Collection[str],
) -> tuple[tuple[DeclaredTitle, ...], str]:
    """Choose the title by the headings of a page. Returns it with the rule by which it was chosen;
    no title if no heading may be it."""
    for heading in sorted(headings, key=len, reverse=True):
        if any(_begins_with(text, heading) or _ends_with(text, heading) for text in texts):
            if other := _better_declared(heading, declared):
                return (other,), "the heading is the name of the site"
            parts = ((name, _SEPARATOR.split(text)[0].strip()) for name, text in declared)
            if longer := next((c for c in parts if has_number(c[1], heading)), None):
                return (longer,), "a declared title has the heading with its number or year"
            return (("h1", heading),), "a heading that a declared title agrees with is preferred"
    if len(set(headings)) == 1 and _is_title(headings[0], texts):
        return (("h1", headings[0]),), "the only heading of the page is preferred"
    if part := _subheading(elements, texts, sites):
        return (("h2", part),), "a second heading that is part of a declared title is preferred"
    if likely := next((h for h in headings if _is_on_subject(h, texts)), ""):
        return (("h1", likely),), "a heading on the subject of a declared title is preferred"
    return (), ""


def _better_declared(heading: str, declared: Sequence[DeclaredTitle]) -> DeclaredTitle | None:
    """Return the declared title to prefer to a heading of one or two words: a longer one in a meta
    element or JSON-LD with none of its words. The heading is then the name of the site."""
    words = set(heading.casefold().split())
    if len(words) >= _MAX_SITE_WORDS:
        return None
    metas = [(name, text) for name, text in declared if name != "title"]
    is_short = any(words & set(text.casefold().split()) for _, text in metas)
    return (
        None if is_short else next((c for c in metas if len(c[1].split()) > len(words) + 1), None)
    )


def _without_end(title: str, names: Collection[str]) -> str:
    """Remove the last part of a declared title if it is a name of the site, as `names` has it."""
    separators = list(_SEPARATOR.finditer(title))
    if not separators or not separators[-1].start():
        return title
    is_site = bare(title[separators[-1].end() :]) in names
    return title[: separators[-1].start()] if is_site else title


def _without_home(title: str, elements: PageElements) -> str:
    """Remove from the start of a declared title the text of a heading that links to the home page
    of the site, as in "davis.example Harbour reopens"."""
    for heading in filter(_links_home, elements.by_tag.get("h1", [])[:_MAX_HEADINGS]):
        rest = title.removeprefix(text_of(heading))
        if rest != title and rest[:1] == " " and (rest := rest.strip(_MARKS)):
            return rest
    return title


def _declared(elements: PageElements) -> list[DeclaredTitle]:
    """Return the titles that a page declares, as pairs (name of the element, title)."""
    candidates: list[tuple[str, Any]] = [
        ("json-ld", elements.json_ld.get("headline")),
        *elements.of_meta(_TITLE),
        *(("title", text) for text in elements.texts("title")[:1]),
    ]
    titles = ((name, _title_text(text)) for name, text in candidates if isinstance(text, str))
    return [(name, title) for name, title in titles if title]


def _title_text(text: str) -> str:
    """Return a title on one line, cut to the length that a title may have."""
    return " ".join(text[: 2 * _MAX_CHARS].split())[:_MAX_CHARS]


def _publishers(elements: PageElements) -> tuple[str, ...]:
    return names_of(elements.json_ld.get("publisher"))


def _headings(
    elements: PageElements, titles: Collection[str], texts: Sequence[str], sites: Collection[str]
) -> list[str]:
    """Return the texts of the main headings that may be titles, without those that are the name of
    the site, or a link to its home page."""
    nodes = elements.by_tag.get("h1", [])[:_MAX_HEADINGS]
    read = [heading_text(node, titles) for node in nodes if not _links_home(node)]
    short = [heading for heading in read if 0 < len(heading) <= MAX_TITLE_CHARS]
    if not short:
        return []
    subheadings = partial(_subheading_texts, elements)
    return [h for h in short if not _names_site(h, texts, sites, others=subheadings)]


def _links_home(heading: LexborNode) -> bool:
    """Whether the complete text of a heading is a link to the home page of its site."""
    link = heading.css_first("a[href]")
    if link is None:
        return False
    parts = urlsplit(attribute(link, "href").strip()) if _is_url(link) else None
    is_home = (
        parts is not None and parts.path in _HOME_PATHS and not (parts.query or parts.fragment)
    )
    return is_home and bare(link.text()) == bare(heading.text())


def _is_url(link: LexborNode) -> bool:
    try:
        return urlsplit(attribute(link, "href").strip()) is not None
    except ValueError:
        return False


def _names_site(
    text: str,
    titles: Sequence[str],
    sites: Collection[str],
    *,
    others: Callable[[], Collection[str]] = frozenset,
    declared: bool = False,
) -> bool:
    """Whether a heading or a declared title is the name of the site.

    It is, if the page declares that name, or if it is the end of one of the declared `titles`
    ("Harbour reopens - The Post") and the part before it is another heading, which `others` reads,
    or has more words. `declared` says that the text is itself a declared title, which is seldom the
    name of the site.
    """
    own = bare(text)
    if own in sites:
        return True
    words = len(text.split())
    for title in titles:
        parts = _parts(title)
        if len(parts) < 2 or own not in (bare(parts[0]), bare(parts[-1])):
            continue
        rest = " ".join(parts[:-1] if own == bare(parts[-1]) else parts[1:])
        if words <= _MAX_SITE_WORDS and own not in others() and bare(rest) in others():
            return True
        longest = 1 if declared or own in map(bare, titles) else _MAX_SITE_WORDS
        if own == bare(parts[-1]) and words <= longest and words < len(rest.split()):
            return True
    return False


@lru_cache(maxsize=256)
def _parts(title: str) -> tuple[str, ...]:
    return tuple(_SEPARATOR.split(title))


def _subheading_texts(elements: PageElements) -> set[str]:
    return {bare(text_of(node)) for node in _subheading_nodes(elements)}


def _subheading_nodes(elements: PageElements) -> list[LexborNode]:
    return elements.tree.css("h2")[:_MAX_SUBHEADINGS]


def _subheading(elements: PageElements, titles: Sequence[str], sites: Collection[str]) -> str:
    """Return the text of the first <h2> that is a complete part of a declared title, as on pages
    whose <h1> is the name of the site; "" if there is none."""
    parts = {bare(part) for title in titles for part in (title, *_SEPARATOR.split(title))} - {""}
    parts -= set(sites)
    for node in _subheading_nodes(elements):
        text = text_of(node)
        if bare(text) in parts and len(text.split()) > 1 and not _names_site(text, titles, sites):
            return text
    return ""


def _begins_with(declared: str, heading: str) -> bool:
    """Whether a declared title begins with a heading, a short one up to a separator."""
    if declared.startswith(heading) and _SEPARATOR.match(declared, len(heading)):
        return True
    own = bare(heading)
    return len(own) >= _MIN_HEADING_CHARS and bare(declared).startswith(own)


def _is_title(heading: str, declared: Sequence[str]) -> bool:
    return len(heading.split()) >= _MIN_TITLE_WORDS or _shares_words(heading, declared)


def _is_on_subject(heading: str, declared: Sequence[str]) -> bool:
    """Whether a heading of four words or more has two long words in common with a declared title.
    Headings of boxes, such as "Sign up for our newsletter", have none."""
    words = _long_words(heading)
    return len(heading.split()) >= _MIN_TITLE_WORDS and any(
        len(words & _long_words(text)) >= _MIN_LONG_WORDS for text in declared
    )


def _long_words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.casefold()) if len(word) >= _LONG_WORD_CHARS}


def _ends_with(declared: str, heading: str) -> bool:
    """Whether a declared title ends with a separator and a heading: "Sport | Harbour reopened"."""
    before = declared.removesuffix(heading)
    return before != declared and _AT_END.search(before) is not None


def _shares_words(heading: str, declared: Sequence[str]) -> bool:
    """Whether a declared title has half of the words of a heading, which must have two or more."""
    words = set(heading.casefold().split())
    others = [set(text.casefold().split()) for text in declared]
    return len(words) > 1 and any(2 * len(words & other) >= len(words) for other in others)
