"""What a store is asked, and what it answers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from worker.model.admission import Media
from worker.model.records import Contributor
from worker.model.source_trust import SourceIds


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A search. Empty fields do not restrict; words use quotes for phrases, `-` to exclude."""

    words: str = ""
    tag: str = ""
    source: str = ""
    language: str = ""
    verdict: str = ""  # of the newest revision
    since: datetime | None = None  # published, or else received: from here on
    until: datetime | None = None  # and before this
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTag:
    scheme: str
    code: str
    label: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArticle:
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
    REFRESHED = "refreshed"  # cleaned again: title and text are the same revision, the rest changed
    JUDGED = "judged"  # verdict or cluster changed, the content did not
    WITHDRAWN = "withdrawn"  # taken down, by its publisher or by hand: no content is left


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step of the change feed."""

    cursor: str  # reading on from here gives what follows
    at: datetime
    kind: ChangeKind
    article_id: str
    revision: int
    article: StoredArticle | None  # that revision; None when its content is gone by now


class DeadLetterState(StrEnum):
    """Where a dead letter stands. Dying again it is dead again, however often it was replayed."""

    DEAD = "dead"
    REPLAYING = "replaying"  # the replay has no outcome yet
    REPLAYED = "replayed"  # the replay became something else than dead


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterQuery:
    """Which dead letters. Empty fields do not restrict."""

    beginnings: tuple[str, ...] = ()  # of ids
    reason: str = ""
    source: str = ""
    stage: str = ""
    since: datetime | None = None  # seen last from here on
    states: tuple[DeadLetterState, ...] = (DeadLetterState.DEAD,)
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDeadLetter:
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
    state: DeadLetterState = DeadLetterState.DEAD
    replay: str | None = None  # receipt of the last replay
    replay_at: datetime | None = None
    outcome: str | None = None  # of that receipt
    article_id: str | None = None  # which it became


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSeen:
    """A source with its counts."""

    source: str
    receipts: int
    dead: int
    first_seen: datetime
    last_seen: datetime
    ids: SourceIds
    distrusted: bool  # an id counts no more than a link: content has to confirm it


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedLineCount:
    """A line that cleaning left out of articles of one source because the source repeats it."""

    line: str  # as it stood the last time
    rule: str  # learned or pinned
    times: int
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayTitle:
    """What a person calls an article by."""

    article_id: str
    title: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptTally:
    """The journal against the outcomes as of one moment. Days are UTC days of the entries."""

    ended: dict[tuple[str, str], int]  # (day, outcome) -> receipts
    open: dict[str, str]  # receipt without outcome -> day
    foreign: dict[str, int]  # day of the outcome -> receipts that have one and no entry
