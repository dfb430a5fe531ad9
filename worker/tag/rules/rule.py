"""The format of the rules that give articles the tags of topics: phrases, scoring and examples.

A phrase may count only in some parts of an article (title, lead, body, url …), called scopes. Each
match gives the rule points, more in the title than in the body, and its score is computed from
these points.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from worker.model.admission import Frozen
from worker.model.records import Article
from worker.tag.rules.fields import SCOPES
from worker.tag.rules.regex import regex_problem

PositiveShare = Annotated[float, Field(gt=0, le=1)]
Points = Annotated[float, Field(ge=0)]
PhraseGroup = str | tuple[str, ...]  # one phrase, or several of which one is enough

_Words = Annotated[int, Field(ge=1, le=100)]
# How close together: in one sentence, at most so many words between, or both.
Within = Literal["sentence"] | _Words | tuple[Literal["sentence"], _Words]

_SCOPED = re.compile(rf"({'|'.join(SCOPES)}):(.+)")


class ScopeWeights(Frozen):
    """How many points a matching phrase gives its rule, by the part of the article in which it
    matches. The more points, the surer is the tag.

    `facts` are the fields around the text: link, author, section, source and language. If a phrase
    matches in several parts, only the one with the most points counts.
    """

    title: Points
    lead: Points  # the summary and the first paragraph
    body: Points
    facts: Points  # url, author, section, source, lang


class Scoring(Frozen):
    """The settings by which a rule's score, from 0 to 1, is computed. The rule gives its tag if the
    score is at least `threshold`.

    The score is points / (points + doubt). Each phrase found gives the points that `weights` has
    for its place, and `repeat` points more for each of up to `max_repeats` repetitions. The doubt
    is `doubt` plus `doubt_per_1000_chars` for each 1000 characters, since long texts contain
    phrases by chance. At most `max_spans` passages are stored as evidence of a tag.
    """

    weights: ScopeWeights
    repeat: Points
    max_repeats: Annotated[int, Field(ge=0)]
    doubt: Annotated[float, Field(gt=0)]
    doubt_per_1000_chars: Points
    threshold: PositiveShare
    max_spans: Annotated[int, Field(ge=1)]


class RuleExample(Frozen):
    """An example article in a rule file. It tests that a rule or topic matches such an article, or
    that it does not.

    In the file it may be a plain string: its first line is the title, and the rest is the text.
    """

    title: str = ""
    text: str = ""
    summary: str = ""
    url: str = ""
    author: str = ""
    section: tuple[str, ...] | str = ()
    source: str = "example"
    lang: str = ""  # "": the first language of the rule, or en
    published: date | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        if isinstance(value, str):
            title, _, text = value.strip().partition("\n")
            return {"title": title, "text": text.strip()}
        return value

    def article(self, language: str) -> Article:
        """Make an article of the example, so that it can be tagged like a real one.

        The article is in `language`, unless the example names another.
        """
        day = self.published
        sections = (self.section,) if isinstance(self.section, str) else self.section
        return Article(
            source=self.source,
            key="",
            title=self.title,
            text=self.text,
            summary=self.summary,
            url=self.url,
            authors=(self.author,) if self.author else (),
            categories=sections,
            language=self.lang or language,
            published=datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None,
        )

    def __str__(self) -> str:
        return self.title or self.text[:60] or str(self.model_dump(exclude_defaults=True))


class Rule(Frozen):
    """One rule by which articles get the tag of a topic. It gives the tag if all conditions that
    its file sets hold.

    At least one phrase of `any` or `regex` must be in the article, each of `all`, each of `near`
    (close together, as `within` says), and none of `none`. `scopes` limits in which parts of the
    article (title, body …) phrases count. The article must be in one of `languages`, be published
    until `expires`, and have at least `min_count` matches.

    Its score, computed from the matches unless `score` is set, must be at least `threshold`.
    `matches` and `misses` are examples: articles that the rule must and must not match.
    """

    id: str = ""
    languages: tuple[str, ...] = ()  # BCP 47 primary subtags; empty: any language
    scopes: tuple[str, ...] = Field(default=(), alias="in")  # of phrases that name none
    case: bool = False  # phrases match only in the case written
    any: tuple[str, ...] = ()  # at least one of these
    all: tuple[PhraseGroup, ...] = ()  # all of these
    none: tuple[str, ...] = ()  # none of these
    near: tuple[PhraseGroup, ...] = ()  # all of these, in one sentence, `within` words, or both
    within: Within = "sentence"
    regex: tuple[str, ...] = ()  # each counts as a phrase of `any`
    min_count: Annotated[int, Field(ge=1)] = 1  # matches of all phrases together
    score: PositiveShare | None = None  # instead of the score computed from the evidence
    weights: ScopeWeights | None = None  # instead of the weights of the scoring
    threshold: PositiveShare | None = None  # instead of the threshold of the scoring
    expires: date | None = None  # the last day of publication for which it fires
    replaces: bool = False  # whether it replaces the rule of this name in an earlier file
    matches: tuple[RuleExample, ...] = ()
    misses: tuple[RuleExample, ...] = Field(default=(), alias="not")

    @property
    def name(self) -> str:
        """The name that tells a rule from the others of its topic: its id; without one, its
        languages joined by "+"; without these, "any"."""
        return self.id or "+".join(self.languages) or "any"

    @property
    def phrases(self) -> tuple[str, ...]:
        """All phrases of the rule, as the rule file has them: with scopes (`title:war`), stars, and
        references to lists of synonyms (`@name`)."""
        return (*self.any, *flattened(self.all), *self.none, *flattened(self.near))

    @property
    def synonym_names(self) -> Iterator[str]:
        """The names of the lists of synonyms to which the rule's phrases refer by `@name`, without
        `@`."""
        referring = (split_scope(written)[1] for written in self.phrases if "@" in written)
        return (text[1:] for text in referring if text.startswith("@"))

    @cached_property
    def problems(self) -> tuple[str, ...]:
        """All that is wrong with the rule, as messages for its author; empty if it is valid."""
        problems = [
            *map(phrase_problem, self.phrases),
            *map(regex_problem, self.regex),
        ]
        if not (self.any or self.all or self.near or self.regex):
            problems.append("empty, it needs `any`, `all`, `near` or `regex`")
        if len(self.near) == 1:
            problems.append("`near` needs at least two phrases")
        unknown = sorted(set(self.scopes) - SCOPES.keys())
        problems += [f"unknown scope {scope!r}; there are {', '.join(SCOPES)}" for scope in unknown]
        return tuple(filter(None, problems))

    def __str__(self) -> str:
        first = next(iter((*self.phrases, *self.regex)), "")
        return f"the one with {first!r}" if first else "an empty one"


def flattened(groups: tuple[PhraseGroup, ...]) -> Iterator[str]:
    """Yield the phrases of all groups, in order.

    A group is one phrase, or a tuple of phrases of which a rule needs only one.
    """
    for group in groups:
        yield from (group,) if isinstance(group, str) else group


def split_scope(written: str) -> tuple[str, str]:
    """Split a phrase of a rule into the part of an article in which it counts, called its scope,
    and the phrase itself.

    `title:war` becomes ("title", "war"). `war` names no part, and becomes ("", "war").
    """
    match = _SCOPED.fullmatch(written) if ":" in written else None
    return (match[1], match[2].strip()) if match else ("", written)


def phrase_problem(written: str) -> str:
    """What is wrong with a phrase of a rule, as a message for its author; "" if it is valid."""
    text = split_scope(written)[1]
    bare = text.removeprefix("*").removesuffix("*")
    if bare.startswith("@"):
        return ""
    if len(bare) < 2:
        return f"phrase {written!r} is too short"
    if "*" in bare or bare != bare.strip() or "\n" in bare:
        return f"phrase {written!r}: `*` only at an edge, no space around"
    return ""
