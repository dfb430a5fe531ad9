"""Explain for each tagging rule why it does or does not give an article its tag.

The rules are evaluated by the same functions by which the worker tags articles.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from worker.model.records import Article, Span
from worker.tag.rules.compiled_rules import CompiledRule, CompiledRules
from worker.tag.rules.matcher import (
    MatchContext,
    RuleEvidence,
    RuleResult,
    evaluate_rule,
    evidence_spans,
)
from worker.tag.rules.taxonomy import Taxonomy, Topic
from worker.tag.topics.topic_tags import match_context

_MAX_SPANS = 20


@dataclass(frozen=True, slots=True)
class RuleExplanation:
    """Whether one rule fires on an article, and by which evidence it does or why it does not."""

    code: str
    label: str
    rule: str
    file: str  # config name of the file that contains the rule
    fires: bool
    score: float
    why_not: str  # "" if it fires
    spans: tuple[Span, ...] = ()


def topics_named(taxonomy: Taxonomy, name: str) -> list[Topic]:
    """The topics whose code, code without its prefix, or label is this name; case is ignored."""
    folded = name.strip().casefold()
    return [
        topic
        for topic in taxonomy.topics
        if folded in (topic.code.casefold(), topic.label.casefold())
        or topic.code.casefold().endswith(f":{folded}")
    ]


def explain_rules(
    article: Article, rules: CompiledRules, now: datetime, code: str = ""
) -> list[RuleExplanation]:
    """Explain for each rule of one topic whether it fires on this article, and why.

    `code` is the code of the topic; if it is empty, all rules of which a phrase matches are
    explained. Rules that fire come first, then the others by their score.
    """
    context = match_context(article, rules, now)
    explanations = [
        _explanation(context, evaluate_rule(context, rule, evidence, rules.taxonomy.scoring))
        for rule, evidence in _selected(context, code)
    ]
    return sorted(explanations, key=lambda e: (not e.fires, -e.score, -len(e.spans), e.rule))


def _selected(context: MatchContext, code: str) -> Iterator[tuple[CompiledRule, RuleEvidence]]:
    if not code:
        yield from context.candidates()
        return
    for rule in context.compiled.rules:
        if rule.topic.code == code:
            yield rule, context.evidence_for(rule.positive)


def _explanation(context: MatchContext, result: RuleResult) -> RuleExplanation:
    rule = result.rule
    return RuleExplanation(
        code=rule.topic.code,
        label=rule.topic.label,
        rule=rule.id,
        file=context.compiled.taxonomy.file_of(rule.id),
        fires=not result.why_not,
        score=result.score,
        why_not=result.why_not,
        spans=evidence_spans(context, result, _MAX_SPANS),
    )
