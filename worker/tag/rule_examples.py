"""Check that rules tag the examples in the rule files as these files say.

An example is a short article that a rule or topic must match, or must not match. This calls the
same functions by which the worker tags articles.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from worker.tag.rules.compiled_rules import CompiledRule, CompiledRules
from worker.tag.rules.matcher import evaluate_rule
from worker.tag.rules.rule import RuleExample
from worker.tag.rules.taxonomy import Taxonomy
from worker.tag.rules.topic import Topic
from worker.tag.topics.topic_tags import match_context, topic_tags

_RECEIVED = datetime(2000, 1, 1, tzinfo=UTC)  # early, so that no rule expires in an undated example


class FailedExample(NamedTuple):
    """An example in a rule file that the rules tag otherwise than the file says.

    `rule` is the id of its rule or the code of its topic, and `why` says what is wrong.
    """

    file: str  # config name of the file
    rule: str  # id of the rule, or the topic's code
    example: str
    why: str


def failed_examples(rules: CompiledRules) -> Iterator[FailedExample]:
    """Tag all examples of the rule files, and yield those that are not tagged as the files say.

    The examples of rules come first, then those of topics.
    """
    for rule in rules.rules:
        definition = rule.definition
        for example, should_match in _expectations(definition.matches, definition.misses):
            if why := _rule_failure(rules, rule, example, should_match=should_match):
                yield _failed(rules.taxonomy, rule.id, example, why)
    for topic in rules.taxonomy.topics:
        for example, should_match in _expectations(topic.matches, topic.misses):
            if why := _topic_failure(rules, topic, example, should_match=should_match):
                yield _failed(rules.taxonomy, topic.code, example, why)


def count_examples(taxonomy: Taxonomy) -> int:
    """How many examples the rule files have for all topics and rules, both those that must match
    (`matches`) and those that must not (`not`)."""
    topics = sum(len(topic.matches) + len(topic.misses) for topic in taxonomy.topics)
    rules = (rule for topic in taxonomy.topics for rule in topic.rules)
    return topics + sum(len(rule.matches) + len(rule.misses) for rule in rules)


def _rule_failure(
    rules: CompiledRules, rule: CompiledRule, example: RuleExample, *, should_match: bool
) -> str:
    """Why an example of a rule fails, as a sentence; "" if the rule does what the example says."""
    language = next(iter(rule.definition.languages), "en")
    context = match_context(example.article(language), rules, _RECEIVED)
    evidence = context.evidence_for(rule.positive)
    result = evaluate_rule(context, rule, evidence, rules.taxonomy.scoring)
    if should_match:
        return f"does not match: {result.why_not}" if result.why_not else ""
    if result.why_not:
        return ""
    surfaces = (
        f"“{context.fields.text[matches[0].start : matches[0].end]}”"
        for matches in result.evidence.values()
    )
    return f"matches by {', '.join(surfaces)}"


def _topic_failure(
    rules: CompiledRules, topic: Topic, example: RuleExample, *, should_match: bool
) -> str:
    """Why an example of a topic fails, as a sentence; "" if it is tagged as the example says."""
    tags = topic_tags(example.article("en"), rules, _RECEIVED)
    rule = next((tag.rule for tag in tags if tag.code == topic.code), "")
    if should_match:
        return "" if rule else "does not match"
    return f"matches by {rule}" if rule else ""


def _expectations(
    matches: tuple[RuleExample, ...], misses: tuple[RuleExample, ...]
) -> Iterator[tuple[RuleExample, bool]]:
    """Yield each example, and whether it should get the tag."""
    yield from ((example, True) for example in matches)
    yield from ((example, False) for example in misses)


def _failed(taxonomy: Taxonomy, rule: str, example: RuleExample, why: str) -> FailedExample:
    return FailedExample(taxonomy.file_of(rule), rule, str(example), why)
