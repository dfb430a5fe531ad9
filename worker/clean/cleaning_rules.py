"""The validated rules of cleaning, with the same tables and keys as `config/cleaning.toml`."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta, tzinfo
from functools import cache, cached_property, partial
from typing import Literal, NamedTuple, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from worker.clean.failed_fetch_rules import NO_PAGE_RULES, FailedFetchRules
from worker.clean.patterns.prefilter import prefix_filter
from worker.model.admission import Frozen
from worker.model.raw_article import WordSet

EVERY_LANGUAGE = "any"
UNDETERMINED = "und"
SHORT_LINE = 120  # characters; fewer rules apply to longer lines
_SITE_LANGUAGE = "en"
_UPPER = re.compile(r"(?<![\\?])[^\W\d_a-z](?<=[A-ZÀ-ÖØ-ÞА-Я])")


class HtmlRules(Frozen):
    """Limits of markup that is parsed, and whether safe markup is stored. Counts are per body."""

    max_tags: int = Field(gt=0)  # more: tags are cut without building a tree
    max_extract_tags: int = Field(gt=0)  # more: the text of a page is its complete body
    short_extract_chars: int = Field(ge=0)  # shorter main text: trafilatura extracts it anew
    max_doubt: float = Field(ge=0)  # doubtful characters per kept one; more: trafilatura
    max_asked_tags: int = Field(ge=0)  # in a page; more: no other extractor is used
    second_opinion_doubt: float = Field(ge=0)  # more, and not in English: compare with resiliparse
    min_shared: float = Field(ge=0, le=1)  # share of word runs in both; less: trafilatura
    max_attributes: int = Field(gt=0)  # of one tag; more: rejected
    max_depth: int = Field(gt=0)  # open elements; more: rejected
    max_left_open: int = Field(gt=0)  # elements with an optional end tag; more: rejected
    max_rebuilt: int = Field(gt=0)  # formatting elements a parser would reopen; more: rejected
    keep: bool  # store the body also as safe markup
    max_bodies: int = Field(gt=0)  # only this many of the largest bodies are read


class TextRules(Frozen):
    min_letters: int = Field(ge=1)  # of title or text
    max_title_chars: int = Field(gt=20)  # of a title taken from the text
    max_name_chars: int = Field(gt=0)  # of one author or category
    max_names: int = Field(gt=0)
    max_mended_chars: int = Field(ge=0)  # of lines with mojibake that are repaired


class DateRules(Frozen):
    earliest_year: int = Field(ge=1, le=9998)
    future_h: float = Field(ge=0)  # hours a clock may run ahead
    published_words: tuple[str, ...]  # before a visible date of publication, in lower case
    updated_words: tuple[str, ...]  # before a visible date of a change
    zones: dict[str, str] = {}  # by source: the time zone of its dates that have none

    @field_validator("zones")
    @classmethod
    def _known_zones(cls, zones: dict[str, str]) -> dict[str, str]:
        for source, zone in zones.items():
            try:
                ZoneInfo(zone)
            except (ValueError, OSError, ZoneInfoNotFoundError) as e:
                raise ValueError(f"{source}: there is no time zone {zone!r}") from e
        return zones

    def zone_of(self, source: str) -> tzinfo:
        """The time zone of a source's dates that have none."""
        return ZoneInfo(self.zones[source]) if source in self.zones else UTC

    @property
    def tolerance(self) -> timedelta:
        """How far a date may lie in the future."""
        return timedelta(hours=self.future_h)


class LanguageRules(Frozen):
    min_letters: int = Field(ge=1)  # fewer: the declared language stands
    long_chars: int = Field(gt=0)  # longer texts go to the fast detector
    sample_chars: int = Field(gt=0)  # read of one text
    max_rank: int = Field(gt=0)  # distance from the fast detector; more is unsure
    tie_ranks: int = Field(ge=0)  # the declared language wins within this distance of the best
    sure_score: float = Field(gt=0, le=1)  # of the short detector: overrules the declared language
    declared_score: float = Field(ge=0, le=1)  # otherwise enough for the declared language
    min_score: float = Field(gt=0, le=1)  # enough for any other language


class UrlRules(Frozen):
    tracking: WordSet  # names of query parameters, lower case
    tracking_prefixes: tuple[str, ...]
    tracking_by_host: dict[str, WordSet] = {}  # more parameters, of a host and its subdomains

    def tracking_of(self, host: str) -> frozenset[str]:
        """The tracking parameters of this host or the nearest parent domain that has any."""
        by_host = self.tracking_by_host
        while host and host not in by_host:
            host = host.partition(".")[2]
        return by_host.get(host, frozenset())


