"""Store protocols for held articles: raw articles whose source an operator has paused.

They were taken from their queue, and wait in the store until the source is resumed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from worker.store.held_values import HeldArticle, HeldCount, StoredHeldArticle


class HeldArticleReader(Protocol):
    """Counts and finds held articles: raw articles that wait because their source is paused."""

    def counts(self) -> dict[str, HeldCount]:
        """Return for each source how many of its raw articles are held, and since when. Sources
        without a held article are left out."""
        ...

    def of_receipts(self, receipts: Sequence[str]) -> dict[str, StoredHeldArticle]:
        """Return receipt -> the held article with this receipt, the id of its delivery. Receipts of
        which no article is held are left out."""
        ...

    def held_receipts(self, receipts: Sequence[str]) -> set[str]:
        """Return those of these receipts (ids of deliveries) whose raw article is held because its
        source is paused. The articles themselves are not read."""
        ...


class HeldArticleStore(HeldArticleReader, Protocol):
    """Stores, finds and releases held articles: raw articles that wait because their source is
    paused."""

    def hold(self, articles: Sequence[HeldArticle], *, now: datetime) -> None:
        """Store raw articles of paused sources, in their order. `now` is stored as the time.

        An article that is held already, with the same content and receipt (id of a delivery), keeps
        its place, and is counted as held once more.
        """
        ...

    def page(self, source: str, limit: int) -> list[StoredHeldArticle]:
        """Return the oldest held articles of a source, at most `limit`, in their order."""
        ...

    def release(self, articles: Sequence[StoredHeldArticle]) -> None:
        """Delete held articles that have gone back to their queue. One that was held again since it
        was read stays."""
        ...
