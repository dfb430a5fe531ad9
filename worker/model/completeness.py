"""How much of an article its delivery had: only the title, a teaser, or the text.

A stored version of an article is never replaced by one that has less of the text.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import Self

# Flags of articles whose text is a substitute for the article text.
SUMMARY_ONLY, NO_PAGE = "summary-only", "no-page"
NO_TEXT = "no-text"  # the article has only a title
_SUBSTITUTES = frozenset((SUMMARY_ONLY, NO_PAGE))


class Extent(IntEnum):
    """How much of an article was delivered: only the title, a teaser (the feed's summary), or the
    text.

    The larger value is the more complete one.
    """

    TITLE = 0  # no text
    TEASER = 1  # the summary of the feed replaces the text
    TEXT = 2

    @classmethod
    def of(cls, words: int, flags: Iterable[str]) -> Self:
        """Return how much of an article was delivered, from the word count and the flags it got in
        cleaning.

        TITLE for no words; TEASER if the flags include `summary-only` or `no-page`, which say that
        the words are a summary in place of the text; else TEXT.
        """
        if not words:
            return cls(cls.TITLE)
        return cls(cls.TEXT if _SUBSTITUTES.isdisjoint(flags) else cls.TEASER)
