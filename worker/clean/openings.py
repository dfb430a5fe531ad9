"""A pattern comes in; what lines that begin with a letter and match it may begin with goes out.

Of the lines of news one in twenty begins as some rule asks for: the others need not be matched.
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from itertools import groupby
from typing import Any

CHARS = 6  # of a line that are looked at; of more, no fewer lines pass
_MOST = 2000  # openings of one pattern; one with more may as well begin with anything
_NO_LETTER = r"[\W\d_]"
_MARK = "\0"  # stands for one such character
_NO_LETTERS = ("CATEGORY_NOT_WORD", "CATEGORY_SPACE", "CATEGORY_DIGIT")

# Strings that may be matched in full, and what longer ones begin with where more is not known.
Heads = tuple[set[str], set[str]]
_ANYTHING: Heads = (set(), {""})
_NOTHING: Heads = ({""}, set())  # a place between characters


def gate(patterns: Iterable[str], words: Iterable[str] = ()) -> re.Pattern[str]:
    """Matches, at the start, lines that a pattern may match or that begin with one of the words.

    Held against the first `CHARS` characters of a line in lower case. All that begins with no
    letter matches.
    """
    found = {opening for pattern in patterns for opening in openings(pattern)}
    found |= {word[:CHARS] for word in words}
    shortest: list[str] = []
    for opening in sorted(found):
        if not shortest or not opening.startswith(shortest[-1]):
            shortest.append(opening)
    # By first letter: `re` compares that once instead of trying each opening.
    by_letter = groupby(shortest, key=lambda opening: opening[:1])
    any_of = (f"{re.escape(first)}(?:{_rest_of(those)})" for first, those in by_letter)
    return re.compile("|".join((*any_of, _NO_LETTER)))


def _rest_of(openings: Iterable[str]) -> str:
    return "|".join(re.escape(opening[1:]) for opening in openings)


@cache
def openings(pattern: str) -> frozenset[str]:
    """Never misses one; "" where a match may begin with any letter."""
    whole, begun = _sequence(import_module("re._parser").parse(pattern))
    known = {opening.partition(_MARK)[0] for opening in whole | begun if opening[:1] != _MARK}
    return frozenset(opening for opening in known if not re.match(_NO_LETTER, opening))


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
            whole, begun = _sequence(repeated)
            once = (whole, begun) if most == 1 else (set(), whole | begun)
            return once if least else _either((once, _NOTHING))
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return _NOTHING
    return _ANYTHING


def _one_of(members: list[tuple[str, Any]]) -> Heads:
    """Of a set of characters."""
    if all(kind == "LITERAL" for kind, _ in members):
        return {chr(code) for _, code in members}, set()
    if all(kind == "CATEGORY" and str(member) in _NO_LETTERS for kind, member in members):
        return set(), {_MARK}
    return _ANYTHING


def _either(heads: Iterable[Heads]) -> Heads:
    wholes, beguns = zip(*heads, strict=True)
    return set().union(*wholes), set().union(*beguns)
