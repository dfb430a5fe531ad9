"""Read the names of authors from elements and texts of a page that may be bylines ("By Ann
Lee")."""

import re
from collections.abc import Iterable

from selectolax.lexbor import LexborNode

from worker.clean.dates.month_names import MONTH_NAMES
from worker.clean.text.people import people

SELECTOR = (
    "[rel~=author],[itemprop=author],[class*=byline i],[class*=author i],[class*=auteur i],"
    "[class*=autor i],[data-testid*=byline i],a[href*='/author' i],a[href*='/autor' i],"
    "a[href*='/auteur' i],a[href*='/contributor' i],a[href*='/writer' i],a[href*='/profile/' i]"
)
_MAX_CHARS = 200  # of an element that is a byline and not a biography
_MAX_NODES = 80
_SIGNS = (
    r"(?:(?:written|posted|published|words|text|story|article|reported|authored|created|ein|eine"
    r"|artikel|beitrag|blogbeitrag|gastbeitrag|kolumne|interview|geschrieben|verfasst|eingestellt|erstellt"
    r"|gepostet|gespeichert|veröffentlicht|rédigé|écrit|publié|posté|propos recueillis|escrito"
    r"|publicado|texto|scritto|pubblicato|autor)\s+){0,3}"
    r"(?:by|von|par|por|di|da|door|av|автор|autor(?:in|en|es|a)?|auteur(?:s|e)?|authors?|autor[ei]"
    r"|texto?|interview)"
)
_BY = re.compile(_SIGNS + r"\b\s*(?:\(s\))?\s*:?\s*", re.I)
_NOT_AUTHOR = re.compile(
    r"comment|avatar|related|share|social|follow|bio\b|count|date|time|author(?:iz|is|ity)", re.I
)
_MONTHS = "|".join(sorted(MONTH_NAMES, key=len, reverse=True))
_CUT = re.compile(
    r"\s*(?:[|•·–—(\n]|\s(?:on|in|am|im|at|via|for)\s"
    rf"|(?:\b(?:le|il|el|em|den|the|{_MONTHS})\.?\s+)?(?<!\w)\d"
    r"|\b(?:updated|published|posted|last|aktualisiert|publié|publicado)\b).*",
    re.I | re.S,
)
_LINE_JOINTS = re.compile(
    r"\s*(?:\n\s*(and|und|et|y|e|и|&|,)\s|\s(and|und|et|y|e|и|&)\s*\n|(,)\s*\n)\s*", re.I
)
_TITLES = re.compile(
    r"(?:,\s*(?:(?:m\.?d|ph\.?d|rd|r\.?n|cpa|jd|mba|ms|ma|esq|cfp|dds|rdn|ldn|pt|dpt|cscs)\.?\b)"
    r"|,?\s*\b(?:staff|senior|sr|chief|contributing|managing|associate|special|freelance|ceo|founder|"
    r"(?:\w+\s)?(?:writer|reporter|editor|correspondent|journalist|columnist|contributor|expert))\b).*",
    re.I | re.S,
)
_NO_NAMES = frozenset(
    "author authors the about contributor team editor sponsored written login log sign learn read "
    "more company letzte bluesky profile posts all view meet follow subscribe alle mehr zum zur "
    "über".split()
)
_MAX_PSEUDONYM_CHARS, _MAX_PSEUDONYM_WORDS = 40, 4


def authors_of_elements(nodes: Iterable[LexborNode]) -> tuple[str, ...]:
    """Return the names of authors in the first of these elements that is a short byline, such as
    "By Ann Lee"; () if there is none.

    Elements whose class or id is that of comments, biographies, dates or share buttons are skipped.
    """
    for node in list(nodes)[:_MAX_NODES]:
        marks = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}"
        if _NOT_AUTHOR.search(marks):
            continue
        text = node.text(separator="\n").strip()
        if 2 < len(text) <= _MAX_CHARS and (names := names_in(text, linked=node.tag == "a")):
            return names
    return ()


def labelled_authors(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names of authors that follow a word such as "by" in the visible texts of a page;
    () if none do.

    The word must begin a text ("By Ann Lee"), or be a text of its own before the text with names.
    """
    announced = False
    for text in texts:
        by = _BY.match(text)
        if announced or (by and by.end() < len(text) <= _MAX_CHARS):
            names = names_in(text[by.end() :] if by else text)
            if names:
                return names
        announced = by is not None and by.end() == len(text)
    return ()


def pseudonym(nodes: Iterable[LexborNode]) -> tuple[str, ...]:
    """Return the text of the first link to an author that is short enough for a name, even if it
    does not look like one, such as "harbour_cat"; () if there is none."""
    for node in nodes:
        name = " ".join(node.text().split())
        short = 2 < len(name) <= _MAX_PSEUDONYM_CHARS and len(name.split()) <= _MAX_PSEUDONYM_WORDS
        if short and name.lower().split()[0] not in _NO_NAMES:
            return (name,)
    return ()


def is_label(text: str) -> bool:
    """Whether a text is only a label for an author, such as "Written by" or "Verfasst von"."""
    return _BY.fullmatch(text.strip()) is not None


def names_in(text: str, *, linked: bool = False) -> tuple[str, ...]:
    """Return the names of people in a byline: two for "By Ann Lee and Bo Chen, staff writers | May
    3"; () if the text is no byline.

    Only the first line of the text is read, unless "and" joins two. `linked` says that the text is
    that of a link, in which a name may be a single word.
    """
    text = _LINE_JOINTS.sub(lambda between: f" {''.join(filter(None, between.groups()))} ", text)
    by = _BY.match(text)
    rest = " ".join(_CUT.sub("", text[by.end() :].lstrip() if by else text).split())
    names = people(_TITLES.sub("", rest))
    if any(name.lower().split()[0] in _NO_NAMES for name in names):
        return ()
    # Without "by" one word is a heading such as "Author", and five are a sentence.
    least = 0 if by or linked else 1
    return names if all(least < len(name.split()) < 5 for name in names) else ()
