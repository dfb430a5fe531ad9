"""Tagging: give an article topics, feed categories, entities and keyphrases, each with evidence."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from worker.model.records import Article, Tag
from worker.tag.entities import EntityRules, NameSpans, entity_tags, recognise_together
from worker.tag.keyphrases.keyphrase_tags import Frequencies, KeyphraseRules, keyphrase_tags
from worker.tag.rules.compiled_rules import CompiledRules, compile_rules
from worker.tag.rules.feed_categories import category_tags
from worker.tag.rules.taxonomy import Taxonomy
from worker.tag.tokens import Tokens, tokens_of_article, tokens_of_articles
from worker.tag.topics.model_tags import ModelOpinion, TopicRules, learn_words, merge_tags
from worker.tag.topics.topic_tags import topic_tags

__all__ = [
    "EntityRules",
    "Frequencies",
    "KeyphraseRules",
    "ReadArticle",
    "Tagging",
    "Taxonomy",
    "TopicRules",
    "compile_rules",
    "read_together",
    "tag",
]


_MOST_CHARS_TOGETHER = 50_000  # of an article that is read with the others of its batch


@dataclass(frozen=True, slots=True)
class Tagging:
    """All rules and models by which articles get tags.

    `rules` give topics. `topics` are the settings of a model that guesses more topics, `entities`
    those of tags with names, and `keyphrases` those of tags with phrases; None switches these tags
    off. `frequencies` are the word counts from which keyphrases are found.
    """

    rules: CompiledRules
    topics: TopicRules | None = None
    entities: EntityRules | None = None
    keyphrases: KeyphraseRules | None = None
    frequencies: Frequencies = field(default_factory=Frequencies)

    @property
    def taxonomy(self) -> Taxonomy:
        """The topics and their rules as the operator wrote them, from which `rules` were
        compiled."""
        return self.rules.taxonomy

    @property
    def version(self) -> str:
        """The versions of all rules and models, joined by spaces.

        It is stored with the tags of an article. When it has changed, re-tagging finds the articles
        whose tags were made by another version.
        """
        models = (self.topics, self.entities, self.keyphrases)
        return " ".join([self.taxonomy.version, *(m.full_version for m in models if m)])

    def warm(self) -> None:
        """Load the models before the worker forks, so that its processes share the memory of the
        models."""
        _ = self.version  # the version of a model is in its file
        if self.topics:
            self.topics.warm()
        if self.entities:
            self.entities.warm()


class ReadArticle(NamedTuple):
    """Title and text of an article, split into words, and the names that a trained model found in
    them; `names` is None if no model looked for names."""

    tokens: Tokens
    names: NameSpans | None


def read_together(articles: Sequence[Article], tagging: Tagging) -> list[ReadArticle | None]:
    """Do what tag() does first, for a batch of articles: split their texts into words, and find
    names by the trained models. It takes less time for all at once than one by one.

    The result has None for a long article. tag() reads it by itself, so that a limit of the time
    for one article holds.
    """
    if not tagging.entities:
        return [None] * len(articles)
    short = [a for a in articles if len(a.title) + len(a.text or a.summary) <= _MOST_CHARS_TOGETHER]
    texts = tokens_of_articles(short)
    if tagging.topics:
        learn_words(short, texts, tagging.topics)
    names = recognise_together(short, texts, tagging.entities)
    read = dict(zip(map(id, short), map(ReadArticle, texts, names), strict=True))
    return [read.get(id(article)) for article in articles]


def tag(
    article: Article, tagging: Tagging, now: datetime, read: ReadArticle | None = None
) -> tuple[Tag, ...]:
    """Give an article its tags: topics, feed categories that mean no topic, entities and
    keyphrases.

    Topics come with the highest score first. `now` is the time of receipt: an article without a
    date of publication counts as published then, for rules that have an expiry date. `read` is
    what read_together() returned for the article, if it was called.
    """
    tokens, names = read or (None, None)
    if tokens is None and (tagging.topics or tagging.entities):
        tokens = tokens_of_article(article)
    topics = _topics(article, tagging, now, tokens)
    categories = category_tags(article, tagging.taxonomy)
    rules = tagging.entities
    entities = entity_tags(article, rules, tokens, names) if rules else []
    phrases = tagging.keyphrases
    keyphrases = keyphrase_tags(article, phrases, tagging.frequencies) if phrases else []
    return (*topics, *categories, *entities, *keyphrases)


def _topics(article: Article, tagging: Tagging, now: datetime, tokens: Tokens | None) -> list[Tag]:
    """Tag an article with topics by rules and by the model of its language, if there is one.

    A rule alone is not enough where there is a model: both together say how probable the topic is.
    """
    settings, taxonomy = tagging.topics, tagging.taxonomy
    model = settings.model_for(article.language) if settings else None
    if settings is None or model is None:
        return topic_tags(article, tagging.rules, now)
    opinion = ModelOpinion(article, model, tokens)
    by_rule = topic_tags(article, tagging.rules, now, opinion.judge(settings, taxonomy))
    return merge_tags(by_rule, opinion.tags(settings, taxonomy))
