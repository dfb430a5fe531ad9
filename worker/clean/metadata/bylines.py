"""Read the names of authors from elements and texts of a page that may be bylines ("By Ann
Lee")."""

import re
from collections.abc import Iterable

from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.clean.dates.month_names import MONTH_NAMES
from worker.clean.text.author_functions import is_function
from worker.clean.text.author_names import author_names, is_listed_author
from worker.clean.text.people import cjk_names, is_name, people

SELECTOR = (
    "[rel~=author],[itemprop=author],[class*=byline i],[class*=author i],[class*=auteur i],"
    "[class*=autor i],[data-testid*=byline i],a[href*='/author' i],a[href*='/autor' i],"
    "a[href*='/auteur' i],a[href*='/contributor' i],a[href*='/writer' i],a[href*='/profile/' i],"
    "a[href*='/profiles/' i]"
)
_MAX_CHARS = 200  # of an element that is a byline and not a biography
MAX_NODES = 80
_MAX_AROUND = 6  # elements around a byline
_SIGNS = (
    r"(?:(?:written|posted|published|words|text|story|article|reported|authored|created|ein|eine"
    r"|artikel|beitrag|blogbeitrag|gastbeitrag|kolumne|interview|geschrieben|verfasst|eingestellt|erstellt"
    r"|gepostet|gespeichert|veröffentlicht|rédigé|écrit|publié|posté|propos recueillis|escrito"
    r"|publicado|texto|scritto|pubblicato|autor)[ \n]){0,3}"
    r"(?:by|von|par|por|di|da|door|av|автор|بقلم|מאת|autor(?:in|en|es|a)?|auteur(?:s|e)?|authors?|autor[ei]"
    r"|texto?|interview)"
)
# These are matched in texts with one space or line end between words: with `\s*`, a run of spaces
# takes quadratic time.
_BY = re.compile(_SIGNS + r"\b[ \n]?(?:\(s\))?[ \n]?:?[ \n]?", re.I)
_NOT_AUTHOR = re.compile(
    r"comment|avatar|related|share|social|follow|bio\b|count|date|time|author(?:iz|is|ity)", re.I
)
_MARKED = re.compile(r"byline|author|autor|auteur", re.I)
_AUTHOR_PATH = re.compile(
    r"/(?:authors?|aut[eo]r(?:en|es|s|i)?|auteurs?|contributors?|writers?|profiles?)"
    r"(?:/[^/?#\s]|\?[^#\s]|\.[a-z]{3,4}\?)",
    re.I,
)
_MONTHS = "|".join(sorted(MONTH_NAMES, key=len, reverse=True))
_CUT = re.compile(
    r"(?:[|•·–—(\n]| (?:on|in|am|im|at|via|for) "
    rf"|(?:\b(?:le|il|el|em|den|the|{_MONTHS})\.? )?\b\d"
    r"|\b(?:updated|published|posted|last|aktualisiert|publié|publicado)\b).*",
    re.I | re.S,
)
_LINE_JOINTS = re.compile(r"\n(and|und|et|y|e|и|&|,)[ \n]|[ \n](and|und|et|y|e|и|&)\n|(,)\n", re.I)
_TITLES = re.compile(
    r"(?:, ?(?:(?:m\.?d|ph\.?d|rd|r\.?n|cpa|jd|mba|ms|ma|esq|cfp|dds|rdn|ldn|pt|dpt|cscs)\.?\b)"
    r"|,? ?\b(?:staff|senior|sr|chief|contributing|managing|associate|special|freelance|ceo|founder"
    r"|(?:\w+\s)?(?:writer|reporter|editor|correspondent|journalist|columnist|contributor|expert))\b).*",
    re.I | re.S,
)
_NO_NAMES = frozenset(
    "author authors the about contributor team editor sponsored written login log sign learn read "
    "more company letzte bluesky profile posts all view meet follow subscribe alle mehr zum zur "
    "über write writers contributors columnists submit join become contact".split()
)
_INTERFACE_WORDS = frozenset(  # at any position
    "login guidelines guide dashboard subscribe newsletter privacy information authorization "
    "archive newest older writers contributors columnists".split()
)
_CJK_LABEL = re.compile("记者|記者|作者|撰文|기자|文[/|:：]")
_MARK = re.compile(r"\s*[|•·]\s*|\s+[-–—]\s+")
_MAX_IMAGES = 200
_MAX_PORTRAYED_WORDS = 3
_MAX_PSEUDONYM_CHARS, _MAX_PSEUDONYM_WORDS = 40, 4


def authors_of_elements(nodes: Iterable[LexborNode]) -> tuple[str, ...]:
    """Return the names of authors in the first of these elements that is a short byline, such as
    "By Ann Lee"; () if there is none.

    Elements whose class or id is that of comments, biographies, dates or share buttons are skipped.
    """
    for node in nodes:
        marks = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}"
        if _NOT_AUTHOR.search(marks):
            continue
        if not _names_author(node, marks) or _is_quoted(node):
            continue
        text = _declared_name(node) or node.text(separator="\n").strip()
        if 2 < len(text) <= _MAX_CHARS and (names := names_in(text, linked=node.tag == "a")):
            return names
    return ()


