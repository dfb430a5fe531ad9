"""Keep feed categories that belong to no topic as tags with the feed's own spelling."""

from worker.model.records import Article, Span, Tag
from worker.tag.rules.taxonomy import Taxonomy, category_code


def category_tags(article: Article, taxonomy: Taxonomy) -> list[Tag]:
    """One tag per category, in the feed's order; of two spellings of a category the first is
    kept."""
    tags: dict[str, Tag] = {}
    for label in article.categories:
        code = category_code(label)
        if code and code not in tags and not taxonomy.topics_of_category(article.source, label):
            tags[code] = Tag(
                scheme="category",
                code=code,
                label=label,
                method="feed",
                version=taxonomy.version,
                spans=(Span(field="category", start=0, end=len(label), surface=label),),
            )
    return list(tags.values())
