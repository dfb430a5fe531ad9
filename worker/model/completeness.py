"""How complete an article is. A less complete version never replaces a stored one."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Self

# Flags of articles whose text is a substitute for the article text.
SUMMARY_ONLY, NO_PAGE = "summary-only", "no-page"
_SUBSTITUTES = frozenset((SUMMARY_ONLY, NO_PAGE))


class Extent(IntEnum):
    """How much of the text an article has. A larger value is more complete."""

    TITLE = 0  # no text
    TEASER = 1  # the summary of the feed replaces the text
    TEXT = 2

    @classmethod
    def of(cls, words: int, flags: Iterable[str]) -> Self:
        """Return the extent of an article with this number of words and these flags."""
        if not words:
            return cls(cls.TITLE)
        return cls(cls.TEXT if _SUBSTITUTES.isdisjoint(flags) else cls.TEASER)
