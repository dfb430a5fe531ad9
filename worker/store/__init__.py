"""Truth: articles, their revisions, tags and decisions, and the outcome of every receipt."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from worker.contract import Frozen, Media
from worker.models import (
    NOBODY,
    Article,
    Contributor,
    DeadLetter,
    Entry,
    Fingerprint,
    Handling,
    Known,
    Outcome,
    Record,
    Retagged,
    SourceIds,
    StoredRecord,
    Verdict,
    Withdrawal,
)
from worker.store.clusters import Clusters

Judge = Callable[[Verdict, str, Known | None], Verdict]
"""(verdict, content_hash, what is known under the lock) -> the verdict that holds now."""


class Query(Frozen):
    """A search. Empty fields do not restrict; words use quotes for phrases, `-` to exclude."""

    words: str = ""
    tag: str = ""
    source: str = ""
    language: str = ""
    verdict: str = ""  # of the newest revision
    since: datetime | None = None  # published, or else received: from here on
    until: datetime | None = None  # and before this
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


class StoredTag(Frozen):
    scheme: str
    code: str
    label: str
    score: float


class StoredArticle(Frozen):
    """One revision of an article with all its content. Tags belong to the newest revision."""

    article_id: str
    revision: int
    source: str
    title: str
    text: str
    summary: str
    url: str
    language: str
    words: int
    published: datetime | None
    updated: datetime | None
    received: datetime
    authors: tuple[str, ...]
    contributors: tuple[Contributor, ...]  # whom the credits name, with their roles
    categories: tuple[str, ...]
    keywords: tuple[str, ...]
    place: str  # of the dateline
    agency: str
    html: str  # the body as safe markup; empty unless `html.keep` is set
    image: str  # address of the lead image
    media: tuple[Media, ...]
    flags: tuple[str, ...]
    verdict: str
    cluster_id: str
    tags: tuple[StoredTag, ...] = ()  # best first


class ChangeKind(StrEnum):
    """What happened to an article."""

    STORED = "stored"  # a revision was added
    RETAGGED = "retagged"  # its tags changed, the content did not
    JUDGED = "judged"  # verdict or cluster changed, the content did not
    WITHDRAWN = "withdrawn"  # taken down, by its publisher or by hand: no content is left


class Change(Frozen):
    """One step of the change feed."""

    cursor: str  # reading on from here gives what follows
    at: datetime
    kind: ChangeKind
    article_id: str
    revision: int
    article: StoredArticle | None  # that revision; None when its content is gone by now


class LetterState(StrEnum):
    """Where a dead letter stands. Dying again it is dead again, however often it was replayed."""

    DEAD = "dead"
    REPLAYING = "replaying"  # the replay has no outcome yet
    REPLAYED = "replayed"  # the replay became something else than dead


class LetterQuery(Frozen):
    """Which dead letters. Empty fields do not restrict."""

    beginnings: tuple[str, ...] = ()  # of ids
    reason: str = ""
    source: str = ""
    stage: str = ""
    since: datetime | None = None  # seen last from here on
    states: tuple[LetterState, ...] = (LetterState.DEAD,)
    limit: int | None = None


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
    sha256: str = ""  # of what the payload stands for
    whole: bool = True  # else the payload is only the beginning, or was deleted
    queue: str = ""  # where an undeliverable message waited
    state: LetterState = LetterState.DEAD
    replay: str | None = None  # receipt of the last replay
    replay_at: datetime | None = None
    outcome: str | None = None  # of that receipt
    article_id: str | None = None  # which it became


class SourceSeen(Frozen):
    """A source with its counts."""

    source: str
    receipts: int
    dead: int
    first_seen: datetime
    last_seen: datetime
    ids: SourceIds
    distrusted: bool  # an id counts no more than a link: content has to confirm it


class Title(Frozen):
    """What a person calls an article by."""

    article_id: str
    title: str
    source: str


class Tally(Frozen):
    """The journal against the outcomes as of one moment. Days are UTC days of the entries."""

    ended: dict[tuple[str, str], int]  # (day, outcome) -> receipts
    open: dict[str, str]  # receipt without outcome -> day
    foreign: dict[str, int]  # day of the outcome -> receipts that have one and no entry


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
        handling: Handling = NOBODY,
    ) -> list[Outcome]:
        """Write a batch in one transaction; receipts that already have an outcome are passed over.

        Articles are locked in sorted id order, and `judge` has the last word on each record with
        what is known under the lock. Returns the outcomes written now, in the order given.
        `handling` is kept with each receipt.
        """
        ...

    def search(self, query: Query) -> list[Found]: ...

    def show(self, article_id: str) -> dict[str, Any] | None:
        """All that is stored of one article, by its id or a unique beginning of it."""
        ...

    def listing(self, receipts: Sequence[str]) -> list[tuple[Outcome, Found | None]]:
        """What became of these receipts, in the order given; those without outcome are left out."""
        ...

    def count(self, query: Query) -> int:
        """How many articles it finds, whatever its limit."""
        ...

    def articles(self, query: Query, *, all_revisions: bool = False) -> Iterator[StoredArticle]:
        """Every article it finds, whatever its limit, in the order in which they were stored.

        Reads a page at a time. An article revised meanwhile may come twice, the newer one last.
        """
        ...

    def article_ids(self, query: Query) -> Sequence[str]:
        """The ids of the articles it finds, in the order of storage, as many as its limit."""
        ...

    def cursor(self, since: str) -> str:
        """Where `start`, `now` or a cursor stands. Raises LookupError for what is none of these."""
        ...

    def changes(self, cursor: str, limit: int = ...) -> list[Change]:
        """The page that follows the cursor, oldest first: nothing twice, and nothing left out."""
        ...

    def stale(
        self, query: Query, part: str, version: str, after: int, limit: int
    ) -> list[tuple[int, str]]:
        """(place, article id) of newest revisions whose `part` (tagger, cleaner) is of another
        version, behind that place in the order of storage."""
        ...

    def count_stale(self, query: Query, part: str, version: str) -> int:
        """How many there are, whatever the limit."""
        ...

    def records(self, article_ids: Sequence[str]) -> list[StoredRecord]:
        """The newest revisions of these, without the withdrawn, in the order of the ids."""
        ...

    def retag(self, retagged: Sequence[Retagged], *, now: datetime) -> int:
        """Replace tags; returns how many articles read differently now.

        What was revised, withdrawn or re-tagged since it was read is passed over.
        """
        ...

    def delete(self, article_ids: Sequence[str], *, now: datetime) -> int:
        """Take articles down as their publisher would; returns how many were not down before.

        Two transactions; a call that was broken off may be repeated.
        """
        ...

    def letters_of(self, source: str, before: datetime | None, after: str = "") -> list[Letter]:
        """A page of the source's dead letters last seen before then, by id, after an id."""
        ...

    def empty_letters(self, letter_ids: Sequence[str]) -> None:
        """Take payload and detail out of dead letters; the rest stays as a tombstone."""
        ...

    def letters(self, letter_ids: Sequence[str]) -> list[Letter]:
        """These dead letters, in the order given; unknown ids are left out."""
        ...

    def letter_ids(self, query: LetterQuery) -> Sequence[str]:
        """The ids of the dead letters it finds, the last seen first."""
        ...

    def count_letters(self, query: LetterQuery) -> dict[str, int]:
        """How many dead letters it finds of each reason, whatever its limit; the most first."""
        ...

    def mark_replays(self, replays: Mapping[str, str], *, now: datetime) -> None:
        """Note which receipt each of these dead letters was sent again under."""
        ...

    def drop_letters(self, letter_ids: Sequence[str]) -> int:
        """Remove dead letters for good; returns how many there were."""
        ...

    def expire_letters(self, before: datetime) -> int:
        """Remove the dead letters last seen before then, unless one is being replayed."""
        ...

    def titles(self, article_ids: Sequence[str]) -> dict[str, Title]:
        """Titles and sources of these articles; the withdrawn have none."""
        ...

    def known_by(self, keys: Sequence[str], urls: Sequence[str]) -> Sequence[str]:
        """Ids of the articles of any source that have one of these keys or canonical links."""
        ...

    def enter(self, entries: Sequence[Entry]) -> None:
        """Write entries of the journal down; a receipt that is there keeps its first entry."""
        ...

    def entries(self, receipts: Sequence[str]) -> list[Entry]:
        """The journal's entries of these receipts, oldest first."""
        ...

    def tally(self, since: datetime, until: datetime) -> Tally:
        """The journal of this time against the outcomes."""
        ...

    def sources(self) -> list[SourceSeen]:
        """All sources, the last seen first."""
        ...

    def source(self, name: str) -> dict[str, Any] | None:
        """One source with its receipts by outcome and its dead letters by reason."""
        ...

    @property
    def clusters(self) -> Clusters: ...

    def close(self) -> None: ...
