"""The rules of cleaning as one validated value: `config/cleaning.toml` maps onto it one to one."""

import re
from datetime import timedelta
from functools import cached_property
from typing import Literal, NamedTuple, Self

from pydantic import Field, model_validator

from worker.contract import Frozen

EVERY_LANGUAGE = "any"
UNDETERMINED = "und"
_UPPER = re.compile(r"(?<![\\?])[^\W\d_a-z](?<=[A-ZÀ-ÖØ-ÞА-Я])")


class HtmlRules(Frozen):
    """How much markup is parsed. Counts are per body."""

    max_tags: int = Field(gt=0)  # more: tags are cut out without building a tree
    max_extract_tags: int = Field(gt=0)  # more: a page's whole body is its text
    short_extract_chars: int = Field(ge=0)  # a shorter main text is extracted again, thoroughly
    max_attributes: int = Field(gt=0)  # of one tag; more: rejected
    max_depth: int = Field(gt=0)  # open elements; more: rejected
    max_left_open: int = Field(gt=0)  # of elements that close themselves; more: rejected
    max_rebuilt: int = Field(gt=0)  # formatting elements a parser would open anew; more: rejected
    max_bodies: int = Field(gt=0)  # the largest so many are read


class TextRules(Frozen):
    min_letters: int = Field(ge=1)  # of title or text
    max_title_chars: int = Field(gt=20)  # of a title taken from the text
    max_name_chars: int = Field(gt=0)  # of one author or category
    max_names: int = Field(gt=0)
    max_mended_chars: int = Field(ge=0)  # of lines given to the repair of mojibake


class DateRules(Frozen):
    earliest_year: int = Field(ge=1, le=9998)
    future_h: float = Field(ge=0)  # hours a clock may run ahead

    @property
    def tolerance(self) -> timedelta:
        return timedelta(hours=self.future_h)


class LanguageRules(Frozen):
    min_letters: int = Field(ge=1)  # fewer: what was declared
    long_chars: int = Field(gt=0)  # from here on the fast detector for long texts
    sample_chars: int = Field(gt=0)  # read at most so much
    max_rank: int = Field(gt=0)  # of the long detector, a distance: more is unsure
    tie_ranks: int = Field(ge=0)  # so near to the best, the declared language wins
    sure_score: float = Field(gt=0, le=1)  # of the short detector: overrules what was declared
    declared_score: float = Field(ge=0, le=1)  # enough for the declared language otherwise
    min_score: float = Field(gt=0, le=1)  # enough for any other


class UrlRules(Frozen):
    tracking: frozenset[str]  # names of query parameters, lower case
    tracking_prefixes: tuple[str, ...]


class LineRule(Frozen):
    """One kind of line that is not part of an article."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    pattern: str  # matched against the whole line in lower case
    position: Literal["head", "tail", "any"]
    languages: tuple[str, ...] = Field(default=(EVERY_LANGUAGE,), min_length=1)
    max_chars: int = Field(gt=0, le=1000)  # a longer line is never matched
    # drop: the line goes. category: it goes, and group 1 names categories.
    # cut: the pattern is searched at the end of the text, and only what it matches goes.
    effect: Literal["drop", "category", "cut"] = "drop"
    hints: tuple[str, ...] = ()  # a cut is searched only where one of these stands: it is slow
    truncated: bool = False  # a match says that the text is a teaser

    @model_validator(mode="after")
    def _usable(self) -> Self:
        try:
            compiled = re.compile(self.pattern)
        except re.error as e:
            raise ValueError(f"line rule {self.name}: {e}") from e
        if _UPPER.search(self.pattern):
            raise ValueError(f"line rule {self.name}: lines are compared in lower case")
        if compiled.match(""):
            raise ValueError(f"line rule {self.name}: matches the empty line")
        if self.effect == "category" and not compiled.groups:
            raise ValueError(f"line rule {self.name}: effect category needs a group")
        if self.effect == "cut" and self.position != "tail":
            raise ValueError(f"line rule {self.name}: effect cut works at the tail")
        return self


class LineRules(Frozen):
    head_lines: int = Field(ge=0)  # lines from the start that head rules look at
    tail_lines: int = Field(ge=0)  # lines from the end that tail rules look at
    rules: tuple[LineRule, ...]

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [rule.name for rule in self.rules]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"line rules named twice: {', '.join(sorted(twice))}")
        return self

    @cached_property
    def max_chars(self) -> int:
        """No rule matches a longer line."""
        return max((rule.max_chars for rule in self.rules if rule.effect != "cut"), default=0)


class Sieve(NamedTuple):
    """The line rules of one language and position, compiled into one expression.

    Without IGNORECASE, which would keep `re` from passing over alternatives by their first letter.
    """

    rules: tuple[LineRule, ...]
    expression: re.Pattern[str]


class CleaningRules(Frozen):
    version: str = Field(pattern=r"^[a-z0-9.-]+$")
    html: HtmlRules
    text: TextRules
    dates: DateRules
    language: LanguageRules
    urls: UrlRules
    lines: LineRules

    @cached_property
    def sieves(self) -> dict[tuple[str, str], Sieve]:
        """By language and position: compiled once, for a text meets dozens of rules per line."""
        named = {language for rule in self.lines.rules for language in rule.languages}
        return {
            (language, position): _sieve(self.lines.rules, language, position)
            for language in named | {EVERY_LANGUAGE, UNDETERMINED}
            for position in ("head", "tail", "any")
        }

    @cached_property
    def cuts(self) -> tuple[tuple[LineRule, re.Pattern[str]], ...]:
        """What is cut from the end of a text, in any language."""
        cuts = (rule for rule in self.lines.rules if rule.effect == "cut")
        return tuple((rule, re.compile(rule.pattern)) for rule in cuts)

    def sieve(self, language: str, position: str) -> Sieve:
        known = self.sieves.get((language, position))
        return known or self.sieves[EVERY_LANGUAGE, position]


def _sieve(rules: tuple[LineRule, ...], language: str, position: str) -> Sieve:
    """Rules of this language and of every language; all rules when it is undetermined."""
    chosen = tuple(
        rule
        for rule in rules
        if position == rule.position
        and rule.effect != "cut"
        and (language == UNDETERMINED or {language, EVERY_LANGUAGE} & set(rule.languages))
    )
    # (?!) never matches: no rules, nothing dropped.
    expression = "|".join(f"(?P<r{n}>{rule.pattern})" for n, rule in enumerate(chosen)) or "(?!)"
    return Sieve(chosen, re.compile(expression))
