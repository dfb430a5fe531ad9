"""What is known of a fetched page when its text is compared with the stored text of its article.

A page that suddenly gives much less text is more often a consent wall, an error or a paywall than a
correction. Its text is stored, but held back: the text known before stays the one that is shown.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

# Signals of decisions: what became of a page with much less text than was known.
SHRUNKEN = "shrunken"  # held back
SHRUNKEN_TWICE = "shrunken-twice"  # shown: a later fetch gave the same content
SHRUNKEN_LONG = "shrunken-long"  # shown: pages of the article have been so short for hours


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPage:
    """A fetch of the page of an article, and how short its text may be.

    `words` counts the words of its text. With less than `least_share` (0 to 1) of the words that
    are known of the article the page counts as shrunken. Its text is held back until a later fetch
    gives the same content, or until shrunken pages have come for the time `hold`.
    """

    at: datetime  # of the fetch, or of its receipt if that is unknown
    dated: bool  # `at` is the date of the fetch
    words: int
    least_share: float
    hold: timedelta

    def is_shrunken(self, known_words: int) -> bool:
        """Whether this page has so much less text than the `known_words` words that are shown."""
        return self.words < self.least_share * known_words


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldContent:
    """The content of a shrunken page that is stored, but held back: not shown as the article's.

    `since` is when it was first fetched. It is None if the page was whole again later; then a
    further fetch with this content counts as the first. `stored` is False while the batch that
    brought it first is being processed.
    """

    content_hash: str
    since: datetime | None
    stored: bool = True

    def is_before(self, page: FetchedPage) -> bool:
        """Whether this content was fetched before that page; False if it does not wait.

        Two deliveries of one fetch, which have the same date, are one fetch. A page without a date
        of its fetch is later than all that is stored, whatever the clocks of workers say.
        """
        if self.since is None:
            return False
        return self.since < page.at or (self.stored and not page.dated)
