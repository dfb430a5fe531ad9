"""One linear look at markup before any parser sees it.

Parsers are quadratic in the attributes of one tag and in the depth of open elements, and build
formatting elements anew in every paragraph: 100,000 of either, in under 1 MB, hang them for over a
minute, and no time limit interrupts a loop in C. The scan reads tags as the HTML standard's
tokenizer does, with possessive repeats only: it never goes back.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from worker.clean.rules import HtmlRules
from worker.errors import Reason, Rejected

_ATTRIBUTE = (
    r"[^\s/>][^\s/>=]*+"
    r"(?:\s*+=\s*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^\s>\"'][^\s>]*+)?+)?+"
)
_TAG = re.compile(
    r"<(?:!--(?:-?>|(?s:.*?)(?:--!?>|\Z))|[!?][^>]*+>?"
    rf"|(/?)([a-zA-Z][^\s/>]*+)((?:[\s/]++|{_ATTRIBUTE})*+)>?)"
)
_EACH_ATTRIBUTE = re.compile(_ATTRIBUTE)
_RAW_END = {name: re.compile(rf"</{name}(?=[\s/>])", re.I) for name in ("script", "style")}
_FOREIGN = ("svg", "math")  # scripts and styles inside these are parsed as elements
_ROOTS = frozenset(("html", "body"))  # attributes of a repeated one are added to the first
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
# Their end tag may be missing: honest pages leave hundreds of them open and parsers close them.
_CLOSE_THEMSELVES = frozenset("p li dd dt td th tr thead tbody tfoot option optgroup".split())
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_INLINE = _FORMATTING | frozenset("abbr cite del ins kbd mark q samp span sub sup time var".split())
_HARMLESS_CHARS = 4096  # too short to be slow whatever it holds


class Tag(NamedTuple):
    """A tag or a comment, with the script or style that it begins: markup[start:stop]."""

    start: int
    stop: int
    name: str  # "" of a comment
    closing: bool
    attributes: str


def count_tags(markup: str) -> int:
    """An upper bound for the number of tags."""
    return markup.count("<")


def refuse_hostile(markup: str, rules: HtmlRules) -> None:
    """Raise Rejected with `hostile` when a parser would take quadratic time or memory."""
    if len(markup) <= _HARMLESS_CHARS:
        return
    opened: Counter[str] = Counter()
    depth = loose = formatting = rebuilt = on_roots = 0
    for tag in _tags(markup):
        if len(tag.attributes) > rules.max_attributes or tag.name in _ROOTS:
            count = sum(1 for _ in _EACH_ATTRIBUTE.finditer(tag.attributes))
            on_roots += count if tag.name in _ROOTS else 0
            _refuse_over("attributes of one tag", max(count, on_roots), rules.max_attributes)
        if not tag.name or tag.name in _VOID or (tag.closing and not opened[tag.name]):
            continue
        step = -1 if tag.closing else 1
        opened[tag.name] += step
        rebuilt += formatting
        formatting += step if tag.name in _FORMATTING else 0
        if tag.name in _CLOSE_THEMSELVES:
            loose += step
            _refuse_over("elements left open", loose, rules.max_left_open)
        else:
            depth += step
            _refuse_over("open elements", depth, rules.max_depth)
    _refuse_over("formatting elements to open anew", rebuilt, rules.max_rebuilt)


def cut_tags(markup: str) -> str:
    """Text without tags, comments, scripts and styles, in linear time and without a tree."""
    pieces = []
    end = 0
    for tag in _tags(markup):
        pieces.append(markup[end : tag.start])
        pieces.append("" if tag.name in _INLINE or not tag.name else "\n")
        end = tag.stop
    pieces.append(markup[end:])
    return "".join(pieces)


def _tags(markup: str) -> Iterator[Tag]:
    at = foreign = 0
    while match := _TAG.search(markup, at):
        at = match.end()
        name, closing = (match[2] or "").lower(), bool(match[1])
        foreign += (-1 if closing else 1) if name in _FOREIGN else 0
        if name in _RAW_END and not closing and foreign <= 0:
            end = _RAW_END[name].search(markup, at)
            at = end.start() if end else len(markup)
        yield Tag(match.start(), at, name, closing, match[3] or "")


def _refuse_over(what: str, found: int, limit: int) -> None:
    if found > limit:
        raise Rejected(Reason.HOSTILE, f"{found:,} {what}, limit {limit:,}")
