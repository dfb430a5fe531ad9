"""The rules of tagging: `config/taxonomy.toml` as validated values, compiled once."""

import unicodedata
from collections import Counter
from functools import cached_property
from typing import Annotated, NamedTuple, Self

from pydantic import Field, model_validator

from worker.contract import Frozen
from worker.tag.phrases import Phrases

Share = Annotated[float, Field(gt=0, le=1)]
Points = Annotated[float, Field(ge=0)]


class Weights(Frozen):
    """Points a phrase is worth, by the best place where it stands."""

    title: Points
    summary: Points
    text: Points


class Scoring(Frozen):
    """How evidence becomes a score of 0 to 1; units and sources are in config/taxonomy.toml."""

    weights: Weights
    repeat: Points
    max_repeats: Annotated[int, Field(ge=0)]
    doubt: Annotated[float, Field(gt=0)]
    doubt_per_1000_chars: Points
    threshold: Share
    max_spans: Annotated[int, Field(ge=1)]


class Rule(Frozen):
    """One way to see a topic: every phrase of `all`, some of `any`, not one of `none`."""

    id: str = ""
    languages: tuple[str, ...] = ()  # BCP 47 primary subtags; empty: any language
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    min_count: Annotated[int, Field(ge=1)] = 1  # occurrences of `any` and `all`
    weights: Weights | None = None  # instead of those of the scoring
    threshold: Share | None = None  # instead of that of the scoring

    @property
    def name(self) -> str:
        """What it is called within its topic: its id, else its languages."""
        return self.id or "+".join(self.languages) or "any"

    @property
    def phrases(self) -> tuple[str, ...]:
        return (*self.any, *self.all, *self.none)

    @property
    def problem(self) -> str:
        """What is wrong with the rule, "" when nothing is."""
        if not (self.any or self.all):
            return "empty, it needs `any` or `all`"
        for phrase in self.phrases:
            bare = phrase.removesuffix("*")
            if len(bare) < 2:
                return f"phrase {phrase!r} is too short"
            if "*" in bare or bare != bare.strip():
                return f"phrase {phrase!r}: `*` only at the end, no space around"
        return ""


class Topic(Frozen):
    """One class of the taxonomy."""

    code: Annotated[str, Field(min_length=1)]
    label: Annotated[str, Field(min_length=1)]
    parents: tuple[str, ...] = ()  # codes
    categories: tuple[str, ...] = ()  # feed categories that say it, in any case
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _rules_are_sound(self) -> Self:
        for rule in self.rules:
            if rule.problem:
                raise ValueError(f"{self.code}: rule {rule.name}: {rule.problem}")
        for name, times in Counter(rule.name for rule in self.rules).items():
            if times > 1:
                raise ValueError(f"{self.code}: rule {name}: {times} rules, give them an id")
        return self


class Taxonomy(Frozen):
    """All classes and how they are seen; the version goes into every tag."""

    version: Annotated[str, Field(min_length=1)]
    scoring: Scoring
    topics: tuple[Topic, ...]

    @model_validator(mode="after")
    def _codes_fit_together(self) -> Self:
        for code, times in Counter(topic.code for topic in self.topics).items():
            if times > 1:
                raise ValueError(f"{code}: {times} topics have this code")
        for topic in self.topics:
            if unknown := set(topic.parents) - self.by_code.keys():
                raise ValueError(f"{topic.code}: unknown parent {min(unknown)}")
            if topic.code in self.ancestors(topic.code):
                raise ValueError(f"{topic.code}: is among its own ancestors")
        return self

    @cached_property
    def by_code(self) -> dict[str, Topic]:
        return {topic.code: topic for topic in self.topics}

    @cached_property
    def by_category(self) -> dict[str, tuple[Topic, ...]]:
        """The topics of a feed category, by its code."""
        found: dict[str, tuple[Topic, ...]] = {}
        for topic in self.topics:
            for code in {category_code(label) for label in topic.categories}:
                found[code] = (*found.get(code, ()), topic)
        return found

    @cached_property
    def compiled(self) -> "Compiled":
        return _compile(self.topics)

    def ancestors(self, code: str) -> list[str]:
        """Parents, their parents and so on; each once, nearest first."""
        found: list[str] = []
        waiting = list(self.by_code[code].parents)
        while waiting:
            if (parent := waiting.pop(0)) not in found:
                found.append(parent)
                waiting.extend(self.by_code[parent].parents if parent in self.by_code else ())
        return found


class Ready(NamedTuple):
    """A rule ready to run: its phrases by number."""

    topic: Topic
    rule: Rule
    id: str  # "medtop:11000000/en"
    asked: frozenset[int]  # `any` and `all`
    any: frozenset[int]
    all: frozenset[int]
    none: frozenset[int]


class Compiled(NamedTuple):
    """One automaton for the phrases of all rules, and the rules that ask for each phrase."""

    phrases: Phrases
    rules_of: tuple[tuple[Ready, ...], ...]


def _compile(topics: tuple[Topic, ...]) -> Compiled:
    texts = sorted({p for topic in topics for rule in topic.rules for p in rule.phrases})
    number = {text: i for i, text in enumerate(texts)}
    rules_of: list[list[Ready]] = [[] for _ in texts]
    for topic in topics:
        for rule in topic.rules:
            any_, all_, none = (
                frozenset(number[p] for p in part) for part in (rule.any, rule.all, rule.none)
            )
            name = f"{topic.code}/{rule.name}"
            ready = Ready(topic, rule, name, any_ | all_, any_, all_, none)
            for phrase in ready.asked:
                rules_of[phrase].append(ready)
    return Compiled(Phrases(texts), tuple(map(tuple, rules_of)))


def category_code(label: str) -> str:
    """The code of a feed category: NFKC, casefolded, words joined by hyphens."""
    return "-".join(unicodedata.normalize("NFKC", label).casefold().split())
