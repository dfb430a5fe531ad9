"""Shorten the ids of articles and dead letters for people to read and type."""

_CHARS = 10  # of 32 hex digits: among a million articles, two with the same beginning are unlikely


def short_id(article_or_letter_id: str) -> str:
    """Return the beginning of an id of an article, a cluster or a dead letter, as tables, sentences
    and logs show it. Commands take it for the id; JSON has the whole id."""
    return article_or_letter_id[:_CHARS]
