"""The rules of cleaning as one validated value: `config/cleaning.toml` maps onto it one to one."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta, tzinfo
from functools import cache, cached_property, partial
from typing import Literal, NamedTuple, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from worker.clean.failed_fetch_rules import NO_PAGES, FailedFetchRules
from worker.clean.patterns.prefilter import gate
from worker.model.admission import Frozen
from worker.model.raw_article import WordSet

EVERY_LANGUAGE = "any"
UNDETERMINED = "und"
SHORT_LINE = 120  # characters; fewer rules look at longer lines
_OF_SOFTWARE = "en"
_UPPER = re.compile(r"(?<![\\?])[^\W\d_a-z](?<=[A-ZÀ-ÖØ-ÞА-Я])")


class HtmlRules(Frozen):
    """How much markup is parsed, and whether any is kept. Counts are per body."""

    max_tags: int = Field(gt=0)  # more: tags are cut out without building a tree
    max_extract_tags: int = Field(gt=0)  # more: a page's whole body is its text
    short_extract_chars: int = Field(ge=0)  # a shorter main text is looked for again, thoroughly
    max_doubt: float = Field(ge=0)  # characters in doubt for each one kept; more: looked for again
    max_asked_tags: int = Field(ge=0)  # in a page; of more no other extractor is asked
    second_opinion_doubt: float = Field(ge=0)  # more, not in English: resiliparse is asked
    min_shared: float = Field(ge=0, le=1)  # of a text's runs of words that it finds; fewer: again
    max_attributes: int = Field(gt=0)  # of one tag; more: rejected
    max_depth: int = Field(gt=0)  # open elements; more: rejected
    max_left_open: int = Field(gt=0)  # of elements that close themselves; more: rejected
    max_rebuilt: int = Field(gt=0)  # formatting elements a parser would open anew; more: rejected
    keep: bool  # the body also as markup, with harmless elements alone
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
    published_words: tuple[str, ...]  # in front of a date that a page prints, in lower case
    updated_words: tuple[str, ...]  # the same, of a change
    zones: dict[str, str] = {}  # by source: the time zone of what it dates without one

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
        return ZoneInfo(self.zones[source]) if source in self.zones else UTC

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
    tracking: WordSet  # names of query parameters, lower case
    tracking_prefixes: tuple[str, ...]
    tracking_by_host: dict[str, WordSet] = {}  # further ones, of a host and those below it

    def tracking_of(self, host: str) -> frozenset[str]:
        """The parameters that only this host, or one that it is below, uses for tracking."""
        known = self.tracking_by_host
        while host and host not in known:
            host = host.partition(".")[2]
        return known.get(host, frozenset())


class LineRule(Frozen):
    """One kind of line that is not part of an article, as each language writes it."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    # By language, "any" for all. Matched against the whole line in lower case; at an end, searched.
    patterns: dict[str, str] = Field(min_length=1)
    # head, tail: the first or last lines. any: all. end: what ends the text, and only that goes.
    position: Literal["head", "tail", "any", "end"]
    within: int = Field(default=0, ge=0)  # lines from that end; 0: head_lines or tail_lines
    max_chars: int = Field(gt=0, le=1000)  # a longer line is never matched
    # What group 1 is, if it is kept: categories, the names of a byline, an agency.
    effect: Literal["drop", "category", "byline", "agency"] = "drop"
    hints: tuple[str, ...] = ()  # an end is searched only where one of these stands: it is slow
    truncated: bool = False  # a match says that the text is a teaser

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
        if "(?P" in pattern:  # patterns become one expression, where a name may stand but once
            return "groups have no names"
        if self.effect != "drop" and not compiled.groups:
            return f"effect {self.effect} needs a group"
        return ""


class CreditRules(Frozen):
    """How a language credits those who made an article: "(Reporting by A; Editing by B)"."""

    roles: dict[str, dict[str, tuple[str, ...]]]  # language -> role -> the words before the names

    @cached_property
    def role_of(self) -> dict[str, str]:
        """The role by the words that announce it, in lower case."""
        return {
            words: role
            for by_role in self.roles.values()
            for role, announced in by_role.items()
            for words in announced
        }

    @cached_property
    def first_words(self) -> frozenset[str]:
        """What credits begin with: a line with another first word need not be looked at."""
        return frozenset(words.split()[0] for words in self.role_of)

    @cached_property
    def openings(self) -> tuple[str, ...]:
        """What a line of credits begins with, in lower case: a lone word ends there."""
        ends = {words: ("",) if " " in words else (" ", ":") for words in self.role_of}
        return tuple(words + end for words in ends for end in ends[words])

    @cached_property
    def announced(self) -> re.Pattern[str]:
        """Any of those words, in lower case, the longest first."""
        longest = sorted(self.role_of, key=len, reverse=True)
        return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest))})(?!\w)\s*:?\s*")


