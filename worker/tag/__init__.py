"""Tagging: an article and a taxonomy come in, its tags go out, each with its evidence."""

from worker.models import Article, Tag
from worker.tag.categories import category_tags
from worker.tag.taxonomy import Taxonomy
from worker.tag.topics import topic_tags

__all__ = ["Taxonomy", "tag"]


def tag(article: Article, taxonomy: Taxonomy) -> tuple[Tag, ...]:
    """The topics of an article, best first, then the feed categories that map to no topic."""
    return (*topic_tags(article, taxonomy), *category_tags(article, taxonomy))
