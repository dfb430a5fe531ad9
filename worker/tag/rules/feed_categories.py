"""Feed categories that no topic claims stay as tags in the words of the feed."""

from worker.model.records import Article, Span, Tag
from worker.tag.rules.taxonomy import Taxonomy, category_code


def category_tags(article: Article, taxonomy: Taxonomy) -> list[Tag]:
    """One tag per category, in the feed's order and spelling; the first spelling stands."""
    tags: dict[str, Tag] = {}
    for label in article.categories:
        code = category_code(label)
        if code and code not in tags and not taxonomy.said_by(article.source, label):
            tags[code] = Tag(
                scheme="category",
                code=code,
                label=label,
                method="feed",
                version=taxonomy.version,
                spans=(Span(field="category", start=0, end=len(label), surface=label),),
            )
    return list(tags.values())