class DatelineRules(Frozen):
    agencies: tuple[str, ...]  # as they sign
    not_places: WordSet  # what stands before a dash and is no place, lower case
    max_chars: int = Field(gt=0)

    @cached_property
    def agency_names(self) -> dict[str, str]:
        return {name.casefold(): name for name in reversed(self.agencies)}  # the first spelling


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
        return max((rule.max_chars for rule in self.rules if rule.position != "end"), default=0)

    @cached_property
    def languages(self) -> frozenset[str]:
        return frozenset(language for rule in self.rules for language in rule.patterns)


class LearnedRules(Frozen):
    """When a line that a source repeats around its articles is left out. Lines are compared in
    lower case and with any figure as 0."""

    head_lines: int = Field(ge=0)  # lines from the start that are looked at; 0 of both: nothing is
    tail_lines: int = Field(ge=0)  # lines from the end
    max_chars: int = Field(gt=0, le=1000)  # a longer line is never left out
    window_days: int = Field(ge=2, le=60)  # what was last seen longer ago is forgotten
    min_days: int = Field(ge=2)  # days that each brought so many new texts with the line
    min_texts: int = Field(ge=2)  # texts of different articles, new on such a day
    min_share: float = Field(gt=0, le=1)  # of the source's texts that have the line
    min_share_figures: float = Field(gt=0, le=1)  # the same of a line with figures: they may tell
    max_body_share: float = Field(ge=0, le=0.5)  # of a text's characters; more: all of it stays
    buckets: int = Field(ge=1, le=65_536)  # a day, for all sources together
    bucket_entries: int = Field(ge=10, le=10_000)  # of lines in texts; what comes later is not seen
    pinned: dict[str, tuple[str, ...]] = {}  # by source: lines left out wherever they stand
    refused: dict[str, tuple[str, ...]] = {}  # by source: lines never learned


class Sieve(NamedTuple):
    """The line rules of one language and place, compiled into one expression.

    Without IGNORECASE, which would keep `re` from passing over alternatives by their first letter.
    """

    rules: tuple[tuple[LineRule, re.Pattern[str]], ...]
    expression: re.Pattern[str]


class Sieves(NamedTuple):
    """The line rules of one language."""

    gate: re.Pattern[str]  # matches the openings of all lines that a rule takes out, or credits
    of: Callable[[bool, bool, bool], Sieve]  # a line among the first, among the last, a long one


Spoken = tuple[tuple[LineRule, str], ...]  # rules and their patterns


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
    failed_fetch: FailedFetchRules = NO_PAGES

    @cached_property
    def ends(self) -> tuple[tuple[LineRule, re.Pattern[str]], ...]:
        """What is cut from the end of a text, in any language."""
        return tuple(
            (rule, re.compile("|".join(f"(?:{p})" for p in rule.patterns.values())))
            for rule in self.lines.rules
            if rule.position == "end"
        )

    @cached_property
    def end_chars(self) -> int:
        """So much of a line is searched for what ends a text."""
        return max((rule.max_chars for rule, _ in self.ends), default=1)

    def sieves(self, language: str) -> Sieves:
        """The rules for lines of this language: its own, those of English, which is what sites are
        built in, and of no language; all of them where nobody wrote rules for its language."""
        language = language if language in self.lines.languages else UNDETERMINED
        if language not in self._sieves:
            spoken = tuple(self._spoken(language))
            begins = gate((pattern for _, pattern in spoken), self.credits.openings)
            # Compiled when the first line needs one: all of them would take a second.
            self._sieves[language] = Sieves(begins, cache(partial(_sieve, spoken)))
        return self._sieves[language]

    def _spoken(self, language: str) -> Iterator[tuple[LineRule, str]]:
        spoken = {EVERY_LANGUAGE, _OF_SOFTWARE, language}
        for rule in self.lines.rules:
            for of, pattern in rule.patterns.items() if rule.position != "end" else ():
                if language == UNDETERMINED or of in spoken:
                    yield rule, pattern

    @cached_property
    def _sieves(self) -> dict[str, Sieves]:
        return {}


def _sieve(spoken: Spoken, head: bool, tail: bool, long: bool) -> Sieve:
    places = {"any"} | ({"head"} if head else set()) | ({"tail"} if tail else set())
    chosen = [
        (rule, pattern)
        for rule, pattern in spoken
        if rule.position in places and (not long or rule.max_chars > SHORT_LINE)
    ]
    # (?!) never matches: no rules, nothing dropped.
    expression = "|".join(f"(?P<r{n}>{pattern})" for n, (_, pattern) in enumerate(chosen)) or "(?!)"
    compiled = tuple((rule, re.compile(pattern)) for rule, pattern in chosen)
    return Sieve(compiled, re.compile(expression))
