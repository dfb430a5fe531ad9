"""The elements of a page that may hold a byline come in, the names of its authors go out."""

import re
from collections.abc import Iterable
from itertools import islice

from selectolax.lexbor import LexborNode

from worker.clean.people import people
from worker.clean.text import unescape

SELECTOR = (
    "[rel~=author],[itemprop=author],[class*=byline i],[class*=author i],[data-testid*=byline i],"
    "a[href*='/author' i],a[href*='/contributor' i],a[href*='/writer' i],a[href*='/profile/' i]"
)
_MAX_CHARS = 200  # of an element that is a byline and not a biography
_MAX_NODES = 80
_BY = re.compile(
    r"(?:(?:written|posted|published|words|text|story|article|reported|authored|created)\s+)?"
    r"(?:by|von|par|por|di|автор|autor(?:in)?|auteur|author|autore|texto)\b\s*:?\s*",
    re.I,
)
# "By" in any element, and the first words that follow it.
_ANYWHERE = re.compile(
    r">\s*(?:(?:written|posted|words|text|story|reported)\s+)?by:?(?=[\s<])"
    r"(?:\s+|<!--[^>]{0,40}-->|<[^>]{0,400}>){1,8}([^<>]{3,80})<",
    re.I,
)
_NOT_AUTHOR = re.compile(r"comment|avatar|related|share|social|follow|bio\b|count|date|time", re.I)
_CUT = re.compile(
    r"\s*(?:[|•·–—(\n]|\bon\b|\d|\b(?:updated|published|posted|last|in|jan|feb|mar|apr|jun|jul|aug|sep|"
    r"oct|nov|dec)[a-z]*\b).*",
    re.I | re.S,
)
_TITLES = re.compile(
    r"(?:,\s*(?:(?:m\.?d|ph\.?d|rd|r\.?n|cpa|jd|mba|ms|ma|esq|cfp|dds|rdn|ldn|pt|dpt|cscs)\.?\b)"
    r"|,?\s*\b(?:staff|senior|sr|chief|contributing|managing|associate|special|freelance|ceo|founder|"
    r"(?:\w+\s)?(?:writer|reporter|editor|correspondent|journalist|columnist|contributor|expert))\b).*",
    re.I | re.S,
)
_NO_NAMES = frozenset("author authors the about contributor team editor sponsored written".split())


def visible_authors(nodes: Iterable[LexborNode], markup: str) -> tuple[str, ...]:
    """The names of the first element that says who wrote the page, and nothing much else."""
    for node in list(nodes)[:_MAX_NODES]:
        marks = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}"
        if _NOT_AUTHOR.search(marks):
            continue
        text = node.text(separator="\n").strip()
        if 2 < len(text) <= _MAX_CHARS and (found := named_in(text, linked=node.tag == "a")):
            return found
    for match in islice(_ANYWHERE.finditer(markup), _MAX_NODES):
        if found := named_in(f"By {unescape(match[1])}"):
            return found
    return ()


def named_in(text: str, *, linked: bool = False) -> tuple[str, ...]:
    """The people of "By Ann Lee and Bo Chen, staff writers | May 3"; lines are other elements."""
    by = _BY.match(text)
    rest = " ".join(_CUT.sub("", text[by.end() :].lstrip() if by else text).split())
    found = people(_TITLES.sub("", rest))
    if any(name.lower().split()[0] in _NO_NAMES for name in found):
        return ()
    # Without "by" one word is a heading such as "Author", and five are a sentence.
    least = 0 if by or linked else 1
    return found if all(least < len(name.split()) < 5 for name in found) else ()