def _names_author(node: LexborNode, marks: str) -> bool:
    """Whether an element is marked as that of an author, and is not only a link to a list of them
    or to a guide for them."""
    href = node.attributes.get("href") if node.tag == "a" else None
    if href is None or _MARKED.search(marks) or "author" in (node.attributes.get("rel") or ""):
        return True
    return _AUTHOR_PATH.search(href) is not None


def _is_quoted(node: LexborNode) -> bool:
    """Whether an element names the speaker of a quotation or the photographer of a picture."""
    around: LexborNode | None = node.parent
    for _ in range(_MAX_AROUND):
        if around is None or around.tag in ("blockquote", "figure", "figcaption"):
            return around is not None
        around = around.parent
    return False


def _declared_name(node: LexborNode) -> str:
    """Return the name that an element has in microdata that readers do not see, "" if it has
    none."""
    if "itemprop" not in node.attributes:
        return ""
    name = node.css_first("meta[itemprop=name]")
    return ((name.attributes.get("content") or "") if name else "").strip()


def labelled_authors(texts: Iterable[str]) -> tuple[str, ...]:
    """Find the authors of a page in its visible texts: the names after the first word such as "by".
    Returns () if no names follow one.

    The word must begin a text ("By Ann Lee"), or be a text of its own, with the names in the next
    one. Texts of over 200 characters are no bylines, and are skipped.
    """
    announced = False
    for text in texts:
        if _CJK_LABEL.search(text) and (names := cjk_names(text)):
            return names
        by = _BY.match(text)
        if len(text) <= _MAX_CHARS and (announced or (by and by.end() < len(text))):
            names = names_in(text[by.end() :] if by else text)
            if names:
                return names
        announced = by is not None and by.end() == len(text)
    return ()


def portrayed_authors(texts: Iterable[str], tree: LexborHTMLParser) -> tuple[str, ...]:
    """Find the author of a page in its visible texts, for pages that don't write "by" before the
    name. Returns the first name found as the only one, () if there is none.

    A short text is such a name if a picture on the page has it as its description, as portraits do,
    or if the function of the person follows, as in "Ann Lee | Senior Writer | July 2".
    """
    pictured: set[str] | None = None
    for text in texts:
        if len(text) > _MAX_CHARS:
            continue
        name, *rest = _MARK.split(text, 2)
        words = len(name.split())
        if not (1 < words <= _MAX_PORTRAYED_WORDS and is_name(name)):
            continue
        if rest and is_function(rest[0]):
            return (name,)
        if pictured is None:
            images = tree.css("img[alt]")[:_MAX_IMAGES]
            pictured = {" ".join((n.attributes.get("alt") or "").split()) for n in images}
        if name in pictured:
            return (name,)
    return ()


def pseudonym(nodes: Iterable[LexborNode]) -> tuple[str, ...]:
    """Return the author of a page who writes under a login name, such as "harbour_cat", as the only
    name; () if there is none.

    `nodes` are the page's links to authors. The first one whose text is short enough for a name is
    chosen.
    """
    for node in nodes:
        name = " ".join(node.text().split())
        short = 2 < len(name) <= _MAX_PSEUDONYM_CHARS and len(name.split()) <= _MAX_PSEUDONYM_WORDS
        if short and name.lower().split()[0] not in _NO_NAMES:
            return (name,)
    return ()


def is_label(text: str) -> bool:
    """Whether a text is only a label for an author, such as "Written by" or "Verfasst von"."""
    return len(text) <= _MAX_CHARS and _BY.fullmatch(" ".join(text.split())) is not None


def _without_titles(names: str) -> str:
    """Remove functions and degrees after names, but not "Staff" from "Harbour Staff"."""
    without = _TITLES.sub("", names)
    return names if without != names and without and " " not in without else without


def names_in(text: str, *, linked: bool = False) -> tuple[str, ...]:
    """Return the names of people in a byline: two for "By Ann Lee and Bo Chen, staff writers | May
    3"; () if the text is no byline.

    Only the first line of the text is read, unless "and" joins two. `linked` says that the text is
    that of a link, in which a name may be a single word.
    """
    if names := cjk_names(" ".join(text.split())):
        return names
    lines = (" ".join(line.split()) for line in text.split("\n"))
    text = "\n".join(filter(None, lines))
    text = _LINE_JOINTS.sub(lambda between: f" {''.join(filter(None, between.groups()))} ", text)
    by = _BY.match(text)
    rest = " ".join(_CUT.sub("", text[by.end() :].lstrip() if by else text).split())
    listed = tuple(author_names(rest))
    if not (listed and all(map(is_listed_author, listed))):
        listed = ()
    names = listed or people(_without_titles(rest))
    words = [name.lower().split() for name in names]
    if any(each[0] in _NO_NAMES or not _INTERFACE_WORDS.isdisjoint(each) for each in words):
        return ()
    # Without "by" one word is a heading such as "Author", and five are a sentence.
    least = 0 if by or linked else 1
    return names if listed or all(least < len(name.split()) < 5 for name in names) else ()
