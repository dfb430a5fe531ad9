"""Values that pass from one stage of the pipeline to the next. All are immutable.

RawArticle -> clean -> Article -> fingerprint -> Fingerprint -> resolve -> Verdict
           -> tag -> (Tag, ...) -> Record -> write -> Outcome
"""

import struct
from dataclasses import dataclass, field
from datetime import datetime
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


class OutcomeKind(StrEnum):
    """What became of one receipt, that is of one delivered raw article.

    Either one of the five verdicts on the article (`new` to `variant`); or `withdrawn`, the article
    was taken down; or `dead`, it could not be processed.
    """

    NEW = "new"
    UNCHANGED = "unchanged"
    REVISION = "revision"
    DUPLICATE = "duplicate"
    VARIANT = "variant"
    WITHDRAWN = "withdrawn"
    DEAD = "dead"


def article_id_of(source: str, key: str) -> str:
    """Return the id of an article: 128 bits of BLAKE2b over its source and key, as hex."""
    return blake2b(f"{source}\0{key}".encode("utf-8", "replace"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A line that cleaning removed from the text of an article, and the name of the rule for it."""

    rule: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributor:
    """A person named in the credits of an article, with the role in its making."""

    name: str
    role: str  # reporting, writing, editing, translation, photography


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A raw article after cleaning: text, dates, links, identity and further metadata.

    Paragraphs of `text` are separated by a blank line; dates are timezone-aware and in UTC.
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
    flags: tuple[str, ...] = ()  # truncated, future-date, bad-date, mojibake …
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
    """The hashes by which the texts of two articles are compared.

    The fields of type bytes are sets of 32-bit hashes, ascending and little-endian. Each is the
    upper half of a 64-bit hash.
    """

    content_hash: str  # of the cleaned title and text: equal means unchanged
    text_hash: str  # of the words only: equal means an exact copy
    words: int
    sketch: tuple[int, ...] = ()  # the k smallest 64-bit shingle hashes, ascending
    scale: int = 1  # only shingles with a hash below 2**64 / scale are kept
    shingles: bytes = b""
    opening: bytes = b""  # the shingles of the start of the text
    vocabulary: bytes = b""  # content words of the text
    title: bytes = b""  # content words of the title
    figures: bytes = b""  # two uint32 for each figure: of the words around it, and of the figure
    day: str = ""  # ISO day of publication, "" when unknown
    version: str = ""

    def packed(self) -> bytes:
        """Return the fingerprint as bytes for the store, uncompressed: hashes do not compress."""
        texts = f"{self.day}\n{self.version}".encode("ascii")
        sketch = struct.pack(f"<{len(self.sketch)}Q", *self.sketch)
        parts = (texts, sketch, *(getattr(self, name) for name in _SETS))
        head = _HEAD.pack(_FORMAT, self.words, self.scale, *map(len, parts))
        return b"".join((head, bytes.fromhex(self.content_hash + self.text_hash), *parts))

    @classmethod
    def unpacked(cls, data: bytes | None) -> "Fingerprint | None":
        """Return the fingerprint from the bytes that `packed` made.

        Returns None when there are no bytes, or another release packed them in another format.
        """
        if not data or data[0] != _FORMAT:
            return None
        _, words, scale, *lengths = _HEAD.unpack_from(data)
        hashes = data[_HEAD.size : _HEAD.size + 32].hex()
        offsets = list(accumulate(lengths, initial=_HEAD.size + 32))
        texts, sketch, *sets = (data[start:end] for start, end in pairwise(offsets))
        day, version = texts.decode("ascii").split("\n")
        return cls(
            content_hash=hashes[:32],
            text_hash=hashes[32:],
            words=words,
            scale=scale,
            sketch=struct.unpack(f"<{len(sketch) // 8}Q", sketch),
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
    """What the store knows about an article before it writes a batch with a new version of it.

    The deduplicator compares the new version with this value.
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
    """How an article relates to those stored before it: new, a revision, a copy and so on.

    It carries its evidence: the signal that decided, scores, thresholds, and the article compared
    with.
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
    """A passage that is evidence for a tag: characters [start, end) of a field of the article."""

    field: str  # title, text, url, category …
    start: int
    end: int
    surface: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag of an article, with the rule or model that gave it, and its evidence."""

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
    """All that is stored for one receipt of an article, as the pipeline hands it to the store."""

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
    """The newest stored revision of an article, with what re-tagging or cleaning it again needs."""

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
    """New tags for a stored revision, made by newer tagging rules.

    The store skips them if the revision was replaced, withdrawn or re-tagged after it was read.
    """

    article_id: str
    revision: int
    was: str  # version of the tagger when the revision was read
    tags: tuple[Tag, ...]
    tagger: str
    config: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A publisher's request to take an article down.

    The store removes its content and keeps its row, the tombstone, so that the article is not
    stored again.
    """

    receipt: str
    source: str
    keys: tuple[str, ...]  # the article may be stored under any of these
    payload_hash: str = ""  # Payload.digest of the raw article that requests it


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A raw article, or a whole message, that can't be processed, with the reason.

    Dead letters with equal payloads have the same letter id and are stored as one.
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
    """A record that the broker accepted the raw article with this receipt, in this message.

    The ledger looks for accepted receipts that never got an outcome.
    """

    receipt: str
    message_id: str
    at: datetime  # by the broker's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The worker that processed a batch, and how often the batch's message had been delivered.

    A delivery counts when the worker finished the message or died with it. A delivery does not
    count when the worker gave the message back because of an outage or a shutdown.
    """

    worker: str = ""  # "celery@host/pid", "" when unknown
    deliveries: int = 1  # of its message, including the last one


NO_ATTEMPT = Attempt()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The final result of one receipt, with the article or dead letter that it led to."""

    receipt: str
    kind: OutcomeKind
    source: str
    at: datetime
    article_id: str = ""
    revision: int = 0
    letter_id: str = ""
    reason: str = ""
    handling: Attempt = NO_ATTEMPT
