"""One rule as it is written: what it asks for, where, and the examples it must hold on."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from worker.model.admission import Frozen
from worker.model.records import Article
from worker.tag.rules.fields import SCOPES
from worker.tag.rules.regex import regex_problem

Share = Annotated[float, Field(gt=0, le=1)]
Points = Annotated[float, Field(ge=0)]
Group = str | tuple[str, ...]  # one phrase, or several of which one is enough

_SCOPED = re.compile(rf"({'|'.join(SCOPES)}):(.+)")


class Weights(Frozen):
    """Points a phrase is worth, by the best place where it stands."""

    title: Points
    lead: Points  # the summary and the first paragraph
    body: Points
    facts: Points  # url, author, section, source, lang


class Scoring(Frozen):
    """How evidence becomes a score of 0 to 1; units and sources are in config/taxonomy.toml."""

    weights: Weights
    repeat: Points
    max_repeats: Annotated[int, Field(ge=0)]
    doubt: Annotated[float, Field(gt=0)]
    doubt_per_1000_chars: Points
    threshold: Share
    max_spans: Annotated[int, Field(ge=1)]


class Example(Frozen):
    """An article of an inline test. As mere text: a title, and below its first line the text."""

    title: str = ""
    text: str = ""
    summary: str = ""
    url: str = ""
    author: str = ""
    section: tuple[str, ...] | str = ()
    source: str = "example"
    lang: str = ""  # else the rule's own, else en
    published: date | None = None

    @model_validator(mode="before")
    @classmethod
    def _as_text(cls, given: Any) -> Any:
        if isinstance(given, str):
            title, _, text = given.strip().partition("\n")
            return {"title": title, "text": text.strip()}
        return given

    def article(self, language: str) -> Article:
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
    """One way to see a topic. Every part that is given must hold."""

    id: str = ""
    languages: tuple[str, ...] = ()  # BCP 47 primary subtags; empty: any language
    scopes: tuple[str, ...] = Field(default=(), alias="in")  # for phrases that name no scope
    case: bool = False  # letters in the case written
    any: tuple[str, ...] = ()  # at least one of these
    all: tuple[Group, ...] = ()  # every one
    none: tuple[str, ...] = ()  # not one of these
    near: tuple[Group, ...] = ()  # every one, within a sentence or so many words
    within: Literal["sentence"] | Annotated[int, Field(ge=1, le=100)] = "sentence"
    regex: tuple[str, ...] = ()  # count as `any`
    min_count: Annotated[int, Field(ge=1)] = 1  # occurrences of all that is asked for
    score: Share | None = None  # instead of the points of the evidence
    weights: Weights | None = None  # instead of those of the scoring
    threshold: Share | None = None  # instead of that of the scoring
    expires: date | None = None  # the last day on which an article may be published
    replaces: bool = False  # the rule of this name in an earlier file
    matches: tuple[Example, ...] = ()
    misses: tuple[Example, ...] = Field(default=(), alias="not")

    @property
    def name(self) -> str:
        """What it is called within its topic: its id, else its languages."""
        return self.id or "+".join(self.languages) or "any"

    @property
    def phrases(self) -> tuple[str, ...]:
        """Every phrase and `@name` of the rule, as written."""
        return (*self.any, *flat(self.all), *self.none, *flat(self.near))

    @property
    def groups(self) -> Iterator[str]:
        """The synonyms it asks for, by name."""
        return (what[1:] for _, what in map(scoped, self.phrases) if what.startswith("@"))

    @property
    def problem(self) -> str:
        """What is wrong with the rule, "" when nothing is."""
        if not (self.any or self.all or self.near or self.regex):
            return "empty, it needs `any`, `all`, `near` or `regex`"
        if len(self.near) == 1:
            return "`near` needs at least two phrases"
        if unknown := set(self.scopes) - SCOPES.keys():
            return f"unknown scope {min(unknown)!r}; there are {', '.join(SCOPES)}"
        problems = (*map(phrase_problem, self.phrases), *map(regex_problem, self.regex))
        return next(filter(None, problems), "")


def flat(groups: tuple[Group, ...]) -> Iterator[str]:
    for group in groups:
        yield from (group,) if isinstance(group, str) else group


def scoped(written: str) -> tuple[str, str]:
    """`title:war` is ("title", "war"); without a scope the first is ""."""
    found = _SCOPED.fullmatch(written)
    return (found[1], found[2].strip()) if found else ("", written)


def phrase_problem(written: str) -> str:
    """What is wrong with one phrase, "" when nothing is."""
    what = scoped(written)[1]
    bare = what.removeprefix("*").removesuffix("*")
    if bare.startswith("@"):
        return ""
    if len(bare) < 2:
        return f"phrase {written!r} is too short"
    if "*" in bare or bare != bare.strip() or "\n" in bare:
        return f"phrase {written!r}: `*` only at an edge, no space around"
    return ""
