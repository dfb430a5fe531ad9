"""The validated rules for single lines of a text: boilerplate, credits, datelines, learned lines.

A line is a paragraph. Boilerplate is a line such as "Read more" that is not part of the article.
"""

import re
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from worker.model.admission import Frozen
from worker.model.raw_article import WordSet

_UPPER = re.compile(r"(?<![\\?])[^\W\d_a-z](?<=[A-ZÀ-ÖØ-ÞА-Я])")


class LineRule(Frozen):
    """One kind of line that is not part of an article, such as "Follow us on …", and what to do
    with it.

    `patterns`, by language, must match the complete line in lower case. A rule with `position`
    "head" or "tail" applies to the first or last `within` lines of a text. "end" rules instead cut
    what they match from the end of the text, and only if one of their `hints` is in it (a quick
    check). `effect` says whether the matched line is dropped only, or gives a category, authors
    (byline) or an agency. `truncated` says that a match proves the text to be a teaser, cut by the
    feed.
    """

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    # By language, "any" for all. Must match the full line in lower case; `end` rules are searched.
    patterns: dict[str, str] = Field(min_length=1)
    # head, tail: the first or last lines. any: all lines. end: cuts the match from the text's end.
    position: Literal["head", "tail", "any", "end"]
    within: int = Field(default=0, ge=0)  # lines from head or tail; 0: head_lines or tail_lines
    max_chars: int = Field(gt=0, le=1000)  # longer lines are never matched
    # Use of group 1: drop it, or store it as categories, as names of a byline, as an agency.
    effect: Literal["drop", "category", "byline", "agency"] = "drop"
    hints: tuple[str, ...] = ()  # an `end` rule is slow: it needs one of these strings in the line
    truncated: bool = False  # a match means that the text is a teaser

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for language, pattern in self.patterns.items():
            if problem := self._problem(pattern):
                raise ValueError(f"line rule {self.name}, {language}: {problem}")
        return self

    def _problem(self, pattern: str) -> str:
        try:
            compiled = re.compile(pattern)
        except re.error as e:
            return str(e)
        if _UPPER.search(pattern):
            return "lines are compared in lower case"
        if compiled.match(""):
            return "matches the empty line"
        if "(?P" in pattern:  # patterns are joined to one expression, and group names are unique
            return "groups have no names"
        if self.effect != "drop" and not compiled.groups:
            return f"effect {self.effect} needs a group"
        return ""


class CreditRules(Frozen):
    """Words that introduce credits, by language: "(Reporting by Ann Lee; Editing by Bo Chen)"."""

    roles: dict[str, dict[str, tuple[str, ...]]]  # language -> role -> the words before the names

    @cached_property
    def role_of(self) -> dict[str, str]:
        """The role that each phrase introduces, by the phrase in lower case: "edited by" has
        "editing"."""
        return {
            words: role
            for by_role in self.roles.values()
            for role, phrases in by_role.items()
            for words in phrases
        }

    @cached_property
    def first_words(self) -> frozenset[str]:
        """The first words of all phrases that introduce credits: a line with another first word has
        none."""
        return frozenset(words.split()[0] for words in self.role_of)

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """All beginnings that a line of credits can have, in lower case, to find such lines
        quickly.

        A phrase of a single word must be followed by a space or a colon.
        """
        endings = {words: ("",) if " " in words else (" ", ":") for words in self.role_of}
        return tuple(words + ending for words in endings for ending in endings[words])

    @cached_property
    def announced(self) -> re.Pattern[str]:
        """An expression that matches each phrase that introduces a role, in lower case, longest
        first."""
        longest = sorted(self.role_of, key=len, reverse=True)
        return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest))})(?!\w)\s*:?\s*")


class DatelineRules(Frozen):
    """The agencies that sign datelines such as "BERLIN (dpa) -", and words that are no place."""

    agencies: tuple[str, ...]  # as they are signed
    not_places: WordSet  # words before a dash that are no place, lower case
    max_chars: int = Field(gt=0)

    @cached_property
    def agency_names(self) -> dict[str, str]:
        """The name of each agency as it is stored, by its name in lower case.

        If the list has several spellings that differ only in case, the first one is stored.
        """
        return {name.casefold(): name for name in reversed(self.agencies)}


class LineRules(Frozen):
    """The rules that remove or read single lines (credits, prompts to share), in the order in which
    they are tried.

    `head_lines` and `tail_lines` are how many lines count as the beginning and as the end of a
    text.
    """

    head_lines: int = Field(ge=0)  # lines from the start that head rules apply to
    tail_lines: int = Field(ge=0)  # lines from the end that tail rules apply to
    rules: tuple[LineRule, ...]

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [rule.name for rule in self.rules]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"line rules named twice: {', '.join(sorted(twice))}")
        return self

    @cached_property
    def max_chars(self) -> int:
        """The length of the longest line that a rule can match completely.

        Rules with position `end` are left out: they match a part of a line, however long the line
        is.
        """
        return max((rule.max_chars for rule in self.rules if rule.position != "end"), default=0)

    @cached_property
    def languages(self) -> frozenset[str]:
        """All languages that a rule has a pattern for, and "any" if there are patterns for any
        language."""
        return frozenset(language for rule in self.rules for language in rule.patterns)


class LearnedRules(Frozen):
    """Limits for learning the lines that a source repeats around its articles, which are then
    removed.

    Lines are compared in lower case, with every number as 0; a line with figures needs a higher
    share of the texts (`min_share_figures`). `buckets` and `bucket_entries` limit how many lines
    are noted per day, as the lines of a day are spread over that many stores of limited size.
    `pinned` lists lines that are always removed, `refused` lines that are never learned, both by
    source.
    """

    head_lines: int = Field(ge=0)  # lines from the start that are noted; 0 for both: none
    tail_lines: int = Field(ge=0)  # lines from the end that are noted
    max_chars: int = Field(gt=0, le=1000)  # a longer line is never removed
    window_days: int = Field(ge=2, le=60)  # a line not seen for longer is forgotten
    min_days: int = Field(ge=2)  # days on which min_texts new texts had the line
    min_texts: int = Field(ge=2)  # texts of different articles, new on such a day
    min_share: float = Field(gt=0, le=1)  # of the source's texts that have the line
    min_share_figures: float = Field(gt=0, le=1)  # the same for a line with numbers: may be news
    max_body_share: float = Field(ge=0, le=0.5)  # of a text's characters; more: nothing is removed
    buckets: int = Field(ge=1, le=65_536)  # per day, for all sources together
    bucket_entries: int = Field(ge=10, le=10_000)  # of lines in texts; later ones are not noted
    pinned: dict[str, tuple[str, ...]] = {}  # by source: lines removed at any position
    refused: dict[str, tuple[str, ...]] = {}  # by source: lines never learned
