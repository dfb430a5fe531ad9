"""The maximum sizes of a raw article and of a batch of articles."""

from worker.model.frozen_model import Frozen


class Limits(Frozen):
    """The maximum sizes of a raw article and of a batch of articles.

    Fields that end in `_bytes` are numbers of bytes in UTF-8, and `depth` is a number of levels of
    nested JSON. `authors`, `tags`, `media` and `batch_articles` are numbers of items. If an article
    is too large, only its first `kept_bytes` are stored.
    """

    article_bytes: int = 5 * 1024 * 1024
    id_bytes: int = 1024
    link_bytes: int = 2048
    title_bytes: int = 1024
    summary_bytes: int = 64 * 1024
    name_bytes: int = 1024  # of the titles of source and feed; the rest is cut off
    authors: int = 50
    tags: int = 100
    media: int = 50
    depth: int = 100  # levels of nested arrays and objects
    batch_articles: int = 100
    batch_bytes: int = 1024 * 1024
    kept_bytes: int = 64 * 1024  # what a `too-large` dead letter keeps of the payload


LIMITS = Limits()


def cut_to_bytes(text: str, limit: int) -> str:
    """Return the beginning of a text that has at most `limit` bytes of UTF-8."""
    if len(text) * 4 <= limit:
        return text
    data = text.encode("utf-8", "surrogatepass")
    return text if len(data) <= limit else data[:limit].decode("utf-8", "ignore")
