"""The format of one topic in the rule files, with the rules that give its tag, and of the settings
for one source."""

from collections import Counter
from datetime import date
from typing import Self

from pydantic import Field, model_validator

from worker.model.admission import Frozen
from worker.tag.rules.rule import PositiveShare, Rule, RuleExample


class Topic(Frozen):
    """One topic of the taxonomy: articles get its tag by its rules, or by the categories of their
    feed.

    `label` is its name, and `labels` has names in other languages. `parents` are codes of broader
    topics, whose tags these articles get as well. `categories` are feed categories that mean this
    topic. The rules hold for articles published until `expires`. `matches` and `misses` are example
    articles that must and must not get the tag.
    """

    code: str = Field(min_length=1)
    label: str = ""
    labels: dict[str, str] = {}  # language code -> its name in that language
    parents: tuple[str, ...] = ()  # codes
    categories: tuple[str, ...] = ()  # feed categories with the same meaning, in any case
    expires: date | None = None  # the last day of publication for which its rules fire
    rules: tuple[Rule, ...] = ()
    matches: tuple[RuleExample, ...] = ()  # examples that must get this topic
    misses: tuple[RuleExample, ...] = Field(default=(), alias="not")  # examples that must not

    @model_validator(mode="after")
    def _rules_are_sound(self) -> Self:
        problems = [
            f"{self.code}: rule {rule.name}: {why}" for rule in self.rules for why in rule.problems
        ]
        names = [rule.name for rule in self.rules]
        for name, times in Counter(names).items() if len({*names}) < len(names) else ():
            if times > 1:
                same = ", ".join(str(rule) for rule in self.rules if rule.name == name)
                problems.append(
                    f"{self.code}: rule {name}: {times} rules, give them an id of their own: {same}"
                )
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def extended_by(self, addition: "Topic") -> "Topic":
        """Return this topic together with what a later file adds to it: more rules, categories and
        so on.

        A rule of `addition` stands in for the one of this topic with the same id.
        """
        rules = {rule.name: rule for rule in (*self.rules, *addition.rules)}
        fields = {
            "code": self.code,
            "label": addition.label or self.label,
            "labels": {**self.labels, **addition.labels},
            "parents": tuple(dict.fromkeys((*self.parents, *addition.parents))),
            "categories": (*self.categories, *addition.categories),
            "expires": addition.expires or self.expires,
            "rules": tuple(rules.values()),
            "matches": (*self.matches, *addition.matches),
            "not": (*self.misses, *addition.misses),
        }
        return Topic.model_validate(fields)


class SourceDefaults(Frozen):
    """What the operator says of all articles of one source, or of several (`*.example.com`).

    Each article gets the tags of `topics` with the score `score`, whatever its text. `categories`
    says which topics the source's feed categories mean.
    """

    source: str = Field(min_length=1)  # its id; `*.example.com` matches all ids with this ending
    topics: tuple[str, ...] = ()  # codes of the tags of all its articles
    score: PositiveShare = 0.9  # of these tags
    categories: dict[str, tuple[str, ...]] = {}  # feed category -> codes; [] means no topic

    def applies_to(self, source: str) -> bool:
        """Whether these settings are for the source with this id.

        They are for one id, or for all that a pattern matches: `*.example.com` matches
        `example.com` and all ids that end in `.example.com`.
        """
        if self.source.startswith("*."):
            return source == self.source[2:] or source.endswith(self.source[1:])
        return source == self.source
