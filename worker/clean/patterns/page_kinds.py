"""Patterns of several kinds, held against short texts: a text comes in, and its kind goes out.

Most texts begin as no pattern does: for those a look-up of their first letters is all.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar

from worker.clean.patterns import prefilter

Kind = TypeVar("Kind")

_HEAD = prefilter.CHARS  # letters that texts are sorted by
_START = 2  # letters that are looked up first; what may begin with less is looked for on its own
_PARTS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]|[^\\\[()|]+", re.S)


class _Alternative(NamedTuple):
    kind: int
    pattern: str


class Kinds(Generic[Kind]):
    """Which of the kinds a text is of, by the patterns of each, as each language writes them.

    Patterns are compared in lower case and capture nothing.
    """

    def __init__(self, kinds: Sequence[Kind], patterns: Sequence[Mapping[str, str]]) -> None:
        self._kinds = kinds
        self._each = [
            _Alternative(number, alternative)
            for number, spoken in enumerate(patterns)
            for pattern in spoken.values()
            for alternative in alternatives(pattern)
        ]
        self._compiled: dict[tuple[int, ...], tuple[re.Pattern[str], Sequence[int]]] = {}

    def may_match(self, text: str) -> bool:
        """Whether a text begins as a pattern does; `openings.CHARS` letters of it will do."""
        if not text[:1].isalpha():
            return True
        heads = self._by_start.get(text[:_START])
        return heads is not None and text.startswith(heads)

    def of(self, text: str) -> Kind | None:
        """The first kind of which a pattern matches all of a text. Patterns that may begin with
        anything are passed over: see `of_any`."""
        if not self.may_match(text):
            return None
        numbers = self._beginning(text)
        if numbers not in self._compiled:
            self._compiled[numbers] = _compiled(self._each[number] for number in numbers)
        expression, kinds = self._compiled[numbers]
        return self._kind(expression.fullmatch(text), kinds)

    def of_any(self, text: str) -> Kind | None:
        """The same with those patterns."""
        expression, kinds = self._vague
        return self.of(text) or self._kind(expression.fullmatch(text), kinds)

    def within(self, text: str) -> Kind | None:
        """The kind whose pattern is found first in a text."""
        expression, kinds = self._all
        return self._kind(expression.search(text), kinds)

    def _kind(self, match: re.Match[str] | None, kinds: Sequence[int]) -> Kind | None:
        return self._kinds[kinds[match.lastindex - 1]] if match and match.lastindex else None

    def _beginning(self, text: str) -> tuple[int, ...]:
        """The places of those that may match what begins so, in their order."""
        if not text[:1].isalpha():
            return self._otherwise
        sizes = range(_START, _HEAD + 1)
        return tuple(sorted({n for size in sizes for n in self._by_opening.get(text[:size], ())}))

    @cached_property
    def _otherwise(self) -> tuple[int, ...]:
        return tuple(n for n, each in enumerate(self._each) if _begins_otherwise(each))

    @cached_property
    def _by_opening(self) -> dict[str, set[int]]:
        """Of texts that begin with a letter: the places of patterns by their first letters."""
        found: defaultdict[str, set[int]] = defaultdict(set)
        for number, each in enumerate(self._each):
            for opening in prefilter.openings(each.pattern):
                if len(opening) >= _START:
                    found[opening].add(number)
        return dict(found)

    @cached_property
    def _by_start(self) -> dict[str, tuple[str, ...]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for opening in self._by_opening:
            found[opening[:_START]].append(opening)
        return {start: tuple(heads) for start, heads in found.items()}

    @cached_property
    def _vague(self) -> tuple[re.Pattern[str], Sequence[int]]:
        return _compiled(filter(_is_vague, self._each))

    @cached_property
    def _all(self) -> tuple[re.Pattern[str], Sequence[int]]:
        return _compiled(self._each)


def alternatives(pattern: str) -> list[str]:
    """The patterns between the strokes of a pattern that stand in no group."""
    found, depth = [""], 0
    for part in _PARTS.findall(pattern):
        depth += (part == "(") - (part == ")")
        if part == "|" and depth == 0:
            found.append("")
        else:
            found[-1] += part
    return found


def _is_vague(each: _Alternative) -> bool:
    """Whether it may begin with anything, or nearly so."""
    return any(len(opening) < _START for opening in prefilter.openings(each.pattern))


def _begins_otherwise(each: _Alternative) -> bool:
    """With a figure or a mark, but not with anything."""
    return prefilter.may_begin_without_letter(each.pattern) and not _is_vague(each)


def _compiled(each: Iterable[_Alternative]) -> tuple[re.Pattern[str], Sequence[int]]:
    """One expression with a group for each kind, and which kind that is."""
    by_kind: defaultdict[int, list[str]] = defaultdict(list)
    for alternative in each:
        by_kind[alternative.kind].append(alternative.pattern)
    groups = (f"({'|'.join(patterns)})" for patterns in by_kind.values())
    return re.compile("|".join(groups) or "(?!)"), tuple(by_kind)
