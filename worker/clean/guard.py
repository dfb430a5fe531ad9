"""One linear look at markup before any parser sees it.

Parsers are quadratic in the attributes of one tag and in the depth of open elements, and build
formatting elements anew in every paragraph: 100,000 of either, in under 1 MB, hang them for over a
minute, and no time limit interrupts a loop in C. The scan reads tags as the HTML standard's
tokenizer does, with possessive repeats only: it never goes back.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

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
_RAW = ("script", "style")
_AFTER_NAME = frozenset(" \t\n\f\r/>")
_FOREIGN = ("svg", "math")  # scripts and styles inside these are parsed as elements
_ROOTS = frozenset(("html", "body"))  # attributes of a repeated one are added to the first
_VOID = "area base br col embed hr img input link meta param source track wbr".split()
_PASSED = frozenset(("", *_VOID))  # comments have no name
# Their end tag may be missing: honest pages leave hundreds of them open and parsers close them.
_CLOSE_THEMSELVES = frozenset("p li dd dt td th tr thead tbody tfoot option optgroup".split())
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_INLINE = _FORMATTING | frozenset("abbr cite del ins kbd mark q samp span sub sup time var".split())
_HARMLESS_CHARS = 4096  # too short to be slow whatever it holds


# A tag or a comment, with the script or style that it begins: markup[start:stop], its name ("" of
# a comment), whether it closes, and its attributes. No class: an honest page has thousands.
Tag = tuple[int, int, str, bool, str]


def count_tags(markup: str) -> int:
    """An upper bound for the number of tags."""
    return markup.count("<")


def refuse_hostile(markup: str, rules: HtmlRules) -> None:
    """Raise Rejected with `hostile` when a parser would take quadratic time or memory."""
    if len(markup) <= _HARMLESS_CHARS:
        return
    opened: defaultdict[str, int] = defaultdict(int)
    depth = loose = formatting = rebuilt = on_roots = 0
    max_attributes, max_depth, max_left_open = (
        rules.max_attributes,
        rules.max_depth,
        rules.max_left_open,
    )
    for _, _, name, closing, attributes in _tags(markup):
        if len(attributes) > max_attributes or name in _ROOTS:
            count = sum(1 for _ in _EACH_ATTRIBUTE.finditer(attributes))
            on_roots += count if name in _ROOTS else 0
            _refuse_over("attributes of one tag", max(count, on_roots), max_attributes)
        if name in _PASSED or (closing and not opened[name]):
            continue
        step = -1 if closing else 1
        opened[name] += step
        rebuilt += formatting
        if name in _FORMATTING:
            formatting += step
        if name not in _CLOSE_THEMSELVES:
            depth += step
            if depth > max_depth:
                _refuse_over("open elements", depth, max_depth)
        else:
            loose += step
            if loose > max_left_open:
                _refuse_over("elements left open", loose, max_left_open)
    _refuse_over("formatting elements to open anew", rebuilt, rules.max_rebuilt)


def cut_tags(markup: str) -> str:
    """Text without tags, comments, scripts and styles, in linear time and without a tree."""
    pieces = []
    end = 0
    for start, stop, name, _, _ in _tags(markup):
        pieces.append(markup[end:start])
        pieces.append("" if name in _INLINE or not name else "\n")
        end = stop
    pieces.append(markup[end:])
    return "".join(pieces)


def _tags(markup: str) -> Iterator[Tag]:
    at = foreign = 0
    while match := _TAG.search(markup, at):
        at = match.end()
        slash, name, attributes = match.groups("")
        name, closing = name.lower(), slash == "/"
        if name in _FOREIGN:
            foreign += -1 if closing else 1
        if name in _RAW and not closing and foreign <= 0:
            at = _end_of_raw(markup, at, name)
        yield match.start(), at, name, closing, attributes


def _end_of_raw(markup: str, at: int, name: str) -> int:
    """Where a script or style that begins at `at` ends; an expression would take ten times this."""
    after = 2 + len(name)
    while (at := markup.find("</", at)) >= 0:
        ends = markup[at + after : at + after + 1] in _AFTER_NAME
        if ends and markup[at + 2 : at + after].lower() == name:
            return at
        at += 2
    return len(markup)


def _refuse_over(what: str, found: int, limit: int) -> None:
    if found > limit:
        raise Rejected(Reason.HOSTILE, f"{found:,} {what}, limit {limit:,}")
