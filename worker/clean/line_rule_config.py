"""The validated rules for single lines (paragraphs) of a text: boilerplate such as "Read more",
credits such as "Editing by Bo Chen", datelines such as "BERLIN (dpa) -", and lines that are learned
because a source repeats them."""

import re
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from worker.model.admission import Frozen
from worker.model.frozen_model import WordSet

_UPPER = re.compile(r"(?<![\\?])[^\W\d_a-z](?<=[A-ZÀ-ÖØ-ÞА-Я])")


class LineRule(Frozen):
    """One rule that recognises lines that are not part of an article, such as "Follow us on …".

    `patterns`, by language, match a full line of at most `max_chars`. They are tried on the first
    `within` lines of a text ("head"), on the last ("tail") or on "any"; 0 stands for the usual
    number. A rule for the "end" cuts words off the end of the text, if one of `hints` is in them.
    `effect` says what becomes of a name in the line: nothing ("drop"), or it is stored. `truncated`
    marks the text as a teaser, `paywalled` the article as one for subscribers. With `sentences`, a
    line of several sentences is removed if each one matches such a rule.
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
    paywalled: bool = False  # a match means that only subscribers can read the article
    sentences: bool = False  # also a line of which each sentence is matched by such a rule

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
    """The phrases that introduce the people in credits, such as "Reporting by" and "Editing by" in
    "(Reporting by Ann Lee; Editing by Bo Chen)".

    `roles` has them by language and by the role of these people: "edited by" is one of the English
    phrases for "editing".
    """

    roles: dict[str, dict[str, tuple[str, ...]]]  # language -> role -> the words before the names

    @cached_property
    def role_of(self) -> dict[str, str]:
        """A dict from each phrase that introduces credits, in lower case, to the role of the people
        named after it: from "edited by" to "editing"."""
        return {
            words: role
            for by_role in self.roles.values()
            for role, phrases in by_role.items()
            for words in phrases
        }

    @cached_property
    def first_words(self) -> frozenset[str]:
        """The first words of all phrases that introduce people in credits: "reporting" for
        "reporting by". A line that begins with another word has no credits."""
        return frozenset(words.split()[0] for words in self.role_of)

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """How lines of credits may begin, such as "editing by", in lower case. By these beginnings
        such lines are found quickly."""
        endings = {words: ("",) if " " in words else (" ", ":") for words in self.role_of}
        return tuple(words + ending for words in endings for ending in endings[words])

    @cached_property
    def announced(self) -> re.Pattern[str]:
        """An expression that matches the phrases before the names in credits, such as "editing by",
        in lower case. Where two phrases match, it takes the longer one."""
        longest = sorted(self.role_of, key=len, reverse=True)
        return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest))})(?!\w)\s*:?\s*")


class DatelineRules(Frozen):
    """The rules for recognising datelines, which open an article with place and news agency, as in
    "BERLIN (dpa) -".

    `agencies` are the names of agencies as they stand there. `not_places` are words that may stand
    before a dash but are no place. A dateline has at most `max_chars` characters.
    """

    agencies: tuple[str, ...]  # as they are signed
    not_places: WordSet  # words before a dash that are no place, lower case
    max_chars: int = Field(gt=0)

    @cached_property
    def agency_names(self) -> dict[str, str]:
        """A dict from the name of each news agency in lower case to its name as it is stored.

        If the list of agencies has several spellings that differ only in case, the first one is
        stored.
        """
        return {name.casefold(): name for name in reversed(self.agencies)}


class LineRules(Frozen):
    """The rules that remove single lines from a text, such as "Share this article". `rules` are
    tried in this order.

    Many of them apply only to the first `head_lines` or the last `tail_lines` lines of a text.
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
        """The length of the longest line that any rule may remove completely; no rule is tried on
        longer lines."""
        return max((rule.max_chars for rule in self.rules if rule.position != "end"), default=0)

    @cached_property
    def languages(self) -> frozenset[str]:
        """All languages for which at least one rule has a pattern, as codes such as "de"; "any" is
        among them if a rule has a pattern for texts in any language."""
        return frozenset(language for rule in self.rules for language in rule.patterns)


class LearnedRules(Frozen):
    """Limits for learning which lines a source repeats around its articles, so that they are
    removed from later ones.

    The first `head_lines` and last `tail_lines` lines of each text are read, if they have at most
    `max_chars` characters. A line is learned if at least `min_texts` different texts had it on each
    of `min_days` days of the last `window_days`, and if at least `min_share` of the source's texts
    have it (`min_share_figures` for a line with numbers). If more than `max_body_share` of a text
    would be removed, nothing is. `buckets` and `bucket_entries` limit memory. `pinned` are lines to
    remove always, `refused` lines never to learn, by source.
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
