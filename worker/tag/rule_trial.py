"""Compare the topics that two sets of rules give one article, to try a draft of a rule file."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from worker.model.records import Article, Tag
from worker.tag import Tagging, tag
from worker.tag.changed_rules import ChangedRules, fired_rules


class TopicChange(NamedTuple):
    """A topic's tag that an article would get by a draft of rule files (`gained` is true), or
    that it would lose."""

    gained: bool
    tag: Tag


class ArticleTrial(NamedTuple):
    """The effect of other tagging rules on one article.

    `changes` are the topics that it gains or loses. `fired` has the ids of those new rules that
    matched the article.
    """

    changes: tuple[TopicChange, ...]
    fired: frozenset[str]


def try_rules(
    article: Article, now: datetime, old: Tagging, new: Tagging, changed: ChangedRules | None
) -> ArticleTrial:
    """Compare the topics of an article by the rules in force, `old`, with those by `new`.

    `changed` are the rules in which both differ; None if anything may differ. Names and keyphrases
    are left out, since they do not come from rules. `now` stands in for a missing date.
    """
    if changed is not None:
        fired = fired_rules(article, changed.new, now)
        if not fired and not changed.may_change(article, now):
            return ArticleTrial((), frozenset())
    else:
        fired = fired_rules(article, new.rules, now)
    before, after = (_topics(article, tagging, now) for tagging in (old, new))
    changes = (
        *(TopicChange(True, after[name]) for name in after if name not in before),
        *(TopicChange(False, before[name]) for name in before if name not in after),
    )
    return ArticleTrial(changes, frozenset(fired))


def _topics(article: Article, tagging: Tagging, now: datetime) -> dict[tuple[str, str], Tag]:
    topics_only = replace(tagging, entities=None, keyphrases=None)
    return {(each.scheme, each.code): each for each in tag(article, topics_only, now)}
