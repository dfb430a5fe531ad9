"""The rules of cleaning as validated values, with the same tables and keys as
`config/cleaning.toml`.

Most are limits, such as the least number of letters of an article. Others are patterns that
recognise lines that are not part of an article, such as "Follow us".
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta, tzinfo
from functools import cache, cached_property, partial
from itertools import product
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from worker.clean.failed_fetch_rules import NO_PAGE_RULES, FailedFetchRules
from worker.clean.line_rule_config import (
    CreditRules,
    DatelineRules,
    LearnedRules,
    LineRule,
    LineRules,
)
from worker.clean.patterns.prefilter import prefix_filter
from worker.model.admission import Frozen
from worker.model.frozen_model import WordSet

EVERY_LANGUAGE = "any"
UNDETERMINED = "und"
SHORT_LINE = 120  # characters; fewer rules apply to longer lines
_SITE_LANGUAGE = "en"


class HtmlRules(Frozen):
    """Limits for reading the HTML of an article: a web page, or a piece of HTML from a feed.

    `max_attributes` (of a tag), `max_depth`, `max_left_open` and `max_rebuilt` (elements) tell HTML
    that would keep a parser busy for very long. It is not parsed; its tags are cut out, and so are
    those of HTML with more than `max_tags`. A page with more than `max_extract_tags` tags is
    parsed, but all of its text is taken. On any other page a classifier finds the article.

    The fields from `short_extract_chars` to `min_shared` say when the text that the classifier has
    found is compared with that of other programs. With `keep`, the HTML is stored, too. Of the
    contents of one article, at most `max_bodies` are read, the largest ones.
    """

    max_tags: int = Field(gt=0)  # more: tags are cut without building a tree
    max_extract_tags: int = Field(gt=0)  # more: the text of a page is its complete body
    short_extract_chars: int = Field(ge=0)  # shorter main text: all extractors are asked
    max_doubt: float = Field(ge=0)  # doubtful characters per kept one; more: all extractors
    max_asked_tags: int = Field(ge=0)  # in a page; more: no other extractor is used
    second_opinion_doubt: float = Field(ge=0)  # like max_doubt; more: compare with resiliparse
    min_shared: float = Field(ge=0, le=1)  # similarity of texts that agree
    max_attributes: int = Field(gt=0)  # of one tag; more: tags are cut
    max_depth: int = Field(gt=0)  # open elements; more: tags are cut
    max_left_open: int = Field(gt=0)  # elements with an optional end tag; more: tags are cut
    max_rebuilt: int = Field(gt=0)  # formatting elements a parser would reopen; more: tags are cut
    keep: bool  # store the body also as safe markup
    max_bodies: int = Field(gt=0)  # only this many of the largest bodies are read


class TextRules(Frozen):
    """Limits of titles, names and texts.

    An article needs `min_letters` letters in its title or text. A title made from the text has at
    most `max_title_chars` characters. A name of an author or category with more than
    `max_name_chars` is dropped, and so are names after the first `max_names`. At most
    `max_mended_chars` characters of mojibake (text decoded with the wrong charset) are repaired.
    """

    min_letters: int = Field(ge=1)  # of title or text
    max_title_chars: int = Field(gt=20)  # of a title taken from the text
    max_name_chars: int = Field(gt=0)  # of one author or category
    max_names: int = Field(gt=0)
    max_mended_chars: int = Field(ge=0)  # of lines with mojibake that are repaired


class DateRules(Frozen):
    """Limits and words for reading the dates of an article.

    A date before the year `earliest_year` is invalid. One more than `future_h` hours in the future
    is replaced by the present time. On pages, `published_words` stand before the date of
    publication, and `updated_words` before that of a change. `zones` maps a source to the time zone
    of its dates that name none.
    """

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
        """Return the time zone for dates of a source that name none; UTC if none is configured."""
        return ZoneInfo(self.zones[source]) if source in self.zones else UTC

    @property
    def tolerance(self) -> timedelta:
        """How far in the future a date may lie without being corrected, because the clock of a
        publisher may run ahead."""
        return timedelta(hours=self.future_h)


class LanguageRules(Frozen):
    """Thresholds for detecting the language of a text from its first `sample_chars` characters. A
    text with fewer than `min_letters` letters has the language that its source declares.

    For texts of at least `long_chars` characters, a fast detector ranks languages by distance:
    `max_rank` is the largest distance accepted, and the declared language is preferred if it is at
    most `tie_ranks` farther than the nearest. For shorter texts another detector gives each
    language a score from 0 to 1. The best one is taken from `sure_score` on; below it, the declared
    one from `declared_score` on, else the best one from `min_score` on.
    """

    min_letters: int = Field(ge=1)  # fewer: the declared language stands
    long_chars: int = Field(gt=0)  # longer texts go to the fast detector
    sample_chars: int = Field(gt=0)  # read of one text
    max_rank: int = Field(gt=0)  # distance from the fast detector; more is unsure
    tie_ranks: int = Field(ge=0)  # the declared language wins within this distance of the best
    sure_score: float = Field(gt=0, le=1)  # of the short detector: overrules the declared language
    declared_score: float = Field(ge=0, le=1)  # otherwise enough for the declared language
    min_score: float = Field(gt=0, le=1)  # enough for any other language


class UrlRules(Frozen):
    """The query parameters that are removed from links because they only track readers, such as
    "utm_source".

    `tracking` has their names, `tracking_prefixes` beginnings of such names, and `tracking_by_host`
    names of parameters that only track readers on one host and its subdomains. `redirectors` are
    the hosts of services, such as those for short links, that redirect to articles of other sites.
    """

    tracking: WordSet  # names of query parameters, lower case
    tracking_prefixes: tuple[str, ...]
    tracking_by_host: dict[str, WordSet] = {}  # more parameters, of a host and its subdomains
    redirectors: WordSet = frozenset()  # hosts, with or without their subdomains

    def tracking_of(self, host: str) -> frozenset[str]:
        """Return the names of the query parameters that only track readers on one host: those
        listed for the host, or for its nearest parent domain that has a list."""
        by_host = self.tracking_by_host
        while host and host not in by_host:
            host = host.partition(".")[2]
        return by_host.get(host, frozenset())


class RuleSet(NamedTuple):
    """The rules that may remove one kind of line, such as the first lines of English texts,
    prepared for quick matching.

    `rules` are pairs of a rule and its compiled pattern. `expression` is all these patterns in one,
    so that most lines are compared only once. `sentence` matches a sentence that is boilerplate: a
    line of several sentences is removed if it matches each of them.
    """

    rules: tuple[tuple[LineRule, re.Pattern[str]], ...]
    expression: re.Pattern[str]
    sentence: re.Pattern[str]


class LanguageRuleSets(NamedTuple):
    """The rules that remove lines from texts in one language, prepared for quick matching.

    `prefix_filter` is tried first, at the start of a line: if it does not match, no rule removes
    the line. Else `select` returns the rules to try. Its arguments say whether the line is among
    the first lines of the text, whether it is among the last, and whether it is longer than 120
    characters.
    """

    prefix_filter: re.Pattern[str]  # matches the start of each line that a rule may remove
    select: Callable[[bool, bool, bool], RuleSet]  # for a line in the head, in the tail, a long one


RulePatterns = tuple[tuple[LineRule, str], ...]  # rules with their patterns in some language


class CleaningRules(Frozen):
    """All rules of cleaning, which turns a raw article into the stored one. Each field but
    `version` is one table of `config/cleaning.toml`; `version` is that of the file."""

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
        """The rules that cut boilerplate, such as "The post … appeared first on …", off the end of
        a text: pairs of a rule and its compiled pattern, which covers all languages."""
        return tuple(
            (rule, re.compile("|".join(f"(?:{p})" for p in rule.patterns.values())))
            for rule in self.lines.rules
            if rule.position == "end"
        )

    @cached_property
    def end_chars(self) -> int:
        """How many characters at the end of a text are searched for boilerplate to cut: as many as
        the longest such boilerplate may have."""
        return max((rule.max_chars for rule, _ in self.end_rules), default=1)

    def warm(self) -> None:
        """Compile what most texts need now, so that processes which are forked later share it.

        These are the English rules and those for languages without rules of their own. It takes 0.5
        s of CPU; the rules of all languages would take more than a second.
        """
        self.failed_fetch.warm()
        _ = self.end_rules
        for language in ("en", UNDETERMINED):
            select = self.rule_sets(language).select
            for head, tail, long in product((False, True), repeat=3):
                select(head, tail, long)

    def rule_sets(self, language: str) -> LanguageRuleSets:
        """Return the rules that remove lines from texts in a language: its own, those for any
        language, and the English ones, because many sites use software that writes English lines.

        For a language without rules of its own, the rules of all languages are returned.
        """
        language = language if language in self.lines.languages else UNDETERMINED
        if language not in self._rule_sets:
            patterns = tuple(self._patterns_of(language))
            prefixes = prefix_filter((pattern for _, pattern in patterns), self.credits.prefixes)
            # Compiled by `warm`, or when the first line needs one: all would take a second.
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
    sentences = "|".join(f"(?:{pattern})" for rule, pattern in chosen if rule.sentences) or "(?!)"
    return RuleSet(compiled, re.compile(expression), re.compile(sentences))
