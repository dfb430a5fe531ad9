"""How much of an article came. What comes with less never replaces what is stored."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Self

# Flags of articles whose text is not what was asked for, but what stands in for it.
SUMMARY_ONLY, NO_PAGE = "summary-only", "no-page"
_STAND_INS = frozenset((SUMMARY_ONLY, NO_PAGE))


class Extent(IntEnum):
    TITLE = 0  # no text
    TEASER = 1  # what the feed gave stands in for the text
    TEXT = 2

    @classmethod
    def of(cls, words: int, flags: Iterable[str]) -> Self:
        """Of an article with so many words of text and these flags."""
        if not words:
            return cls(cls.TITLE)
        return cls(cls.TEXT if _STAND_INS.isdisjoint(flags) else cls.TEASER)
