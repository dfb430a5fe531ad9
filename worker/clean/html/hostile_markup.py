"""Reject markup that would block a parser for minutes, by one quick scan before it is parsed.

Parsers take very long for 100,000 attributes in one tag or 100,000 nested elements, which fit in 1
MB, and no time limit can interrupt them. The scan takes time in proportion to the length of the
markup, because none of its expressions backtracks.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from worker.clean.cleaning_rules import HtmlRules
from worker.clean.html.embedded_markup import ROOTS as DRAWINGS
from worker.clean.html.embedded_markup import Drawing
from worker.errors import Reason, Rejected

# The characters of \s: a set of single characters is matched faster than one with a class in it.
_S = r"\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_ATTRIBUTE = (
    rf"[^{_S}/>][^{_S}/>=]*+"
    rf"(?:[{_S}]*+=[{_S}]*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^{_S}>\"'][^{_S}>]*+)?+)?+"
)
# The form of nearly all attributes, in half the time.
_USUAL = rf"[{_S}][^{_S}/>=]++=\"[^\"]*+\""
_ATTRIBUTES = rf"((?:{_USUAL})*+(?:[{_S}/]++|{_ATTRIBUTE})*+)>?"
_COMMENT = r"!--(?:-?>|(?s:.*?)(?:--!?>|\Z))|[!?][^>]*+>?"
_NAME = rf"[a-zA-Z][^{_S}/>]*+"
_TAG = re.compile(rf"<(?:{_COMMENT}|(/?)({_NAME}){_ATTRIBUTES})")
# All tags in one call. Groups: name ("/name" for an end tag), an empty group, attributes. After a
# script or style start tag it skips the content.
_TAGS = re.compile(
    rf"<(?:((?=[sS])(?ai:script|style)(?=[{_S}/>])()|/?{_NAME})(?:>|{_ATTRIBUTES})"
    rf"(?(2)[^<]*+(?:<(?!/(?ai:\1)[ \t\n\f\r/>])[^<]*+)*+)|{_COMMENT})"
)
_EACH_ATTRIBUTE = re.compile(_ATTRIBUTE)
_RAW_TEXT = ("script", "style")
_AFTER_NAME = frozenset(" \t\n\f\r/>")
_FOREIGN = ("svg", "math")  # scripts and styles inside these are parsed as elements
_ROOTS = frozenset(("html", "body"))  # attributes of a repeated tag are added to the first one
_VOID = "area base br col embed hr img input link meta param source track wbr".split()
_PASSED = frozenset(("", *_VOID))  # comments have no name
# Elements with an optional end tag: honest pages leave hundreds open, and parsers close them.
_OPTIONAL_END = frozenset("p li dd dt td th tr thead tbody tfoot option optgroup".split())
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_INLINE = _FORMATTING | frozenset("abbr cite del ins kbd mark q samp span sub sup time var".split())
# Resiliparse reads the text of each element again for each element around it, at 4 ns a character.
_USUAL_DEPTH = 100  # one of the 1,278 pages of the development sets is deeper
_MAX_NESTED_CHARS = 20_000_000
_HARMLESS_CHARS = 4096  # too short to be slow with any content


# The effect of a tag: the number of open elements of this name, and the change to this number, to
# the depth, to the elements left open, to the open formatting elements; then the name, if the tag
# needs more checks. A tuple, because a class would be slow.
_TagEffect = tuple[list[int], int, int, int, int, str]
# A tag or a comment, with the content of a script or style: markup[start:stop], its name ("" for a
# comment), whether it is an end tag, and its attributes. A tuple: honest pages have thousands.
MarkupTag = tuple[int, int, str, bool, str]


class MarkupCost(NamedTuple):
    """What makes markup slow to read, though it is allowed: `crowded` is the number of attributes
    that stand in tags with very many attributes, usually 0, and `deep` says that very much text
    stands in very many nested elements."""

    crowded: int = 0
    deep: bool = False


def count_tags(markup: str) -> int:
    """Return the number of "<" in markup: a quick count of its tags that is never too low."""
    return markup.count("<")


def refuse_hostile(markup: str, rules: HtmlRules) -> MarkupCost:
    """Raise Rejected with the reason `hostile` for markup that would block a parser for minutes. It
    has, for example, too many attributes in one tag, too many nested elements, or too many elements
    that are not closed. `rules` has the limits.

    Otherwise returns what is allowed but makes reading slower.
    """
    if len(markup) <= _HARMLESS_CHARS:
        return MarkupCost()
    checked = _check(_TAGS.findall(markup), rules)
    if checked is None:
        one_by_one = (("/" * tag[3] + tag[2], "", tag[4]) for tag in _tags(markup))
        checked = _check(one_by_one, rules, slow=True)
    if checked is None:
        return MarkupCost()
    crowded, depth = checked
    return MarkupCost(crowded, (depth - _USUAL_DEPTH) * len(markup) > _MAX_NESTED_CHARS)


def _check(
    tags: Iterable[tuple[str, str, str]], rules: HtmlRules, *, slow: bool = False
) -> tuple[int, int] | None:
    """Raise Rejected if tags (name, "", attributes) exceed a limit of the rules; return the number
    of attributes in tags with many of them if not, and the most elements that are open at once.

    Without `slow`, return None if the tags may be incomplete: they come from the fast expression,
    which skips what a script or style contains, but inside a drawing that may be elements.
    """
    effects: dict[str, _TagEffect] = {}
    opened: defaultdict[str, list[int]] = defaultdict(lambda: [0])
    max_depth, max_left_open = rules.max_depth, rules.max_left_open
    many = 2 * rules.max_attributes  # characters: an attribute and a separator need two
    depth = loose = formatting = rebuilt = on_roots = crowded = deepest = 0
    drawing: Drawing | None = None
    for name, _, attributes in tags:
        if drawing:
            if drawing.takes(name, attributes):
                _refuse_over("open elements", depth + len(drawing.open), max_depth)
                if len(attributes) <= many:
                    continue
                attribute_count = sum(1 for _ in _EACH_ATTRIBUTE.finditer(attributes))
                crowded += attribute_count
                _refuse_over("attributes of one tag", attribute_count, rules.max_attributes)
                continue
            # The drawing has ended, or may have: its open elements count as open HTML elements.
            for left in drawing.open:
                opened[left][0] += 1
            depth += len(drawing.open)
            drawing = None
        try:
            count, step, deep, loosely, formats, special = effects[name]
        except KeyError:
            effects[name] = effect = _effect_of(name, opened)
            count, step, deep, loosely, formats, special = effect
        if special or len(attributes) > many:
            if special in DRAWINGS and (drawing := Drawing.opened_by(name, attributes)):
                rebuilt += formatting
                continue
            if special in _RAW_TEXT and not slow and any(opened[root][0] for root in _FOREIGN):
                return None
            attribute_count = sum(1 for _ in _EACH_ATTRIBUTE.finditer(attributes))
            crowded += attribute_count if len(attributes) > many else 0
            on_roots += attribute_count if special in _ROOTS else 0
            _refuse_over(
                "attributes of one tag", max(attribute_count, on_roots), rules.max_attributes
            )
        if step < 0 and not count[0]:
            continue
        count[0] += step
        rebuilt += formatting
        formatting += formats
        depth += deep
        loose += loosely
        if depth > deepest:
            deepest = depth
            _refuse_over("open elements", depth, max_depth)
        if loose > max_left_open:
            _refuse_over("elements left open", loose, max_left_open)
    _refuse_over("formatting elements to reopen", rebuilt, rules.max_rebuilt)
    return crowded, deepest


def _effect_of(written: str, opened: Mapping[str, list[int]]) -> _TagEffect:
    name, step = _lower(written.removeprefix("/")), -1 if written.startswith("/") else 1
    if name in _PASSED:
        return [0], -1, 0, 0, 0, ""  # like the end tag of an element that is not open
    loosely = step if name in _OPTIONAL_END else 0
    formats = step if name in _FORMATTING else 0
    special = name if name in _ROOTS or (name in _RAW_TEXT and step > 0) else ""
    special = written if written in DRAWINGS else special
    return opened[name], step, step - loosely, loosely, formats, special


def _lower(name: str) -> str:
    """Lower case as HTML parsers apply it: a name that is not ASCII is unchanged."""
    return name.lower() if name.isascii() else name


def cut_tags(markup: str) -> str:
    """Remove tags, comments, scripts and styles from markup, in linear time and without parsing
    it."""
    pieces = []
    end = 0
    for start, stop, name, _, _ in _tags(markup):
        pieces.append(markup[end:start])
        pieces.append("" if name in _INLINE or not name else "\n")
        end = stop
    pieces.append(markup[end:])
    return "".join(pieces)


def _tags(markup: str) -> Iterator[MarkupTag]:
    at = foreign = 0
    while match := _TAG.search(markup, at):
        at = match.end()
        slash, name, attributes = match.groups("")
        name, closing = _lower(name), slash == "/"
        if name in _FOREIGN:
            foreign += -1 if closing else 1
        if name in _RAW_TEXT and not closing and foreign <= 0:
            at = _end_of_raw(markup, at, name)
        yield match.start(), at, name, closing, attributes


def _end_of_raw(markup: str, at: int, name: str) -> int:
    """Find the end of the content of a script or style, whose content begins at offset `at`.

    Ten times as fast as a regular expression.
    """
    after = 2 + len(name)
    while (at := markup.find("</", at)) >= 0:
        closes = markup[at + after : at + after + 1] in _AFTER_NAME
        if closes and markup[at + 2 : at + after].lower() == name:
            return at
        at += 2
    return len(markup)


def _refuse_over(name: str, count: int, limit: int) -> None:
    if count > limit:
        raise Rejected(Reason.HOSTILE, f"{count:,} {name}, limit {limit:,}")
