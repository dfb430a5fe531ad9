"""A pattern comes in; what lines that match it may begin with goes out.

Of the lines of news one in twenty begins as some rule asks for: the others need not be matched.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from itertools import groupby
from typing import Any

CHARS = 6  # of a line, from its first letter on, that are looked at; of more, no fewer lines pass
_MOST = 2000  # openings of one pattern; one with more may as well begin with anything
_NO_LETTERS = r"[\W\d_]*+"
_MARKS, _DIGITS = "\0", "\1"  # stand for one or more such characters
_CLASS = {_MARKS: r"[\W_]", _DIGITS: r"\d"}
_MARK_OF = {"CATEGORY_NOT_WORD": _MARKS, "CATEGORY_SPACE": _MARKS, "CATEGORY_DIGIT": _DIGITS}
_END = re.compile(f"[{_MARKS}{_DIGITS}].*", re.S)  # how much a mark stands for nobody knows

# Strings that may be matched in full, and what longer ones begin with where more is not known.
Heads = tuple[set[str], set[str]]
_ANYTHING: Heads = (set(), {""})
_NOTHING: Heads = ({""}, set())  # a place between characters


def gate(patterns: Iterable[str], words: Iterable[str] = ()) -> re.Pattern[str]:
    """Matches, at the start, lines that a pattern may match or that begin with one of the words;
    before their first letter there may stand anything else.

    Held against a line in lower case; where that begins with a letter, against `CHARS` of it.
    """
    patterns, words = list(patterns), {word[:CHARS] for word in words}
    bare = words.union(*map(openings, patterns))
    marked = words.union(*map(openings_behind_marks, patterns))
    unlettered = {start for pattern in patterns for start in _without_letters(pattern)}
    return re.compile(
        "|".join((_any_of(bare), rf"[\W\d_]{_NO_LETTERS}{_any_of(marked)}", *sorted(unlettered)))
    )


def _any_of(openings: Iterable[str]) -> str:
    shortest: list[str] = []
    for opening in sorted(openings):
        if not shortest or not opening.startswith(shortest[-1]):
            shortest.append(opening)
    # By first letter: `re` compares that once instead of trying each opening.
    by_letter = groupby(shortest, key=lambda opening: opening[:1])
    each = [f"{re.escape(first)}(?:{_rest_of(those)})" for first, those in by_letter]
    return f"(?:{'|'.join(each) or '(?!)'})"


def _rest_of(openings: Iterable[str]) -> str:
    return "|".join(re.escape(opening[1:]) for opening in openings)


def openings(pattern: str) -> frozenset[str]:
    """Of matches that begin with a letter. Never misses one; "" where that may be any."""
    whole, begun = _heads(pattern)
    heads = (whole - {""}) | begun
    return frozenset(_END.sub("", head) for head in heads if head == _lettered(head))


def openings_behind_marks(pattern: str) -> frozenset[str]:
    """The same of matches that begin with neither letter nor figure, from their first letter on."""
    whole, begun = _heads(pattern)
    marked = {head for head in whole | begun if head[:1] != _DIGITS and head != _lettered(head)}
    return frozenset(_END.sub("", lettered) for lettered in map(_lettered, marked) if lettered)


def may_begin_without_letter(pattern: str) -> bool:
    whole, begun = _heads(pattern)
    return any(not head[:1].isalpha() for head in whole | begun)


def _without_letters(pattern: str) -> Iterator[str]:
    """As patterns: how matches begin that may have no letter, or of which it is not known, or that
    begin with a figure: few lines do."""
    whole, begun = _heads(pattern)
    if any(head and not _lettered(head) for head in whole):
        yield rf"{_NO_LETTERS}\Z"
    for head in whole | begun:
        if head[:1] == _DIGITS or (head in begun and not _lettered(head)):
            yield _CLASS.get(head[:1]) or re.escape(head[:1])


def _lettered(head: str) -> str:
    """From its first letter on."""
    return re.sub(rf"\A{_NO_LETTERS}", "", head)


@cache
def _heads(pattern: str) -> Heads:
    return _sequence(import_module("re._parser").parse(pattern))


def _sequence(items: Iterable[tuple[Any, Any]]) -> Heads:
    whole, begun = _NOTHING
    for operation, argument in items:
        next_whole, next_begun = _item(str(operation), argument)
        begun = begun | {(head + rest)[:CHARS] for head in whole for rest in next_begun}
        longer = {head + rest for head in whole for rest in next_whole}
        whole = {head for head in longer if len(head) < CHARS}
        begun |= {head[:CHARS] for head in longer - whole}
        if len(whole) + len(begun) > _MOST:
            return _ANYTHING
    return whole, begun


def _item(operation: str, argument: Any) -> Heads:
    match operation:
        case "LITERAL":
            return {chr(argument)}, set()
        case "IN":
            return _one_of([(str(kind), member) for kind, member in argument])
        case "BRANCH":
            return _either(map(_sequence, argument[1]))
        case "SUBPATTERN":
            return _sequence(argument[3])
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, repeated = argument
            once = _sequence(repeated)
            if most != 1:
                once = _many(*once)
            return once if least else _either((once, _NOTHING))
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return _NOTHING
    return _ANYTHING


def _many(whole: set[str], begun: set[str]) -> Heads:
    """One or more of them in a row."""
    if not begun and whole <= {*_CLASS, " "}:
        return {_DIGITS if one == _DIGITS else _MARKS for one in whole}, set()
    return set(), whole | begun


def _one_of(members: list[tuple[str, Any]]) -> Heads:
    """Of a set of characters."""
    if all(kind == "LITERAL" for kind, _ in members):
        return {chr(code) for _, code in members}, set()
    if all(kind == "CATEGORY" and str(member) in _MARK_OF for kind, member in members):
        return {_MARK_OF[str(member)] for _, member in members}, set()
    return _ANYTHING


def _either(heads: Iterable[Heads]) -> Heads:
    wholes, beguns = zip(*heads, strict=True)
    return set().union(*wholes), set().union(*beguns)
