"""Compile the rules of all topics, so that one search of an article finds the phrases of all rules
at once.

The result has an automaton that does this search, and an index from each phrase to the rules that
contain it.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from worker.tag.rules.fields import SCOPES, TEXT_SCOPES
from worker.tag.rules.phrases import Phrase, Phrases, parse_phrase
from worker.tag.rules.regex import compile_regex
from worker.tag.rules.rule import PhraseGroup, Rule, split_scope
from worker.tag.rules.taxonomy import Taxonomy
from worker.tag.rules.topic import Topic

PhraseScopes = Mapping[int, int]  # number of a phrase -> the scopes in which it counts


class CompiledPattern(NamedTuple):
    """A regular expression of a rule, compiled (`regex`).

    `scopes` is a bit mask of the parts of an article (title, body …) in which its matches count.
    `number` is its own negative number, by which its matches are stored; phrases have numbers from
    0.
    """

    number: int  # negative, while phrases are numbered from 0
    scopes: int
    regex: Any  # a compiled RE2 expression


class CompiledRule(NamedTuple):
    """A rule of a topic in a form that is quick to match with articles; `definition` is the rule as
    written.

    `any`, `all`, `none` and `near` are its conditions of these names, as dicts from a phrase's
    number to a bit mask of the parts of an article (title, body …) where it counts. `positive`
    joins those of all phrases but the unwanted ones of `none`. `patterns` are its regular
    expressions. It gives no tag to articles published after `expires`.
    """

    topic: Topic
    definition: Rule
    id: str  # "medtop:11000000/en"
    any: PhraseScopes
    all: tuple[PhraseScopes, ...]
    none: PhraseScopes
    near: tuple[PhraseScopes, ...]
    patterns: tuple[CompiledPattern, ...]
    expires: date | None  # the earlier date of the rule and its topic
    positive: PhraseScopes  # the phrases of any, all and near: those that support the rule


class CompiledRules(NamedTuple):
    """All rules of a taxonomy, compiled so that one search of an article finds the phrases of all
    rules.

    `phrases` does the search, and `phrase_texts` are the phrases. `rules_of` has for each phrase
    the rules that it supports, as pairs: index in `rules`, and bit mask of the parts of an article
    where the phrase counts. `phraseless` are the indexes of rules that need no phrase. `scopes` are
    all parts of an article (title, url …) that any rule reads.
    """

    taxonomy: Taxonomy
    phrases: Phrases
    phrase_texts: tuple[str, ...]  # each phrase as people read it
    rules_of: tuple[tuple[tuple[int, int], ...], ...]  # phrase -> (index of rule, scopes), …
    phraseless: tuple[int, ...]  # indexes of the rules that may hold without any phrase
    rules: tuple[CompiledRule, ...]
    scopes: int  # all scopes that some rule uses


def compile_rules(taxonomy: Taxonomy) -> CompiledRules:
    """Compile all rules of a taxonomy to a form that is quick to match with articles.

    They are in the order in which the taxonomy has their topics.
    """
    numbers: dict[Phrase, int] = {}
    rules = [
        _compile_rule(topic, rule, taxonomy, numbers)
        for topic in taxonomy.topics
        for rule in topic.rules
    ]
    rules_of: list[list[tuple[int, int]]] = [[] for _ in numbers]
    for index, rule in enumerate(rules):
        for number, scopes in rule.positive.items():
            rules_of[number].append((index, scopes))
    return CompiledRules(
        taxonomy=taxonomy,
        phrases=Phrases(list(numbers)),
        phrase_texts=tuple(map(_readable, numbers)),
        rules_of=tuple(map(tuple, rules_of)),
        phraseless=tuple(n for n, r in enumerate(rules) if r.patterns and not r.all and not r.near),
        rules=tuple(rules),
        scopes=_used_scopes(rules),
    )


def _used_scopes(rules: Iterable[CompiledRule]) -> int:
    used = TEXT_SCOPES
    for rule in rules:
        for scopes in (*rule.positive.values(), *rule.none.values()):
            used |= scopes
        for pattern in rule.patterns:
            used |= pattern.scopes
    return used


def _compile_rule(
    topic: Topic, rule: Rule, taxonomy: Taxonomy, numbers: dict[Phrase, int]
) -> CompiledRule:
    """Compile one rule: replace its phrases by numbers, and add new phrases to `numbers`."""
    default = _mask(rule.scopes) or TEXT_SCOPES

    def numbered(phrases: Iterable[str]) -> PhraseScopes:
        scopes_of: dict[int, int] = {}
        for scope, written in map(split_scope, phrases):
            scopes = SCOPES[scope] if scope else default
            synonyms = taxonomy.synonyms[written[1:]] if written.startswith("@") else (written,)
            for text in synonyms:
                phrase = parse_phrase(text, exact=rule.case)
                number = numbers.setdefault(phrase, len(numbers))
                scopes_of[number] = scopes_of.get(number, 0) | scopes
        return scopes_of

    def numbered_groups(groups: Iterable[PhraseGroup]) -> tuple[PhraseScopes, ...]:
        return tuple(numbered((g,) if isinstance(g, str) else g) for g in groups)

    any_, all_ = numbered(rule.any), numbered_groups(rule.all)
    none, near = numbered(rule.none), numbered_groups(rule.near)
    return CompiledRule(
        topic=topic,
        definition=rule,
        id=f"{topic.code}/{rule.name}",
        any=any_,
        all=all_,
        none=none,
        near=near,
        patterns=tuple(
            CompiledPattern(-1 - n, default, compile_regex(written))
            for n, written in enumerate(rule.regex)
        ),
        expires=min(filter(None, (rule.expires, topic.expires)), default=None),
        positive=_joined((any_, *all_, *near)),
    )


def _joined(groups: Iterable[PhraseScopes]) -> PhraseScopes:
    joined: dict[int, int] = {}
    for group in groups:
        for number, scopes in group.items():
            joined[number] = joined.get(number, 0) | scopes
    return joined


def _mask(names: Iterable[str]) -> int:
    mask = 0
    for name in names:
        mask |= SCOPES[name]
    return mask


def _readable(phrase: Phrase) -> str:
    """A phrase as rules write it, with a star where it may be part of a longer word."""
    return "*" * phrase.suffix + phrase.text + "*" * phrase.prefix
