"""What is known of a fetched page when its text is compared with the stored text of its article.

A page that suddenly gives much less text is more often a consent wall, an error or a paywall than a
correction. Its text is stored, but not shown: the text known before is shown further on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

# Signals of decisions: what became of a page with much less text than was known.
SHRUNKEN = "shrunken"  # held back
SHRUNKEN_TWICE = "shrunken-twice"  # shown: a later fetch gave the same content
SHRUNKEN_LONG = "shrunken-long"  # shown: pages of the article have been so short for hours


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPage:
    """A fetch of the page of an article, and the rules that tell whether its text is too short to
    be shown.

    `at` is when it was fetched, or received if `dated` is False. `words` counts the words of its
    text. If these are less than `least_share` (0 to 1) of the words known of the article, the page
    counts as shrunken. Its text is then stored, but shown only when a later fetch gives the same
    content, or when all pages were shrunken for the time `hold`.
    """

    at: datetime  # of the fetch, or of its receipt if that is unknown
    dated: bool  # `at` is the date of the fetch
    words: int
    least_share: float
    hold: timedelta

    def is_shrunken(self, known_words: int) -> bool:
        """Return whether the text of this page is much shorter than the text known of its article,
        which has `known_words` words."""
        return self.words < self.least_share * known_words


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldContent:
    """The content of a page with much less text than is known of its article. It is stored, but not
    shown; a later fetch with the same content shows it.

    `content_hash` is its hash, and `since` when it was first fetched. `since` is None if the page
    gave its full text again later; the next fetch with this content then counts as the first.
    `stored` is False while the batch that brought it first is being processed.
    """

    content_hash: str
    since: datetime | None
    stored: bool = True

    def is_before(self, page: FetchedPage) -> bool:
        """Return whether this content was fetched earlier than the fetch `page`. False if `since`
        is None.

        Two deliveries with the same date of fetch are the same fetch. If the date of `page` is not
        known, it counts as later than all contents that are stored already.
        """
        if self.since is None:
            return False
        return self.since < page.at or (self.stored and not page.dated)
