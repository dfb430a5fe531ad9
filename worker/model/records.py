"""Values that pass from one stage of the processing of an article to the next. All are immutable.

    RawArticle -> clean -> Article -> fingerprint -> Fingerprint -> resolve -> Verdict
               -> tag -> (Tag, ...) -> Record -> write -> Outcome

Article, Fingerprint and Tag have modules of their own, and may be imported from here too.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from worker.errors import Reason
from worker.model.admission import Payload
from worker.model.cleaned_article import Article, Contributor, Dropped, article_id_of
from worker.model.completeness import Extent
from worker.model.fetched_page import SHRUNKEN, FetchedPage, HeldContent
from worker.model.tags import Span, Tag
from worker.model.text_hashes import Fingerprint

__all__ = [
    "NO_ATTEMPT",
    "Article",
    "Attempt",
    "Contributor",
    "DeadLetter",
    "Dropped",
    "Fingerprint",
    "JournalEntry",
    "Outcome",
    "OutcomeKind",
    "Record",
    "Retagged",
    "Scores",
    "Span",
    "StoredIdentity",
    "StoredRecord",
    "Tag",
    "Verdict",
    "Withdrawal",
    "article_id_of",
]

Scores = dict[str, float]  # name of a measure or threshold -> its value


class OutcomeKind(StrEnum):
    """What became of one delivered raw article.

    Either it was stored or recognised, with a verdict how it relates to the articles before it
    (`new`, `unchanged`, `revision`, `duplicate` or `variant`); or its publisher took the article
    down (`withdrawn`); or it could not be processed (`dead`).
    """

    NEW = "new"
    UNCHANGED = "unchanged"
    REVISION = "revision"
    DUPLICATE = "duplicate"
    VARIANT = "variant"
    WITHDRAWN = "withdrawn"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIdentity:
    """What the store knows about an article before a new version of it is written.

    A delivered article is compared with it, to decide whether it is the same article and has
    changed. `hashes` are the content hashes of all its revisions; `extent` (text, teaser or only
    title), `words` and `fingerprint` are those of the newest. `held` are contents that are stored
    but not shown, because the page had suddenly much less text. `raw_mark` is a hash of the raw
    article processed last, by which an equal one is recognised. `keys` are the ids and links by
    which it was found, and `alternatives` other articles found by them. `distrusted` says that its
    source gives unreliable ids.
    """

    article_id: str
    hashes: frozenset[str]  # content hashes of all its revisions
    revision: int  # number of the newest
    cluster_id: str
    withdrawn: bool = False
    withdrawal_fetched: datetime | None = None  # by the publisher; None: withdrawn for good
    extent: Extent = Extent.TEXT  # of the newest revision
    words: int = 0  # of the newest revision
    held: tuple[HeldContent, ...] = ()
    raw_mark: bytes | None = None
    fingerprint: Fingerprint | None = None  # of the newest revision
    keys: frozenset[str] = frozenset()  # the requested keys that this article has
    distrusted: bool = False  # the external ids of its source are not trusted: see SourceIds
    alternatives: tuple[
        "StoredIdentity", ...
    ] = ()  # other articles that have some of the requested keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How an article relates to those stored before it: new, a revision, a copy and so on (`kind`).

    `cluster_id` is the id of the original in its cluster of copies. `signal` names what decided,
    such as `exact` for equal words, and `rival` the article with which it was compared; `scores`
    are the similarities measured, `thresholds` their limits. `change` is how much a revision
    changed (format, minor or substantial); `extent` whether the article has a text, a teaser or
    only a title.
    """

    kind: OutcomeKind
    article_id: str
    revision: int
    cluster_id: str  # article_id of the cluster's canonical article
    signal: str  # the deciding signal: identity, content-hash, exact, near, contained, extended …
    rival: str = ""  # id of the article it was compared with, "" for none
    scores: Scores = field(default_factory=dict)
    thresholds: Scores = field(default_factory=dict)
    version: str = ""  # of the deduper and its rules
    change: str = ""  # of a revision: format, minor or substantial
    extent: Extent = Extent.TEXT  # of the article that the verdict is about

    @property
    def is_held(self) -> bool:
        """Whether the text is stored but not shown, because the page of the article suddenly gave
        much less text than is known of it."""
        return self.kind is OutcomeKind.UNCHANGED and self.signal == SHRUNKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that the store is to write for one raw article that was processed without an error.

    `receipt` is the id of its delivery, and `payload` its raw JSON. `tagger` is the version of the
    tagging rules, `config` a digest of all rules. `page` is the fetch of the page that gave the
    text, None if no page did. `reprocessed` is True for a stored article that was cleaned again.
    `live` is True if the source has just delivered the article, so that it may bring back a
    withdrawn one; `fetched` is when it was fetched, None if unknown. `raw_digest` is a hash by
    which an equal raw article is found unchanged later.
    """

    receipt: str
    payload: Payload
    article: Article
    fingerprint: Fingerprint
    verdict: Verdict
    tags: tuple[Tag, ...] = ()
    tagger: str = ""  # version of all tagging rules and models
    config: str = ""  # digest of the rules in force
    page: FetchedPage | None = None
    reprocessed: bool = False  # a stored payload that was cleaned again: no new sighting
    live: bool = False  # just delivered by its source, neither reprocessed nor replayed
    fetched: datetime | None = None  # when its source was asked for it, if that is known
    raw_digest: bytes = b""  # by which its raw article is recognised; b"": it is not


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """The newest stored revision of an article, read in order to tag or clean it again.

    `payload` is the raw article as JSON, and `received` the date when it was delivered. `versions`
    has the versions of cleaner and tagger that made the revision.
    """

    article_id: str
    revision: int
    article: Article
    content_hash: str
    received: datetime
    versions: dict[str, str]
    payload: str
    tags: tuple[Tag, ...] = ()  # strongest first

    @property
    def tagger(self) -> str:
        return self.versions.get("tagger", "")

    @property
    def cleaner(self) -> str:
        return self.versions.get("cleaner", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retagged:
    """New tags for a stored revision of an article, made by newer tagging rules.

    `was` is the version of the rules that gave the old tags, `tagger` that of the newer ones, and
    `config` a digest of all rules in force. The store ignores these tags if the revision was
    replaced, withdrawn or tagged again meanwhile.
    """

    article_id: str
    revision: int
    was: str  # version of the tagger when the revision was read
    tags: tuple[Tag, ...]
    tagger: str
    config: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A publisher's request to take an article down, delivered under the id `receipt`.

    The store finds the article by its source and one of `keys`, and removes its content. The
    article is not stored again, unless it is fetched later than the request: then the publisher has
    put it back. `fetched` is when the request was fetched, None if that is not known.
    `payload_hash` is a hash of its JSON.
    """

    receipt: str
    source: str
    keys: tuple[str, ...]  # the article may be stored under any of these
    payload_hash: str = ""  # Payload.digest of the raw article that requests it
    fetched: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A raw article, or a whole message from the queue, that could not be processed, and why.

    `receipt` is the id of the delivery, and `payload` the article or message itself. `stage` is the
    part of the processing in which it failed. `queue` is the queue of a message, "" for an article.
    Dead letters with equal payloads are stored as one.
    """

    receipt: str
    reason: Reason
    detail: str
    stage: str  # the last stage that started: broker, admit, clean, deduplicate, tag, write
    source: str
    payload: Payload
    queue: str = ""  # queue of an undeliverable message, which is the payload

    @property
    def letter_id(self) -> str:
        return self.payload.sha256[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """A note that the broker accepted a raw article, made when the article is sent.

    `receipt` is the id of this delivery of the article, `message_id` that of the message with it.
    `worker ledger` compares these notes with the outcomes, to find articles that got lost.
    """

    receipt: str
    message_id: str
    at: datetime  # by the broker's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Which worker processed a batch of articles, and how often the batch's message had been
    delivered by then, including this time (`deliveries`).

    Deliveries do not count if a worker gave the message back unprocessed, because of an outage or a
    shutdown. `worker` is "" if it is unknown. `traceparent` is the trace (W3C Trace Context) that
    the message belonged to; "" if it named none.
    """

    worker: str = ""  # "celery@host/pid", "" when unknown
    deliveries: int = 1  # of its message, including the last one
    traceparent: str = ""


NO_ATTEMPT = Attempt()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one delivered raw article, or of one piece of work on a stored article.

    `receipt` is the id of the delivery or of the work, for which the store keeps only one outcome.
    `article_id` and `revision` name the stored article, or `letter_id` and `reason` the dead letter
    if it failed. `handling` names the worker that did it.
    """

    receipt: str
    kind: OutcomeKind
    source: str
    at: datetime
    article_id: str = ""
    revision: int = 0
    letter_id: str = ""
    reason: str = ""
    handling: Attempt = NO_ATTEMPT
