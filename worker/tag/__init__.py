"""Tagging: an article and all that tags it come in, its tags go out, each with its evidence."""

from datetime import datetime

from worker.model.admission import Frozen
from worker.model.records import Article, Tag
from worker.tag.entities import EntityRules, entity_tags
from worker.tag.keyphrases.keyphrase_tags import Frequencies, KeyphraseRules, keyphrase_tags
from worker.tag.rules.feed_categories import category_tags
from worker.tag.rules.taxonomy import Taxonomy
from worker.tag.topics.model_tags import TopicRules, joined, learned_tags
from worker.tag.topics.topic_tags import topic_tags

__all__ = [
    "EntityRules",
    "Frequencies",
    "KeyphraseRules",
    "Tagging",
    "Taxonomy",
    "TopicRules",
    "tag",
]


class Tagging(Frozen):
    """All that tags an article. Whatever joins here joins the version too."""

    taxonomy: Taxonomy
    topics: TopicRules | None = None
    entities: EntityRules | None = None
    keyphrases: KeyphraseRules | None = None
    frequencies: Frequencies = Frequencies()

    @property
    def version(self) -> str:
        """Equal versions give an article equal tags: re-tagging looks for records of another."""
        models = (self.topics, self.entities, self.keyphrases)
        return " ".join([self.taxonomy.version, *(m.full_version for m in models if m)])

    def warm(self) -> None:
        """Compile and load what tagging needs, once before forking, so that workers share it."""
        _ = self.taxonomy.compiled, self.version  # the version of a model is in its file
        if self.entities:
            self.entities.warm()


def tag(article: Article, tagging: Tagging, now: datetime) -> tuple[Tag, ...]:
    """The topics of an article, best first, the feed categories that map to none, then entities
    and keyphrases.

    `now` is when it was received: what dates an article that names no day itself.
    """
    taxonomy = tagging.taxonomy
    topics = topic_tags(article, taxonomy, now)
    if tagging.topics:
        topics = joined(topics, learned_tags(article, tagging.topics, taxonomy))
    entities = entity_tags(article, tagging.entities) if tagging.entities else []
    phrases = tagging.keyphrases
    keyphrases = keyphrase_tags(article, phrases, tagging.frequencies) if phrases else []
    return (*topics, *category_tags(article, taxonomy), *entities, *keyphrases)
