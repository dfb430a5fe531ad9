"""The rules of tagging: `config/taxonomy.toml` and `config/rules/*.toml` as validated values."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from worker.model.admission import Frozen
from worker.tag.rules.rule import Example, Rule, Scoring, Share

if TYPE_CHECKING:
    from worker.tag.rules.compiled_rules import Compiled


class Topic(Frozen):
    """One class of the taxonomy. In a later file it adds to the topic of the same code."""

    code: str = Field(min_length=1)
    label: str = ""
    parents: tuple[str, ...] = ()  # codes
    categories: tuple[str, ...] = ()  # feed categories that say it, in any case
    expires: date | None = None  # the last day on which an article may be published
    rules: tuple[Rule, ...] = ()
    matches: tuple[Example, ...] = ()  # must get this topic
    misses: tuple[Example, ...] = Field(default=(), alias="not")  # must not

    @model_validator(mode="after")
    def _rules_are_sound(self) -> Self:
        for rule in self.rules:
            if rule.problem:
                raise ValueError(f"{self.code}: rule {rule.name}: {rule.problem}")
        for name, times in Counter(rule.name for rule in self.rules).items():
            if times > 1:
                raise ValueError(f"{self.code}: rule {name}: {times} rules, give them an id")
        return self

    def joined_by(self, more: "Topic") -> "Topic":
        """This topic with what a later file says of it; raises ValueError for a rule named twice
        that does not say `replaces`."""
        mine = {rule.name: rule for rule in self.rules}
        for rule in more.rules:
            if rule.name in mine and not rule.replaces:
                why = "is there already: give it another id, or set `replaces = true`"
                raise ValueError(f"{self.code}: rule {rule.name}: {why}")
            mine[rule.name] = rule
        return Topic.model_construct(
            code=self.code,
            label=more.label or self.label,
            parents=tuple(dict.fromkeys((*self.parents, *more.parents))),
            categories=(*self.categories, *more.categories),
            expires=more.expires or self.expires,
            rules=tuple(mine.values()),
            matches=(*self.matches, *more.matches),
            misses=(*self.misses, *more.misses),
        )


class SourceDefaults(Frozen):
    """What is known of a source before its articles are read."""

    source: str = Field(min_length=1)  # its id; `*.example.com` for all that end so
    topics: tuple[str, ...] = ()  # codes that each of its articles gets
    score: Share = 0.9  # of these tags
    categories: dict[str, tuple[str, ...]] = {}  # what its feed categories mean here

    def meets(self, source: str) -> bool:
        if self.source.startswith("*."):
            return source == self.source[2:] or source.endswith(self.source[1:])
        return source == self.source


class RuleFile(Frozen):
    """One file of `config/rules/`: it adds to the taxonomy and to the files before it."""

    synonyms: dict[str, tuple[str, ...]] = {}  # `@name` in a rule stands for any of them
    topics: tuple[Topic, ...] = ()
    sources: tuple[SourceDefaults, ...] = ()


class Taxonomy(RuleFile):
    """All classes and how they are seen; the version goes into every tag."""

    label: str = Field(alias="version", min_length=1)
    scoring: Scoring
    _files: dict[str, str] = PrivateAttr(default_factory=dict)  # rule id -> where it stands

    @model_validator(mode="after")
    def _codes_fit_together(self) -> Self:
        for code, times in Counter(topic.code for topic in self.topics).items():
            if times > 1:
                raise ValueError(f"{code}: {times} topics have this code")
        for topic in self.topics:
            if not topic.label:
                raise ValueError(f"{topic.code}: a new topic needs a label")
            if unknown := set(topic.parents) - self.by_code.keys():
                raise ValueError(f"{topic.code}: unknown parent {min(unknown)}")
            if topic.code in self.ancestors(topic.code):
                raise ValueError(f"{topic.code}: is among its own ancestors")
            for rule in topic.rules:
                if unknown := {name for name in rule.groups if name not in self.synonyms}:
                    raise ValueError(f"{topic.code}: rule {rule.name}: no synonyms @{min(unknown)}")
        for each in self.sources:
            named = {*each.topics, *(code for codes in each.categories.values() for code in codes)}
            if unknown := named - self.by_code.keys():
                raise ValueError(f"source {each.source}: unknown topic {min(unknown)}")
        return self

    def joined_by(self, files: Mapping[str, RuleFile]) -> "Taxonomy":
        """This taxonomy with these files, by name. Raises ValueError that begins with the name of
        the file, then topic and rule."""
        topics, synonyms, owners = dict(self.by_code), dict(self.synonyms), dict(self._files)
        for name, more in files.items():
            if again := synonyms.keys() & more.synonyms.keys():
                raise ValueError(f"{name}: synonyms @{min(again)} are there already")
            synonyms |= more.synonyms
            for topic in more.topics:
                known = topics.get(topic.code)
                try:
                    topics[topic.code] = known.joined_by(topic) if known else topic
                except ValueError as e:
                    raise ValueError(f"{name}: {e}") from e
            owners |= dict.fromkeys(more_ids(more), name)
        try:
            whole = Taxonomy(
                version=self.label,
                scoring=self.scoring,
                synonyms=synonyms,
                topics=tuple(topics.values()),
                sources=(*self.sources, *(s for more in files.values() for s in more.sources)),
            )
        except ValidationError as e:
            why = e.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
            at = next((owners[code] for code in owners if why.startswith(f"{code}:")), "taxonomy")
            raise ValueError(f"{at}: {why}") from e
        whole._files.update(owners)
        return whole

    @cached_property
    def version(self) -> str:
        """The label of the file and a digest of what all files say: comments do not count."""
        said = self.model_dump_json(by_alias=True, exclude_defaults=True)
        return f"{self.label}+{blake2b(said.encode(), digest_size=4).hexdigest()}"

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
        from worker.tag.rules.compiled_rules import compiled  # it reads these values

        return compiled(self)

    def file_of(self, rule_id: str) -> str:
        """The file a rule stands in, as config names files."""
        return self._files.get(rule_id, "taxonomy")

    def ancestors(self, code: str) -> list[str]:
        """Parents, their parents and so on; each once, nearest first."""
        found: list[str] = []
        waiting = list(self.by_code[code].parents)
        while waiting:
            if (parent := waiting.pop(0)) not in found:
                found.append(parent)
                waiting.extend(self.by_code[parent].parents if parent in self.by_code else ())
        return found

    def of_source(self, source: str) -> Iterator[SourceDefaults]:
        return (each for each in self.sources if each.meets(source))

    def said_by(self, source: str, category: str) -> tuple[Topic, ...]:
        """The topics that a feed category means; a source's own meaning stands alone."""
        code = category_code(category)
        for each in self.of_source(source):
            for label, codes in each.categories.items():
                if category_code(label) == code:
                    return tuple(self.by_code[code] for code in codes)
        return self.by_category.get(code, ())


def more_ids(file: RuleFile) -> Iterator[str]:
    """What errors name a file's rules, topics and sources by."""
    for topic in file.topics:
        yield topic.code
        yield from (f"{topic.code}/{rule.name}" for rule in topic.rules)
    yield from (f"source {source.source}" for source in file.sources)


def category_code(label: str) -> str:
    """The code of a feed category: NFKC, casefolded, words joined by hyphens.

    "World News", "world_news", "#WorldNews"… only the first two are one: nothing is guessed.
    """
    words = unicodedata.normalize("NFKC", label).casefold().replace("_", " ").replace("-", " ")
    return "-".join(words.strip("#>/|\"'«»“” ").split())