class LineRule(Frozen):
    """One kind of line that is not part of an article, with patterns by language."""

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
    """Words that introduce credits by language: "(Reporting by A; Editing by B)"."""

    roles: dict[str, dict[str, tuple[str, ...]]]  # language -> role -> the words before the names

    @cached_property
    def role_of(self) -> dict[str, str]:
        """The role by the words that introduce it, in lower case."""
        return {
            words: role
            for by_role in self.roles.values()
            for role, phrases in by_role.items()
            for words in phrases
        }

    @cached_property
    def first_words(self) -> frozenset[str]:
        """The first words of credits: a line with another first word has none."""
        return frozenset(words.split()[0] for words in self.role_of)

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """The beginnings of a line of credits, in lower case; a single word must end there."""
        endings = {words: ("",) if " " in words else (" ", ":") for words in self.role_of}
        return tuple(words + ending for words in endings for ending in endings[words])

    @cached_property
    def announced(self) -> re.Pattern[str]:
        """An expression for the words that introduce a role, in lower case, longest first."""
        longest = sorted(self.role_of, key=len, reverse=True)
        return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest))})(?!\w)\s*:?\s*")


class DatelineRules(Frozen):
    agencies: tuple[str, ...]  # as they are signed
    not_places: WordSet  # words before a dash that are no place, lower case
    max_chars: int = Field(gt=0)

    @cached_property
    def agency_names(self) -> dict[str, str]:
        """The first spelling of each agency by its name in lower case."""
        return {name.casefold(): name for name in reversed(self.agencies)}


class LineRules(Frozen):
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
        """The length of the longest line that a rule can match, apart from `end` rules."""
        return max((rule.max_chars for rule in self.rules if rule.position != "end"), default=0)

    @cached_property
    def languages(self) -> frozenset[str]:
        return frozenset(language for rule in self.rules for language in rule.patterns)


class LearnedRules(Frozen):
    """When a line that a source repeats around its articles is removed. Lines are compared in
    lower case, with every number as 0."""

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


class RuleSet(NamedTuple):
    """The line rules for one language and position, compiled into one expression.

    Without IGNORECASE: with it, `re` could not skip alternatives by their first letter.
    """

    rules: tuple[tuple[LineRule, re.Pattern[str]], ...]
    expression: re.Pattern[str]


class LanguageRuleSets(NamedTuple):
    """The line rules of one language."""

    prefix_filter: re.Pattern[str]  # matches the start of each line that a rule may remove
    select: Callable[[bool, bool, bool], RuleSet]  # for a line in the head, in the tail, a long one


RulePatterns = tuple[tuple[LineRule, str], ...]  # rules with their patterns in some language


class CleaningRules(Frozen):
    version: str = Field(pattern=r"^[a-z0-9.-]+$")
    html: HtmlRules
    text: TextRules
    dates: DateRules
    language: LanguageRules
    urls: UrlRules
    lines: LineRules
    credits: CreditRules
    datelines: DatelineRules
    learned: LearnedRules
    failed_fetch: FailedFetchRules = NO_PAGE_RULES

    @cached_property
    def end_rules(self) -> tuple[tuple[LineRule, re.Pattern[str]], ...]:
        """The rules that cut the end of a text, with expressions for all languages."""
        return tuple(
            (rule, re.compile("|".join(f"(?:{p})" for p in rule.patterns.values())))
            for rule in self.lines.rules
            if rule.position == "end"
        )

    @cached_property
    def end_chars(self) -> int:
        """The number of characters at the end of a line that `end` rules search."""
        return max((rule.max_chars for rule, _ in self.end_rules), default=1)

    def rule_sets(self, language: str) -> LanguageRuleSets:
        """The rules for lines of a language: its own, those for any language, and those of
        English, the language of site software. A language without rules gets the rules of all."""
        language = language if language in self.lines.languages else UNDETERMINED
        if language not in self._rule_sets:
            patterns = tuple(self._patterns_of(language))
            prefixes = prefix_filter((pattern for _, pattern in patterns), self.credits.prefixes)
            # Compiled when the first line needs one: to compile all would take a second.
            select = cache(partial(_rule_set, patterns))
            self._rule_sets[language] = LanguageRuleSets(prefixes, select)
        return self._rule_sets[language]

    def _patterns_of(self, language: str) -> Iterator[tuple[LineRule, str]]:
        chosen = {EVERY_LANGUAGE, _SITE_LANGUAGE, language}
        for rule in self.lines.rules:
            for written_in, pattern in rule.patterns.items() if rule.position != "end" else ():
                if language == UNDETERMINED or written_in in chosen:
                    yield rule, pattern

    @cached_property
    def _rule_sets(self) -> dict[str, LanguageRuleSets]:
        return {}


def _rule_set(patterns: RulePatterns, head: bool, tail: bool, long: bool) -> RuleSet:
    positions = {"any"} | ({"head"} if head else set()) | ({"tail"} if tail else set())
    chosen = [
        (rule, pattern)
        for rule, pattern in patterns
        if rule.position in positions and (not long or rule.max_chars > SHORT_LINE)
    ]
    # (?!) never matches: without rules no line is removed.
    expression = "|".join(f"(?P<r{n}>{pattern})" for n, (_, pattern) in enumerate(chosen)) or "(?!)"
    compiled = tuple((rule, re.compile(pattern)) for rule, pattern in chosen)
    return RuleSet(compiled, re.compile(expression))
