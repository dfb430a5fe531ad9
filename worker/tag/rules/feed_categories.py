"""Tag articles with the categories that their feed gave them, in the feed's own spelling.

Categories that mean a topic of the taxonomy are left out, because that topic becomes a tag.
"""

from worker.model.records import Article, Span, Tag
from worker.tag.rules.taxonomy import Taxonomy, category_code


def category_tags(article: Article, taxonomy: Taxonomy) -> list[Tag]:
    """Make a tag of each feed category of an article that means no topic of the taxonomy.

    The tags are in the feed's order. Of two spellings of one category, such as "World News" and
    "world-news", only the first gets a tag.
    """
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
