"""Tagging: an article and all that tags it come in, its tags go out, each with its evidence."""

from datetime import datetime

from worker.contract import Frozen
from worker.models import Article, Tag
from worker.tag.categories import category_tags
from worker.tag.taxonomy import Taxonomy
from worker.tag.topics import topic_tags

__all__ = ["Tagging", "Taxonomy", "tag"]


class Tagging(Frozen):
    """All that tags an article. Whatever joins here joins the version too."""

    taxonomy: Taxonomy

    @property
    def version(self) -> str:
        """Equal versions give an article equal tags: re-tagging looks for records of another."""
        return self.taxonomy.version

    def warm(self) -> None:
        """Compile and load what tagging needs, once before forking, so that workers share it."""
        _ = self.taxonomy.compiled


def tag(article: Article, tagging: Tagging, now: datetime) -> tuple[Tag, ...]:
    """The topics of an article, best first, then the feed categories that map to no topic.

    `now` is when it was received: what dates an article that names no day itself.
    """
    taxonomy = tagging.taxonomy
    return (*topic_tags(article, taxonomy, now), *category_tags(article, taxonomy))
