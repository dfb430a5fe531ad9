"""The taxonomy: the topics that articles can get as tags, and the rules that give them.

They are in `config/taxonomy.toml` and `config/rules/*.toml`. `taxonomy.toml` is read first, and
each later file adds topics, or adds rules to the topics of the files before it.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from hashlib import blake2b
from typing import Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from worker.model.admission import Frozen
from worker.tag.rules.rule import Scoring
from worker.tag.rules.topic import SourceDefaults, Topic

AND = " and "  # between the names of two files at the beginning of an error message


class RuleFile(Frozen):
    """The contents of one file in `config/rules/`, which adds rules and topics to those of earlier
    files.

    `synonyms` are lists of phrases to which rules refer by `@name`, `topics` the topics with their
    rules, and `sources` settings for single sources.
    """

    synonyms: dict[str, tuple[str, ...]] = {}  # `@name` in a rule matches any phrase of the list
    topics: tuple[Topic, ...] = ()
    sources: tuple[SourceDefaults, ...] = ()


class Taxonomy(RuleFile):
    """All topics with their rules, the lists of synonyms to which rules refer, and the settings by
    which scores of rules are computed (`scoring`).

    `label` is the version that the operator gave the taxonomy. `label_language` is the code of the
    language in which tags are labelled. ValueError is raised if its parts do
    not fit, for example if a rule refers to a list of synonyms that does not exist.
    """

    label: str = Field(alias="version", min_length=1)
    scoring: Scoring
    label_language: str = ""  # tags have the labels of this language; "": `label`
    _files: dict[str, str] = PrivateAttr(default_factory=dict)  # rule id -> name of its file

    @model_validator(mode="after")
    def _codes_fit_together(self) -> Self:
        if problems := list(self._problems()):
            raise ValueError("\n".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        for code, times in Counter(topic.code for topic in self.topics).items():
            if times > 1:
                yield f"{code}: {times} topics have this code"
        for topic in self.topics:
            if not topic.label:
                yield f"{topic.code}: a new topic needs a label"
            for code in sorted(set(topic.parents) - self.by_code.keys()):
                yield f"{topic.code}: unknown parent {code}"
            if topic.code in self.ancestors(topic.code):
                yield f"{topic.code}: is among its own ancestors"
            for rule in topic.rules:
                for name in sorted({n for n in rule.synonym_names if n not in self.synonyms}):
                    yield f"{topic.code}: rule {rule.name}: no synonyms @{name}"
        for source in self.sources:
            of_categories = (code for codes in source.categories.values() for code in codes)
            for code in sorted({*source.topics, *of_categories} - self.by_code.keys()):
                yield f"source {source.source}: unknown topic {code}"

    def extended_by(self, files: Mapping[str, RuleFile]) -> "Taxonomy":
        """Return this taxonomy with the topics, rules and synonyms of these files added, in their
        order.

        `files` maps file names to contents. Raises ValueError if something in a file does not fit;
        the message has a line for each problem, which names the file first, or two files with AND
        between them, then the topic and the rule.
        """
        topics, synonyms, owners = dict(self.by_code), dict(self.synonyms), dict(self._files)
        problems: list[str] = []
        for name, file in files.items():
            taken = sorted(synonyms.keys() & file.synonyms.keys())
            problems += [f"{name}: synonyms @{word} are there already" for word in taken]
            synonyms |= file.synonyms
            for topic in file.topics:
                earlier = topics.get(topic.code)
                problems += _shared_ids(earlier, topic, owners, name) if earlier else ()
                try:
                    topics[topic.code] = earlier.extended_by(topic) if earlier else topic
                except ValueError as e:
                    problems += [f"{name}: {why}" for why in _reasons(e)]
            owners |= dict.fromkeys(_error_prefixes(file), name)
        try:
            extended = Taxonomy(
                version=self.label,
                scoring=self.scoring,
                label_language=self.label_language,
                synonyms=synonyms,
                topics=tuple(topics.values()),
                sources=(*self.sources, *(s for file in files.values() for s in file.sources)),
            )
        except ValidationError as e:
            for why in _reasons(e):
                owner = (owners[prefix] for prefix in owners if why.startswith(f"{prefix}:"))
                problems.append(f"{next(owner, 'taxonomy')}: {why}")
        if problems:
            raise ValueError("\n".join(problems))
        extended._files.update(owners)
        return extended

    @cached_property
    def version(self) -> str:
        """The version of the taxonomy, which is stored with the tags that its rules give.

        It is the label in taxonomy.toml and a digest of the values in all files. A change of
        comments in the files does not change it.
        """
        values = self.model_dump_json(by_alias=True, exclude_defaults=True)
        return f"{self.label}+{blake2b(values.encode(), digest_size=4).hexdigest()}"

    @cached_property
    def by_code(self) -> dict[str, Topic]:
        """The topics, by their codes."""
        return {topic.code: topic for topic in self.topics}

    @cached_property
    def by_category(self) -> dict[str, tuple[Topic, ...]]:
        """Which topics a feed category means in articles of any source, by the category's
        normalised name (see category_code()).

        Meanings that an operator gave a category only for single sources are not included.
        """
        topics: dict[str, tuple[Topic, ...]] = {}
        for topic in self.topics:
            for code in {category_code(label) for label in topic.categories}:
                topics[code] = (*topics.get(code, ()), topic)
        return topics

    def name_of(self, code: str) -> str:
        """The label of a topic in the language of labels that the operator chose, or its `label`
        if it has none in that language; "" if there is no such topic."""
        topic = self.by_code.get(code)
        if topic is None:
            return ""
        return topic.labels.get(self.label_language) or topic.label

    def file_of(self, rule_id: str) -> str:
        """The name, without `.toml`, of the config file with this rule or topic.

        `rule_id` is the id of a rule or the code of a topic. If several files have it, the last
        counts.
        """
        return self._files.get(rule_id, "taxonomy")

    def ancestors(self, code: str) -> list[str]:
        """The codes of all broader topics above this topic: its parents, their parents and so on.

        Each comes once, the nearest first.
        """
        codes: list[str] = []
        waiting = list(self.by_code[code].parents)
        while waiting:
            if (parent := waiting.pop(0)) not in codes:
                codes.append(parent)
                waiting.extend(self.by_code[parent].parents if parent in self.by_code else ())
        return codes

    def defaults_of(self, source: str) -> Iterator[SourceDefaults]:
        """Yield the settings that the operator's rule files have for the source with this name,
        in the order of the files; none if no file has any."""
        return (defaults for defaults in self.sources if defaults.applies_to(source))

    def topics_of_category(self, source: str, category: str) -> tuple[Topic, ...]:
        """The topics that a feed category means in articles of this source.

        If the source gives the category a meaning of its own, that replaces the general one.
        """
        code = category_code(category)
        for defaults in self.defaults_of(source):
            for label, codes in defaults.categories.items():
                if category_code(label) == code:
                    return tuple(self.by_code[code] for code in codes)
        return self.by_category.get(code, ())


def _shared_ids(
    earlier: Topic, addition: Topic, owners: Mapping[str, str], later: str
) -> Iterator[str]:
    """Yield a line for each rule id that a topic has in two files, unless the later file says that
    its rule `replaces` the earlier one. The line begins with the names of both files."""
    rules = {rule.name: rule for rule in earlier.rules}
    for rule in addition.rules:
        if rule.name in rules and not rule.replaces:
            file = owners.get(f"{earlier.code}/{rule.name}", "taxonomy")
            yield (
                f"{file}{AND}{later}: {earlier.code}: rule {rule.name}: both files have a rule of "
                f"this id ({rules[rule.name]}; {rule}): give one of them another id, or set "
                f"`replaces = true` in {later}.toml, which is read later"
            )


def _reasons(error: ValueError) -> list[str]:
    """The problems that an error names, one a line."""
    if isinstance(error, ValidationError):
        messages = [problem["msg"] for problem in error.errors(include_url=False)]
        return [
            line for text in messages for line in text.removeprefix("Value error, ").split("\n")
        ]
    return str(error).split("\n")


def _error_prefixes(file: RuleFile) -> Iterator[str]:
    """Yield the beginnings of error messages about each topic, rule and source of a file."""
    for topic in file.topics:
        yield topic.code
        yield from (f"{topic.code}/{rule.name}" for rule in topic.rules)
    yield from (f"source {source.source}" for source in file.sources)


def category_code(label: str) -> str:
    """Normalise the label of a feed category, so that its different spellings get the same code.

    The code is NFKC, casefolded, with words joined by hyphens: "World News" and "world_news" have
    the same code. "#WorldNews" has another, because words written together are not split.
    """
    words = unicodedata.normalize("NFKC", label).casefold().replace("_", " ").replace("-", " ")
    return "-".join(words.strip("#>/|\"'«»“” ").split())
