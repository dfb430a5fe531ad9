"""Rules made ready: one automaton for the phrases of all, and the rules that ask for each."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from worker.tag.rules.fields import SCOPES, STORY
from worker.tag.rules.phrases import Phrase, Phrases, phrase
from worker.tag.rules.regex import compiled_regex
from worker.tag.rules.rule import Group, Rule, flat, scoped
from worker.tag.rules.taxonomy import Taxonomy, Topic

Asks = Mapping[int, int]  # a phrase by number -> the scopes in which it counts


class Pattern(NamedTuple):
    number: int  # its own, below 0: phrases have theirs from 0 on
    scopes: int
    written: str
    search: Any  # a compiled RE2


class Ready(NamedTuple):
    """A rule ready to run."""

    topic: Topic
    rule: Rule
    id: str  # "medtop:11000000/en"
    any: Asks
    all: tuple[Asks, ...]
    none: Asks
    near: tuple[Asks, ...]
    patterns: tuple[Pattern, ...]
    expires: date | None  # the rule or its topic, whichever comes first
    asked: Asks  # of any, all and near: everything whose presence speaks for the rule


class Compiled(NamedTuple):
    phrases: Phrases
    said: tuple[str, ...]  # each phrase as a person reads it
    # By phrase: the places in `rules` of those that ask for it, and the scopes they ask.
    rules_of: tuple[tuple[tuple[int, int], ...], ...]
    always: tuple[int, ...]  # places of the rules that may hold without any phrase
    rules: tuple[Ready, ...]
    scopes: int  # all that some rule looks at


def compiled(taxonomy: Taxonomy) -> Compiled:
    numbers: dict[Phrase, int] = {}
    rules = [
        _ready(topic, rule, taxonomy, numbers) for topic in taxonomy.topics for rule in topic.rules
    ]
    rules_of: list[list[tuple[int, int]]] = [[] for _ in numbers]
    for place, ready in enumerate(rules):
        for number, asked in ready.asked.items():
            rules_of[number].append((place, asked))
    scopes = STORY
    for ready in rules:
        for asked in (*ready.asked.values(), *ready.none.values()):
            scopes |= asked
        for pattern in ready.patterns:
            scopes |= pattern.scopes
    return Compiled(
        phrases=Phrases(list(numbers)),
        said=tuple(map(_said, numbers)),
        rules_of=tuple(map(tuple, rules_of)),
        always=tuple(n for n, r in enumerate(rules) if r.patterns and not r.all and not r.near),
        rules=tuple(rules),
        scopes=scopes,
    )


def _ready(topic: Topic, rule: Rule, taxonomy: Taxonomy, numbers: dict[Phrase, int]) -> Ready:
    default = _scopes(rule.scopes) or STORY

    def asks(written: Iterable[str]) -> Asks:
        asked: dict[int, int] = {}
        for scope, what in map(scoped, written):
            scopes = SCOPES[scope] if scope else default
            texts = taxonomy.synonyms[what[1:]] if what.startswith("@") else (what,)
            for text in texts:
                wanted = phrase(text, exact=rule.case)
                number = numbers.setdefault(wanted, len(numbers))
                asked[number] = asked.get(number, 0) | scopes
        return asked

    def groups(given: Iterable[Group]) -> tuple[Asks, ...]:
        return tuple(asks((g,) if isinstance(g, str) else g) for g in given)

    return Ready(
        topic=topic,
        rule=rule,
        id=f"{topic.code}/{rule.name}",
        any=asks(rule.any),
        all=groups(rule.all),
        none=asks(rule.none),
        near=groups(rule.near),
        patterns=tuple(
            Pattern(-1 - n, default, written, compiled_regex(written))
            for n, written in enumerate(rule.regex)
        ),
        expires=min(filter(None, (rule.expires, topic.expires)), default=None),
        asked=asks((*rule.any, *flat(rule.all), *flat(rule.near))),
    )


def _scopes(names: Iterable[str]) -> int:
    scopes = 0
    for name in names:
        scopes |= SCOPES[name]
    return scopes


def _said(wanted: Phrase) -> str:
    return "*" * wanted.ends + wanted.text + "*" * wanted.begins
