"""Values that pass from one stage of the processing of an article to the next. All are immutable.

RawArticle -> clean -> Article -> fingerprint -> Fingerprint -> resolve -> Verdict
           -> tag -> (Tag, ...) -> Record -> write -> Outcome
"""

import struct
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from hashlib import blake2b
from itertools import accumulate, pairwise

from worker.errors import Reason
from worker.model.admission import Media, Payload
from worker.model.completeness import Extent

Scores = dict[str, float]  # name of a measure or threshold -> its value

_SETS = ("shingles", "opening", "vocabulary", "title", "figures")
_FORMAT = 2  # of packed fingerprints
_HEAD = struct.Struct("<BII7I")  # format, words, scale, lengths of the parts
SKETCH_VERSION = 2  # increased when the same text gets another sketch


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


def article_id_of(source: str, key: str) -> str:
    """Return the id of an article, made of its source and of its key within the source.

    It is 128 bits of BLAKE2b as hex, so the same article has the same id in every worker.
    """
    return blake2b(f"{source}\0{key}".encode("utf-8", "replace"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A line that cleaning removed from the text of an article, such as an advertisement.

    `rule` is the name of the cleaning rule that removed it.
    """

    rule: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributor:
    """A person named in the credits of an article, and the role: reporting, editing, photography
    …"""

    name: str
    role: str  # reporting, writing, editing, translation, photography


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A raw article after cleaning: text, dates, links, identity and further metadata.

    `key` identifies it within its source; `aliases` and `opening_key` (made of the beginning of the
    text) are further keys by which it is found. `agency` and `place` are from the dateline.
    Paragraphs of `text` are separated by a blank line; dates are in UTC. `flags` name faults, such
    as `bad-date`.
    """

    source: str
    key: str  # "id:…", "url:…" or "text:…": identifies the article within its source
    aliases: tuple[str, ...] = ()  # further keys of the article, in the same form
    opening_key: str = ""  # "text:…": used when another article has the other keys
    title: str
    text: str
    summary: str = ""
    url: str = ""  # canonical link, tracking parameters removed
    published: datetime | None = None
    published_day: date | None = None  # in the publisher's own time zone
    published_zone: str | None = None  # "Europe/Paris", "+02:00" or "UTC"; None if unknown
    updated: datetime | None = None
    authors: tuple[str, ...] = ()
    contributors: tuple[Contributor, ...] = ()  # from "(Reporting by …; Editing by …)"
    place: str = ""  # of the dateline
    html: str = ""  # the body as safe markup, if the config enables it
    agency: str = ""  # from the dateline, or from a line that names the source
    categories: tuple[str, ...] = ()  # feed categories and section lines
    keywords: tuple[str, ...] = ()  # keywords of its page
    image: str = ""  # address of the lead image
    media: tuple[Media, ...] = ()
    language: str = "und"  # BCP 47 primary subtag, "und" when undetermined
    words: int = 0
    flags: tuple[str, ...] = ()  # truncated, paywalled, future-date, bad-date, mojibake …
    dropped: tuple[Dropped, ...] = ()
    cleaner: str = ""  # version of the cleaner and its rules
    learned: str = ""  # version of the lines learned from its source, "" for none

    @property
    def article_id(self) -> str:
        return article_id_of(self.source, self.key)

    @property
    def extent(self) -> Extent:
        return Extent.of(self.words, self.flags)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Hashes of an article's text, by which it is compared with other articles to find copies.

    `content_hash` is equal for unchanged articles, `text_hash` for articles with equal words. The
    fields of type bytes are sets of hashes of words or word sequences; the more of them two
    articles share, the more similar they are. `sketch` is a small sample for the similarity index,
    `day` the day of publication, and `version` that of the code that made the hashes.

    `sketch_version` says how the sketch was chosen; 1 stands for the smallest hashes. A new
    fingerprint also has these, as `former_sketch`, because an index may still have entries of
    articles that were registered by them. They are not packed.
    """

    content_hash: str  # of the cleaned title and text: equal means unchanged
    text_hash: str  # of the words only: equal means an exact copy
    words: int
    sketch: tuple[int, ...] = ()  # a few of the 64-bit shingle hashes, ascending
    sketch_version: int = 1
    former_sketch: tuple[int, ...] = field(default=(), compare=False)
    scale: int = 1  # only shingles with a hash below 2**64 / scale are kept
    shingles: bytes = b""
    opening: bytes = b""  # the shingles of the start of the text
    vocabulary: bytes = b""  # content words of the text
    title: bytes = b""  # content words of the title
    figures: bytes = b""  # two uint32 for each figure: of the words around it, and of the figure
    day: str = ""  # ISO day of publication, "" when unknown
    version: str = ""

    def packed(self) -> bytes:
        """Return the fingerprint as bytes for the store, from which unpacked() makes it again."""
        texts = f"{self.day}\n{self.version}".encode("ascii")
        sketch = struct.pack(f"<{len(self.sketch)}Q", *self.sketch)
        parts = (texts, sketch, *(getattr(self, name) for name in _SETS))
        head = _HEAD.pack(_FORMAT, self.words, self.scale, *map(len, parts))
        # Last, where workers of the version before don't look.
        sketch_version = bytes((self.sketch_version,))
        hashes = bytes.fromhex(self.content_hash + self.text_hash)
        return b"".join((head, hashes, *parts, sketch_version))

    @classmethod
    def unpacked(cls, data: bytes | None) -> "Fingerprint | None":
        """Make the fingerprint (hashes of an article's text) from the bytes that packed() returned.

        Returns None when there are no bytes, or another release packed them in another format.
        """
        if not data or data[0] != _FORMAT:
            return None
        _, words, scale, *lengths = _HEAD.unpack_from(data)
        hashes = data[_HEAD.size : _HEAD.size + 32].hex()
        offsets = list(accumulate(lengths, initial=_HEAD.size + 32))
        texts, sketch, *sets = (data[start:end] for start, end in pairwise(offsets))
        day, version = texts.decode("ascii").split("\n")
        end = data[offsets[-1] :]
        return cls(
            content_hash=hashes[:32],
            text_hash=hashes[32:],
            words=words,
            scale=scale,
            sketch=struct.unpack(f"<{len(sketch) // 8}Q", sketch),
            sketch_version=end[0] if end else 1,
            shingles=sets[0],
            opening=sets[1],
            vocabulary=sets[2],
            title=sets[3],
            figures=sets[4],
            day=day,
            version=version,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIdentity:
    """What the store knows about an article before a new version of it is written.

    A delivered article is compared with it, to decide whether it is the same article and has
    changed. `hashes` are the content hashes of all its revisions; `extent` (text, teaser or only
    title) and `fingerprint` are those of the newest. `keys` are the ids, links and so on by which
    it was found; `alternatives` are other articles that were found by them. `distrusted` says that
    its source gives ids that are not reliable.
    """

    article_id: str
    hashes: frozenset[str]  # content hashes of all its revisions
    revision: int  # number of the newest
    cluster_id: str
    withdrawn: bool = False
    extent: Extent = Extent.TEXT  # of the newest revision
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A passage of an article that is evidence for a tag: characters [start, end) of the field
    `field`.

    `surface` is the passage as written there.
    """

    field: str  # title, text, url, category …
    start: int
    end: int
    surface: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag of an article, such as a topic or a name, with its evidence in the article.

    `scheme` is the kind of tag and `code` its id in the scheme. `method` and `rule` say how it was
    given, `version` by which version of the rules or model, and `spans` by which passages.
    """

    scheme: str  # "taxonomy", "category" …
    code: str
    label: str
    score: float = 1.0
    method: str = "rule"
    rule: str = ""
    version: str = ""
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that the store is to write for one raw article that was processed without an error.

    `receipt` is the id of its delivery. `tagger` is the version of the tagging rules, `config` a
    digest of all rules. `reprocessed` is True for a stored article that was cleaned again.
    """

    receipt: str
    payload: Payload
    article: Article
    fingerprint: Fingerprint
    verdict: Verdict
    tags: tuple[Tag, ...] = ()
    tagger: str = ""  # version of all tagging rules and models
    config: str = ""  # digest of the rules in force
    reprocessed: bool = False  # a stored payload that was cleaned again: no new sighting


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

    The store finds the article by its source and one of these keys, and removes its content. A row
    without content stays, so that the article is not stored again if it is delivered again.
    """

    receipt: str
    source: str
    keys: tuple[str, ...]  # the article may be stored under any of these
    payload_hash: str = ""  # Payload.digest of the raw article that requests it


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
    shutdown. `worker` is "" if it is unknown.
    """

    worker: str = ""  # "celery@host/pid", "" when unknown
    deliveries: int = 1  # of its message, including the last one


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
