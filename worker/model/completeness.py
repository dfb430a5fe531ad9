"""How much of its text an article came with: title, teaser or text.

A stored version of an article is never replaced by one that has less of the text.
"""

from collections.abc import Iterable
from enum import IntEnum
from typing import Self

# Flags of articles whose text is a substitute for the article text.
SUMMARY_ONLY, NO_PAGE = "summary-only", "no-page"
_SUBSTITUTES = frozenset((SUMMARY_ONLY, NO_PAGE))


class Extent(IntEnum):
    """How much of its text an article came with. A larger value is more complete."""

    TITLE = 0  # no text
    TEASER = 1  # the summary of the feed replaces the text
    TEXT = 2

    @classmethod
    def of(cls, words: int, flags: Iterable[str]) -> Self:
        """Return the extent of an article from the number of words in its text and from its flags.

        The flags `summary-only` and `no-page` say that a summary stands in for the text.
        """
        if not words:
            return cls(cls.TITLE)
        return cls(cls.TEXT if _SUBSTITUTES.isdisjoint(flags) else cls.TEASER)
