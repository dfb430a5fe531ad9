"""One linear look at markup before any parser sees it.

Parsers are quadratic in the attributes of one tag and in the depth of open elements, and build
formatting elements anew in every paragraph: 100,000 of either, in under 1 MB, hang them for over a
minute, and no time limit interrupts a loop in C. The scan reads tags as the HTML standard's
tokenizer does, with possessive repeats only: it never goes back.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from worker.clean.cleaning_rules import HtmlRules
from worker.clean.html.embedded_markup import ROOTS as DRAWINGS
from worker.clean.html.embedded_markup import Drawing
from worker.errors import Reason, Rejected

_ATTRIBUTE = (
    r"[^\s/>][^\s/>=]*+"
    r"(?:\s*+=\s*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^\s>\"'][^\s>]*+)?+)?+"
)
_USUAL = r"\s[^\s/>=]++=\"[^\"]*+\""  # the same of nearly all, in half the time
_ATTRIBUTES = rf"((?:{_USUAL})*+(?:[\s/]++|{_ATTRIBUTE})*+)>?"
_COMMENT = r"!--(?:-?>|(?s:.*?)(?:--!?>|\Z))|[!?][^>]*+>?"
_NAME = r"[a-zA-Z][^\s/>]*+"
_TAG = re.compile(rf"<(?:{_COMMENT}|(/?)({_NAME}){_ATTRIBUTES})")
# All tags in one call: name with "/" where it ends, nothing, attributes. Behind a script or style
# it passes over what stands in it.
_TAGS = re.compile(
    rf"<(?:((?=[sS])(?ai:script|style)(?=[\s/>])()|/?{_NAME})(?:>|{_ATTRIBUTES})"
    rf"(?(2)[^<]*+(?:<(?!/(?ai:\1)[ \t\n\f\r/>])[^<]*+)*+)|{_COMMENT})"
)
_EACH_ATTRIBUTE = re.compile(_ATTRIBUTE)
_RAW_TEXT = ("script", "style")
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


# What a tag of some name means: how many such elements are open, and what it adds to these, to the
# depth, to what is left open, to formatting; its name, if that means more. A class would be slow.
_TagEffect = tuple[list[int], int, int, int, int, str]
# A tag or a comment, with the script or style that it begins: markup[start:stop], its name ("" of
# a comment), whether it closes, and its attributes. No class: an honest page has thousands.
MarkupTag = tuple[int, int, str, bool, str]


def count_tags(markup: str) -> int:
    """An upper bound for the number of tags."""
    return markup.count("<")


def refuse_hostile(markup: str, rules: HtmlRules) -> None:
    """Raise Rejected with `hostile` when a parser would take quadratic time or memory."""
    if len(markup) <= _HARMLESS_CHARS:
        return
    if not _check(_TAGS.findall(markup), rules):
        one_by_one = (("/" * tag[3] + tag[2], "", tag[4]) for tag in _tags(markup))
        _check(one_by_one, rules, slow=True)


def _check(tags: Iterable[tuple[str, str, str]], rules: HtmlRules, *, slow: bool = False) -> bool:
    """Raises Rejected. False, unless `slow`, when a script or style in a drawing may hold elements
    that were passed over."""
    effects: dict[str, _TagEffect] = {}
    opened: defaultdict[str, list[int]] = defaultdict(lambda: [0])
    max_depth, max_left_open = rules.max_depth, rules.max_left_open
    many = 2 * rules.max_attributes  # characters: something stands between attributes
    depth = loose = formatting = rebuilt = on_roots = 0
    drawing: Drawing | None = None
    for name, _, attributes in tags:
        if drawing:
            if drawing.takes(name, attributes):
                _refuse_over("open elements", depth + len(drawing.open), max_depth)
                if len(attributes) <= many:
                    continue
                attribute_count = sum(1 for _ in _EACH_ATTRIBUTE.finditer(attributes))
                _refuse_over("attributes of one tag", attribute_count, rules.max_attributes)
                continue
            # No more a drawing, or not surely: what is open in it stays open, as in HTML.
            for left in drawing.open:
                opened[left][0] += 1
            depth += len(drawing.open)
            drawing = None
        if name in DRAWINGS:
            drawing = Drawing.opened_by(name, attributes)
            if drawing:
                rebuilt += formatting
                continue
        effect = effects.get(name)
        if effect is None:
            effect = effects[name] = _effect_of(name, opened)
        count, step, deep, loosely, formats, special = effect
        if special or len(attributes) > many:
            if special in _RAW_TEXT and not slow and any(opened[root][0] for root in _FOREIGN):
                return False
            attribute_count = sum(1 for _ in _EACH_ATTRIBUTE.finditer(attributes))
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
        if depth > max_depth or loose > max_left_open:
            _refuse_over("open elements", depth, max_depth)
            _refuse_over("elements left open", loose, max_left_open)
    _refuse_over("formatting elements to open anew", rebuilt, rules.max_rebuilt)
    return True


def _effect_of(written: str, opened: Mapping[str, list[int]]) -> _TagEffect:
    name, step = _lower(written.removeprefix("/")), -1 if written.startswith("/") else 1
    if name in _PASSED:
        return [0], -1, 0, 0, 0, ""  # as what ends and was never open
    loosely = step if name in _CLOSE_THEMSELVES else 0
    formats = step if name in _FORMATTING else 0
    special = name if name in _ROOTS or (name in _RAW_TEXT and step > 0) else ""
    return opened[name], step, step - loosely, loosely, formats, special


def _lower(name: str) -> str:
    """As parsers read it: only ASCII has cases."""
    return name.lower() if name.isascii() else name


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
    """Where a script or style that begins at `at` ends; an expression would take ten times this."""
    after = 2 + len(name)
    while (at := markup.find("</", at)) >= 0:
        closes = markup[at + after : at + after + 1] in _AFTER_NAME
        if closes and markup[at + 2 : at + after].lower() == name:
            return at
        at += 2
    return len(markup)


def _refuse_over(what: str, attribute_count: int, limit: int) -> None:
    if attribute_count > limit:
        raise Rejected(Reason.HOSTILE, f"{attribute_count:,} {what}, limit {limit:,}")
