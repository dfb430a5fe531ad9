"""Values that the store takes and returns: queries, and what they find."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from worker.model.admission import Media
from worker.model.records import Contributor
from worker.model.source_trust import SourceIds


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A search for articles. An empty field does not restrict the search.

    `words` is text as people type it: quotes make phrases, `-` excludes a word.
    """

    words: str = ""
    tag: str = ""
    source: str = ""
    language: str = ""
    verdict: str = ""  # of the newest revision
    since: datetime | None = None  # published (else received) at or after this time
    until: datetime | None = None  # and before this time
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """An article as search results and listings show it: its newest revision, without the text."""

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
    tags: tuple[str, ...]  # "scheme:code", strongest first
    labels: tuple[str, ...]  # of the same tags
    snippet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTag:
    """A tag of a stored article, without the evidence for it."""

    scheme: str
    code: str
    label: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArticle:
    """One revision of an article with all its content, for exports and the change feed.

    Only the newest revision has tags.
    """

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
    contributors: tuple[Contributor, ...]  # names and roles from the credits
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
    tags: tuple[StoredTag, ...] = ()  # strongest first


class ChangeKind(StrEnum):
    """The kind of a change in the change feed: what happened to an article."""

    STORED = "stored"  # a revision was added
    RETAGGED = "retagged"  # its tags changed, the content did not
    REFRESHED = "refreshed"  # cleaned again: same title and text, other fields changed
    JUDGED = "judged"  # verdict or cluster changed, the content did not
    WITHDRAWN = "withdrawn"  # removed by its publisher or an operator: no content remains


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of the change feed: what happened to an article, and its content at that time."""

    cursor: str  # the next page starts after this change
    at: datetime
    kind: ChangeKind
    article_id: str
    revision: int
    article: StoredArticle | None  # that revision, or None when its content was removed since


class DeadLetterState(StrEnum):
    """The state of a dead letter: not replayed, being replayed, or replayed with success.

    To replay is to send it through the worker again. A letter that then fails is `dead` again.
    """

    DEAD = "dead"
    REPLAYING = "replaying"  # the replay has no outcome yet
    REPLAYED = "replayed"  # the replay has an outcome other than dead


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterQuery:
    """A search for dead letters. An empty field does not restrict the search."""

    id_prefixes: tuple[str, ...] = ()  # of letter ids
    reason: str = ""
    source: str = ""
    stage: str = ""
    since: datetime | None = None  # last seen at or after this time
    states: tuple[DeadLetterState, ...] = (DeadLetterState.DEAD,)
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDeadLetter:
    """A dead letter in the store: how often it failed, why, its payload and its last replay."""

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
    sha256: str = ""  # of the original payload
    whole: bool = True  # False: the payload was cut off or deleted
    queue: str = ""  # queue of an undeliverable message
    state: DeadLetterState = DeadLetterState.DEAD
    replay: str | None = None  # receipt of the last replay
    replay_at: datetime | None = None
    outcome: str | None = None  # of that receipt
    article_id: str | None = None  # the article of that outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSeen:
    """A source that has delivered articles, with counts of receipts, dead letters and bad ids."""

    source: str
    receipts: int
    dead: int
    first_seen: datetime
    last_seen: datetime
    ids: SourceIds
    distrusted: bool  # an external id must be confirmed by the content, like a link


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDetails:
    """A source with the numbers of its receipts by outcome and of its dead letters by reason.

    The most frequent outcome and reason come first.
    """

    source: SourceSeen
    outcomes: dict[str, int]
    dead_letters: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedLineCount:
    """A line that cleaning removed from articles because their source repeats it, and how often."""

    line: str  # as it was written the last time
    rule: str  # learned or pinned
    times: int
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayTitle:
    """The title and source of an article, to show to people in place of its id."""

    article_id: str
    title: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptTally:
    """The receipts that the broker accepted in a period, compared with the outcomes in the store.

    Days are UTC days of the journal entry, or of the outcome where there is no entry.
    """

    ended: dict[tuple[str, str], int]  # (day, outcome) -> receipts
    open: dict[str, str]  # receipt without an outcome -> day
    foreign: dict[str, int]  # day of the outcome -> number of receipts without a journal entry


@dataclass(frozen=True, slots=True, kw_only=True)
class LostMessages:
    """Messages that the broker acknowledged and lost together with their journal entries.

    A producer numbers its messages, and these numbers are missing. Their receipts are unknown.
    """

    producer: str
    first: int  # number of the first lost message
    last: int
    after: datetime | None  # when the message before them was pushed; None: they are the first
    before: datetime  # when the message after them was pushed

    @property
    def count(self) -> int:
        return self.last - self.first + 1
