"""Tag articles with topics by their feed's categories, by the operator's settings for their source,
and by rules.

If an article gets a topic, it gets the broader topics above it in the taxonomy as well.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from worker.model.records import Article, Span, Tag
from worker.tag.rules.compiled_rules import CompiledRules
from worker.tag.rules.matcher import MatchContext, RuleResult, evaluate_rule, evidence_spans
from worker.tag.rules.taxonomy import Taxonomy, category_code

SCHEME = "taxonomy"
# Maps what a rule found in an article to the score of its tag; None: no tag.
Judge = Callable[[RuleResult], float | None]


def no_judge(result: RuleResult) -> float:
    """Return the score that a rule gives a topic as it is. It takes the place of a topic model's
    judgement where there is none."""
    return result.score


def match_context(article: Article, rules: CompiledRules, now: datetime) -> MatchContext:
    """Search an article for the phrases of all rules at once. The result is the input of
    evaluate_rule(), which decides about one rule.

    A rule may have expired on the day of the article, which is `now` if the article has no date of
    publication.
    """
    return MatchContext(article, rules, (article.published or now).date())


def topic_tags(
    article: Article, rules: CompiledRules, now: datetime, judge: Judge = no_judge
) -> list[Tag]:
    """Tag an article with topics: one tag per topic, the highest score first.

    If several rules, feed categories or settings for the source give the same topic, the tag with
    the highest score is kept. `now` stands in for a missing date of publication, since rules may
    expire. `judge` turns the scores of rules into probabilities, or refuses them.
    """
    taxonomy = rules.taxonomy
    best: dict[str, Tag] = {}
    for tag in (*_declared_tags(article, taxonomy), *_rule_tags(article, rules, now, judge)):
        if tag.code not in best or tag.score > best[tag.code].score:
            best[tag.code] = tag
    for tag in sorted(best.values(), key=_rank):
        for code in taxonomy.ancestors(tag.code):
            best.setdefault(code, _implied(taxonomy, code, tag))
    return sorted(best.values(), key=_rank)


def _rank(tag: Tag) -> tuple[float, str]:
    return -tag.score, tag.code


def _implied(taxonomy: Taxonomy, code: str, descendant: Tag) -> Tag:
    """The tag of the topic with this code, which an article
    gets because it has the tag of a descendant.

    It has the score of the descendant, and the descendant's code in place of a rule.
    """
    return Tag(
        scheme=SCHEME,
        code=code,
        label=taxonomy.name_of(code),
        score=descendant.score,
        method="implied",
        rule=descendant.code,
        version=descendant.version,
    )


def _declared_tags(article: Article, taxonomy: Taxonomy) -> Iterator[Tag]:
    """Yield the tags that feed categories and source defaults give, whatever the text says."""
    for label in article.categories:
        for topic in taxonomy.topics_of_category(article.source, label):
            yield Tag(
                scheme=SCHEME,
                code=topic.code,
                label=taxonomy.name_of(topic.code),
                method="category",
                rule=f"{topic.code}/category:{category_code(label)}",
                version=taxonomy.version,
                spans=(Span(field="category", start=0, end=len(label), surface=label),),
            )
    for defaults in taxonomy.defaults_of(article.source):
        for code in defaults.topics:
            yield Tag(
                scheme=SCHEME,
                code=code,
                label=taxonomy.name_of(code),
                score=defaults.score,
                method="source",
                rule=f"{code}/source:{defaults.source}",
                version=taxonomy.version,
            )


def _rule_tags(
    article: Article, rules: CompiledRules, now: datetime, judge: Judge
) -> Iterator[Tag]:
    """Yield a tag for each rule that fires on the article and that `judge` does not refuse."""
    taxonomy, context = rules.taxonomy, match_context(article, rules, now)
    for rule, evidence in context.candidates():
        result = evaluate_rule(context, rule, evidence, taxonomy.scoring)
        if result.why_not:
            continue
        score = judged_score(result, judge)
        if score is not None:
            yield Tag(
                scheme=SCHEME,
                code=rule.topic.code,
                label=taxonomy.name_of(rule.topic.code),
                score=score,
                rule=rule.id,
                version=taxonomy.version,
                spans=evidence_spans(context, result, taxonomy.scoring.max_spans),
            )


def judged_score(result: RuleResult, judge: Judge) -> float | None:
    """Return the score of the tag that a rule gives, from 0 to 1, or None for no tag.

    It is the score that the rule file sets, if it sets one. Otherwise the function `judge` computes
    it from the topic, the rule's own score and the phrases found.
    """
    if result.rule.definition.score is not None:
        return result.score
    return judge(result)
