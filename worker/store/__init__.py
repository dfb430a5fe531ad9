"""Truth: articles, their revisions, tags and decisions, and the outcome of every receipt."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from worker.contract import Frozen
from worker.models import (
    Article,
    DeadLetter,
    Fingerprint,
    Known,
    Outcome,
    Record,
    Verdict,
    Withdrawal,
)

Judge = Callable[[Verdict, str, Known | None], Verdict]
"""(verdict, content_hash, what is known under the lock) -> the verdict that holds now."""


class Query(Frozen):
    """A search. Empty fields do not restrict; words use quotes for phrases, `-` to exclude."""

    words: str = ""
    tag: str = ""
    source: str = ""
    language: str = ""
    since: datetime | None = None
    limit: int = 20


class Found(Frozen):
    """One row of a search or of a listing: the newest revision of an article."""

    article_id: str
    revision: int
    source: str
    title: str
    url: str
    language: str
    words: int
    published: datetime | None
    received: datetime
    verdict: str  # of the newest revision
    cluster_id: str
    tags: tuple[str, ...]  # "scheme:code", best first
    labels: tuple[str, ...]  # of the same tags
    snippet: str = ""


class Letter(Frozen):
    """A dead letter as it is stored."""

    letter_id: str
    reason: str
    detail: str
    stage: str
    source: str
    seen: int
    first: datetime
    last: datetime
    bytes: int
    payload: str


class Store(Protocol):
    """One implementation serves SQLite and PostgreSQL; a conformance suite runs on both.

    Every call is one transaction and raises Unavailable when the database does not answer.
    """

    def outcomes(self, receipts: Sequence[str]) -> dict[str, Outcome]:
        """The outcomes these receipts already have."""
        ...

    def latest(self, articles: Sequence[Article]) -> list[Known | None]:
        """What is known of each: by its own key, else by the first of its aliases that leads on.

        An answer by alias has another article_id than the article's own.
        """
        ...

    def fingerprints(self, article_ids: Sequence[str]) -> dict[str, Fingerprint]:
        """Fingerprints of the newest revisions."""
        ...

    def write(
        self,
        records: Sequence[Record],
        withdrawals: Sequence[Withdrawal],
        dead: Sequence[DeadLetter],
        *,
        judge: Judge,
        now: datetime,
    ) -> list[Outcome]:
        """Write a batch in one transaction; receipts that already have an outcome are passed over.

        Articles are locked in sorted id order, and `judge` has the last word on each record with
        what is known under the lock. Returns the outcomes written now, in the order given.
        """
        ...

    def search(self, query: Query) -> list[Found]: ...

    def show(self, article_id: str) -> dict[str, Any] | None:
        """All that is stored of one article, by its id or a unique beginning of it."""
        ...

    def listing(self, receipts: Sequence[str]) -> list[tuple[Outcome, Found | None]]:
        """What became of these receipts, in the order given; those without outcome are left out."""
        ...

    def letters(self, letter_ids: Sequence[str]) -> list[Letter]:
        """These dead letters, in the order given; unknown ids are left out."""
        ...

    def close(self) -> None: ...
