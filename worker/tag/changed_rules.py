"""Find out which stored articles a draft of rule files can change, without tagging all of them
again.

Only the rules that the draft changes are matched with an article: in their old and in their new
form. If none of them gives its tag, the article keeps its tags.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from worker.model.records import Article
from worker.tag.rules.compiled_rules import CompiledRules, compile_rules
from worker.tag.rules.matcher import evaluate_rule
from worker.tag.rules.taxonomy import Taxonomy, category_code
from worker.tag.rules.topic import Topic
from worker.tag.topics.topic_tags import match_context


class ChangedRules(NamedTuple):
    """The rules that two taxonomies do not share: as they were (`old`) and as they are (`new`).

    `categories` are the feed categories, in normal form, whose meaning changes.
    """

    old: CompiledRules
    new: CompiledRules
    categories: frozenset[str]

    def may_change(self, article: Article, now: datetime) -> bool:
        """Whether an article may get other topics by the new rules than by the old ones. `now`
        stands in for a missing date of publication."""
        if any(category_code(category) in self.categories for category in article.categories):
            return True
        return any(fired_rules(article, rules, now) for rules in (self.old, self.new))


def fired_rules(article: Article, rules: CompiledRules, now: datetime) -> set[str]:
    """Return the ids of all rules that give an article a tag. If several rules give the same
    one, all of them are returned, and not only the one with the highest score."""
    context = match_context(article, rules, now)
    scoring = rules.taxonomy.scoring
    return {
        rule.id
        for rule, evidence in context.candidates()
        if not evaluate_rule(context, rule, evidence, scoring).why_not
    }


def changed_rules(old: Taxonomy, new: Taxonomy) -> ChangedRules | None:
    """Return the rules in which two taxonomies (all topics with their rules) differ.

    The result is None if they differ in anything but rules and the feed categories of topics. Then
    the tags of any article may change, and not only by these rules.
    """
    if old.scoring != new.scoring or old.sources != new.sources:
        return None
    shared = old.by_code.keys() & new.by_code.keys()
    if any(_frame(old.by_code[code]) != _frame(new.by_code[code]) for code in shared):
        return None
    categories = {
        category_code(label)
        for one, other in ((old, new), (new, old))
        for topic in one.topics
        for label in topic.categories
        if topic.code not in other.by_code or label not in other.by_code[topic.code].categories
    }
    return ChangedRules(_only_in(old, new), _only_in(new, old), frozenset(categories))


def _frame(topic: Topic) -> tuple[object, ...]:
    return topic.label, topic.parents, topic.expires


def _only_in(one: Taxonomy, other: Taxonomy) -> CompiledRules:
    """The rules of one taxonomy that another does not have in this form, compiled."""
    synonyms = {n for n, words in one.synonyms.items() if other.synonyms.get(n) != words}
    topics = []
    for topic in one.topics:
        known = other.by_code[topic.code].rules if topic.code in other.by_code else ()
        rules = [r for r in topic.rules if r not in known or synonyms & set(r.synonym_names)]
        if rules:
            bare = {"rules": tuple(rules), "parents": (), "categories": ()}
            topics.append(topic.model_copy(update=bare))
    return compile_rules(_with_topics(one, topics))


def _with_topics(taxonomy: Taxonomy, topics: Iterable[Topic]) -> Taxonomy:
    return Taxonomy(
        version=taxonomy.label,
        scoring=taxonomy.scoring,
        synonyms=taxonomy.synonyms,
        topics=tuple(topics),
    )
