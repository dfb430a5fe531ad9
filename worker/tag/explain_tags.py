"""Explain for each tagging rule why an article does or does not get the rule's tag.

This calls the same functions by which the worker tags articles, so the explanation is true.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from worker.model.records import Article, Span
from worker.tag.entities import EntityRules
from worker.tag.entities.name_model import ENGLISH, MODEL_LANGUAGES
from worker.tag.entities.native_names import NATIVE_LANGUAGES
from worker.tag.rules.compiled_rules import CompiledRule, CompiledRules
from worker.tag.rules.matcher import (
    MatchContext,
    RuleResult,
    evaluate_rule,
    evidence_spans,
)
from worker.tag.rules.rule_score import RuleEvidence
from worker.tag.rules.taxonomy import Taxonomy
from worker.tag.rules.topic import Topic
from worker.tag.topics.model_tags import TopicRules, is_label
from worker.tag.topics.topic_model import LANGUAGES
from worker.tag.topics.topic_tags import Judge, judged_score, match_context, no_judge

_MAX_SPANS = 20
_IMPROBABLE = "its phrases match, but the topic model finds the topic improbable (`least_by_rule`)"
_LABEL = "its phrases match, but a title and text of one word are a label, and no news on a topic"


@dataclass(frozen=True, slots=True)
class RuleExplanation:
    """Whether one rule gives an article the tag of its topic (`fires`), and why or why not.

    `code` and `label` are those of the topic; `rule` is the id of the rule and `file` the config
    file that has it. `score` (0 to 1) is how well the rule matches, and `spans` are the passages
    that match. `why_not` names what is missing ("" if the rule fires).
    """

    code: str
    label: str
    rule: str
    file: str  # config name of the file that contains the rule
    fires: bool
    score: float
    why_not: str  # "" if it fires
    spans: tuple[Span, ...] = ()


def topics_named(taxonomy: Taxonomy, name: str) -> list[Topic]:
    """Find topics by a name that an operator typed; case is ignored.

    The name may be a topic's code, its code without the prefix before ":", or its label in any
    language.
    """
    folded = name.strip().casefold()
    return [
        topic
        for topic in taxonomy.topics
        if folded in (topic.code.casefold(), topic.label.casefold())
        or folded in map(str.casefold, topic.labels.values())
        or topic.code.casefold().endswith(f":{folded}")
    ]


def unsupported_language(article: Article, rules: CompiledRules, topics: TopicRules | None) -> str:
    """Return a sentence that says that there are no rules, no topic model, or neither, for the
    language of this article; "" if there are both."""
    language = article.language
    has_rules = any(language in rule.definition.languages for rule in rules.rules)
    missing = []
    if topics and topics.model and language not in LANGUAGES:
        missing.append("no topic model")
    if not has_rules:
        missing.append("no rules")
    if not missing:
        return ""
    others = "feed categories, sources and rules for all languages"
    return f"{' and '.join(missing)} for the language {language}; topics come from {others}"


def names_found(article: Article, names: EntityRules | None) -> str:
    """A sentence that says how well names of people, organisations and places are found in this
    article's language."""
    if names is None:
        return "names are not tagged: there is no entities.toml"
    language = article.language
    if names.recognise and language in names.languages:
        if language == ENGLISH:
            found = "a trained model and lists find most names"
        elif language in MODEL_LANGUAGES:
            found = "a trained model and lists find about two names in three"
        else:
            found = "which has no model of its own, the English model and lists find some names"
        return f"names: in the language {language} {found}"
    lists = "your list and the gazetteer" if names.listed_names else "your list"
    if names.listed_names and language in NATIVE_LANGUAGES:
        return (
            f"names: in the language {language} only well-known ones in {lists} are found: "
            "countries, large cities, leaders; most people are missing"
        )
    return (
        f"names: in the language {language} only those in {lists} are found, "
        "about one in four; most people are missing"
    )


def explain_rules(
    article: Article,
    rules: CompiledRules,
    now: datetime,
    code: str = "",
    judge: Judge = no_judge,
) -> list[RuleExplanation]:
    """Explain for each rule of one topic whether it gives this article its tag, and why or why not.

    `code` is the code of the topic; with "", the rules of all topics are explained that may match
    the article. Rules that give their tag come first. `now` stands in for a missing date of
    publication, because rules may have an expiry date. `judge` says which rules give no tag because
    the topic model finds their topic improbable.
    """
    context = match_context(article, rules, now)
    explanations = [
        _explanation(context, evaluate_rule(context, rule, evidence, rules.taxonomy.scoring), judge)
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


def _explanation(context: MatchContext, result: RuleResult, judge: Judge) -> RuleExplanation:
    rule = result.rule
    score, why_not = result.score, result.why_not
    if not why_not:
        judged = judged_score(result, judge)
        if judged is None:
            why_not = _LABEL if is_label(context.article) else _IMPROBABLE
        score = score if judged is None else judged
    return RuleExplanation(
        code=rule.topic.code,
        label=context.compiled.taxonomy.name_of(rule.topic.code),
        rule=rule.id,
        file=context.compiled.taxonomy.file_of(rule.id),
        fires=not why_not,
        score=score,
        why_not=why_not,
        spans=evidence_spans(context, result, _MAX_SPANS),
    )
