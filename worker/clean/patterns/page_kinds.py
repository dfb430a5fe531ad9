"""Find out which of several kinds a short text belongs to, by the patterns of each kind: for
example, which kind of error page has the title "404 Not Found".

To be quick, it tries only patterns that begin with the same letters as the text.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar

from worker.clean.patterns import prefilter

ClassT = TypeVar("ClassT")

_PREFIX_CHARS = prefilter.PREFIX_CHARS
_START_CHARS = 2  # looked up first; a pattern that may begin with fewer letters is vague
_PARTS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]|[^\\\[()|]+", re.S)


class _Alternative(NamedTuple):
    kind: int
    pattern: str


class PatternClassifier(Generic[ClassT]):
    """Finds out which kind a short text belongs to, such as the kind of error page that has a
    certain title.

    `patterns[n]` are the regular expressions of `kinds[n]`, by language. They must be in lower case
    and have no capturing groups.
    """

    def __init__(self, kinds: Sequence[ClassT], patterns: Sequence[Mapping[str, str]]) -> None:
        self._kinds = kinds
        self._alternatives = [
            _Alternative(number, alternative)
            for number, by_language in enumerate(patterns)
            for pattern in by_language.values()
            for alternative in alternatives(pattern)
        ]
        self._compiled: dict[tuple[int, ...], tuple[re.Pattern[str], Sequence[int]]] = {}

    def may_match(self, text: str) -> bool:
        """Whether a text may match one of the patterns, judged by its first letters. It is a quick
        check: if it is False, `classify` returns None for the text.

        `text` must be in lower case; its first 6 letters are enough.
        """
        if not text[:1].isalpha():
            return True
        prefixes = self._by_start.get(text[:_START_CHARS])
        return prefixes is not None and text.startswith(prefixes)

    def classify(self, text: str) -> ClassT | None:
        """Return the first kind, such as a kind of error page, with a pattern that matches the full
        text; None if no pattern does.

        Patterns that may begin with any word, such as ".* not found", are not tried, because that
        takes longer; `classify_any` tries them, too.
        """
        if not self.may_match(text):
            return None
        numbers = self._candidates(text)
        if numbers not in self._compiled:
            self._compiled[numbers] = _compiled(self._alternatives[number] for number in numbers)
        expression, kinds = self._compiled[numbers]
        return self._kind(expression.fullmatch(text), kinds)

    def classify_any(self, text: str) -> ClassT | None:
        """Return the first kind, such as a kind of error page, with a pattern that matches the full
        text; None if no pattern does.

        Unlike `classify`, it also tries patterns that may begin with any word, such as ".* not
        found", after all others.
        """
        expression, kinds = self._vague
        return self.classify(text) or self._kind(expression.fullmatch(text), kinds)

    def search(self, text: str) -> ClassT | None:
        """Find the first place in a text where a pattern of any kind matches, and return that kind,
        such as a kind of error page; None if no pattern matches anywhere."""
        expression, kinds = self._all
        return self._kind(expression.search(text), kinds)

    def _kind(self, match: re.Match[str] | None, kinds: Sequence[int]) -> ClassT | None:
        return self._kinds[kinds[match.lastindex - 1]] if match and match.lastindex else None

    def _candidates(self, text: str) -> tuple[int, ...]:
        """Return the indexes of the alternatives that may match a text with this beginning,
        ascending."""
        if not text[:1].isalpha():
            return self._without_letter
        sizes = range(_START_CHARS, _PREFIX_CHARS + 1)
        return tuple(sorted({n for size in sizes for n in self._by_prefix.get(text[:size], ())}))

    @cached_property
    def _without_letter(self) -> tuple[int, ...]:
        alternatives = enumerate(self._alternatives)
        return tuple(n for n, alternative in alternatives if _begins_without_letter(alternative))

    @cached_property
    def _by_prefix(self) -> dict[str, set[int]]:
        """For each prefix, the indexes of the alternatives with a match that begins with it.

        It is used for texts that begin with a letter; prefixes of fewer than two letters are left
        out.
        """
        indexes: defaultdict[str, set[int]] = defaultdict(set)
        for number, alternative in enumerate(self._alternatives):
            for prefix in prefilter.prefixes_of(alternative.pattern):
                if len(prefix) >= _START_CHARS:
                    indexes[prefix].add(number)
        return dict(indexes)

    @cached_property
    def _by_start(self) -> dict[str, tuple[str, ...]]:
        by_start: defaultdict[str, list[str]] = defaultdict(list)
        for prefix in self._by_prefix:
            by_start[prefix[:_START_CHARS]].append(prefix)
        return {start: tuple(prefixes) for start, prefixes in by_start.items()}

    @cached_property
    def _vague(self) -> tuple[re.Pattern[str], Sequence[int]]:
        return _compiled(filter(_is_vague, self._alternatives))

    @cached_property
    def _all(self) -> tuple[re.Pattern[str], Sequence[int]]:
        return _compiled(self._alternatives)


def alternatives(pattern: str) -> list[str]:
    """Split a regular expression into its alternatives: "a|b(c|d)" gives "a" and "b(c|d)"."""
    parts, depth = [""], 0
    for part in _PARTS.findall(pattern):
        depth += (part == "(") - (part == ")")
        if part == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += part
    return parts


def _is_vague(alternative: _Alternative) -> bool:
    """Whether a match of an alternative may begin with any text, or with any after a single
    letter."""
    return any(len(prefix) < _START_CHARS for prefix in prefilter.prefixes_of(alternative.pattern))


def _begins_without_letter(alternative: _Alternative) -> bool:
    """Whether a match of an alternative may begin with a digit or a mark, and the alternative isn't
    vague."""
    return prefilter.may_begin_without_letter(alternative.pattern) and not _is_vague(alternative)


def _compiled(alternatives: Iterable[_Alternative]) -> tuple[re.Pattern[str], Sequence[int]]:
    """Compile alternatives into one expression with one group for each kind.

    Also returns the kinds' numbers, in the order of the groups.
    """
    by_kind: defaultdict[int, list[str]] = defaultdict(list)
    for alternative in alternatives:
        by_kind[alternative.kind].append(alternative.pattern)
    groups = (f"({'|'.join(patterns)})" for patterns in by_kind.values())
    return re.compile("|".join(groups) or "(?!)"), tuple(by_kind)
