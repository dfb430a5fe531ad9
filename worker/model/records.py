"""The vocabulary as values: what each stage takes and gives. All frozen, none half-made.

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
    """What became of one receipt: the five verdicts, and the two ends without one."""

    NEW = "new"
    UNCHANGED = "unchanged"
    REVISION = "revision"
    DUPLICATE = "duplicate"
    VARIANT = "variant"
    WITHDRAWN = "withdrawn"
    DEAD = "dead"


def article_id_of(source: str, key: str) -> str:
    """The id of an article: 128 bits of BLAKE2b over its source and key, as hex."""
    return blake2b(f"{source}\0{key}".encode("utf-8", "replace"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A line that cleaning took out of the text, and the rule that did it."""

    rule: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributor:
    """Who had a part in an article, as its credits say."""

    name: str
    role: str  # reporting, writing, editing, translation, photography


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A cleaned raw article. Text is paragraphs joined by a blank line; dates are aware UTC."""

    source: str
    key: str  # "id:…", "url:…" or "text:…": what identifies it within its source
    aliases: tuple[str, ...] = ()  # further keys that lead to it, same form
    opening_key: str = ""  # "text:…": its key where the others are taken by another story
    title: str
    text: str
    summary: str = ""
    url: str = ""  # canonical link, tracking parameters removed
    published: datetime | None = None
    updated: datetime | None = None
    authors: tuple[str, ...] = ()
    contributors: tuple[Contributor, ...] = ()  # of "(Reporting by …; Editing by …)"
    place: str = ""  # of the dateline: where it was written
    html: str = ""  # the body as safe markup, where the config asks for it
    agency: str = ""  # of the dateline, or of a line that names the source
    categories: tuple[str, ...] = ()  # feed categories and section lines
    keywords: tuple[str, ...] = ()  # what its page says it is about
    image: str = ""  # address of the lead image
    media: tuple[Media, ...] = ()
    language: str = "und"  # BCP 47 primary subtag, "und" when undetermined
    words: int = 0
    flags: tuple[str, ...] = ()  # truncated, future-date, bad-date, mojibake …
    dropped: tuple[Dropped, ...] = ()
    cleaner: str = ""  # version of the cleaner and its rules
    learned: str = ""  # version of what was learned of its source, "" while that is nothing

    @property
    def article_id(self) -> str:
        return article_id_of(self.source, self.key)

    @property
    def extent(self) -> Extent:
        return Extent.of(self.words, self.flags)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What two texts are compared by, and nothing else of them.

    Sets of hashes are ascending little-endian uint32: the high halves of 64-bit hashes.
    """

    content_hash: str  # of title and text as cleaned by rules: equal means unchanged
    text_hash: str  # of the words alone: equal means an exact copy
    words: int
    sketch: tuple[int, ...] = ()  # the k smallest 64-bit shingle hashes, ascending
    scale: int = 1  # of shingles those are kept whose hash is below 2**64 / scale
    shingles: bytes = b""
    opening: bytes = b""  # those of the shingles that the text begins with
    vocabulary: bytes = b""  # content words of the text
    title: bytes = b""  # content words of the title
    figures: bytes = b""  # of the text: each a uint32 of the words around it, and one of itself
    day: str = ""  # ISO day of publication, "" when unknown
    version: str = ""

    def packed(self) -> bytes:
        """All of it; hashes don't deflate, so nothing is."""
        said = f"{self.day}\n{self.version}".encode("ascii")
        sketch = struct.pack(f"<{len(self.sketch)}Q", *self.sketch)
        parts = (said, sketch, *(getattr(self, name) for name in _SETS))
        head = _HEAD.pack(_FORMAT, self.words, self.scale, *map(len, parts))
        return b"".join((head, bytes.fromhex(self.content_hash + self.text_hash), *parts))

    @classmethod
    def unpacked(cls, data: bytes | None) -> "Fingerprint | None":
        """None for what is gone, or was packed by another release."""
        if not data or data[0] != _FORMAT:
            return None
        _, words, scale, *lengths = _HEAD.unpack_from(data)
        hashes = data[_HEAD.size : _HEAD.size + 32].hex()
        ends = list(accumulate(lengths, initial=_HEAD.size + 32))
        said, sketch, *sets = (data[start:end] for start, end in pairwise(ends))
        day, version = said.decode("ascii").split("\n")
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
    """What the store knows of an article before this batch."""

    article_id: str
    hashes: frozenset[str]  # content hashes of all its revisions
    revision: int  # number of the newest
    cluster_id: str
    withdrawn: bool = False
    extent: Extent = Extent.TEXT  # of the newest revision
    fingerprint: Fingerprint | None = None  # of the newest revision
    keys: frozenset[str] = frozenset()  # those of the keys asked for that lead to it
    distrusted: bool = False  # the ids of its source are not worth much: see SourceIds
    alternatives: tuple[
        "StoredIdentity", ...
    ] = ()  # articles that others of the keys asked for lead to


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an article is to what was there before, and the evidence."""

    kind: OutcomeKind
    article_id: str
    revision: int
    cluster_id: str  # article_id of the cluster's canonical article
    signal: str  # what decided: identity, content-hash, exact, near, contained, extended …
    rival: str = ""  # article_id compared with, "" when there was none
    scores: Scores = field(default_factory=dict)
    thresholds: Scores = field(default_factory=dict)
    version: str = ""  # of the deduper and its rules
    change: str = ""  # of a revision: format, minor or substantial
    extent: Extent = Extent.TEXT  # of the article that it is about


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A piece of evidence: characters [start, end) of a field of the article."""

    field: str  # title, text, url, category …
    start: int
    end: int
    surface: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
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
    """What is written for one receipt that became an article."""

    receipt: str
    payload: Payload
    article: Article
    fingerprint: Fingerprint
    verdict: Verdict
    tags: tuple[Tag, ...] = ()
    tagger: str = ""  # version of all that tags
    config: str = ""  # digest of the rules in force
    reprocessed: bool = False  # cleaned again from the store: it is no new sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """The newest revision of an article as it is stored, with all that doing it over takes."""

    article_id: str
    revision: int
    article: Article
    content_hash: str
    received: datetime
    versions: dict[str, str]
    payload: str
    tags: tuple[Tag, ...] = ()  # best first

    @property
    def tagger(self) -> str:
        return self.versions.get("tagger", "")

    @property
    def cleaner(self) -> str:
        return self.versions.get("cleaner", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retagged:
    """New tags for a stored revision, unless it is another by now."""

    article_id: str
    revision: int
    was: str  # the tagger's version when it was read
    tags: tuple[Tag, ...]
    tagger: str
    config: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A publisher takes an article down: a tombstone stays, nothing of the content does."""

    receipt: str
    source: str
    keys: tuple[str, ...]  # any of these may be how the article is known


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A raw article that can't be processed. Equal payloads are one letter, seen more often."""

    receipt: str
    reason: Reason
    detail: str
    stage: str  # the last that was begun: broker, admit, clean, deduplicate, tag, write
    source: str
    payload: Payload
    queue: str = ""  # of a message that could not be delivered: the payload is the message

    @property
    def letter_id(self) -> str:
        return self.payload.sha256[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """A receipt in the journal: the broker has had its raw article."""

    receipt: str
    message_id: str
    at: datetime  # by the broker's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Whose work a batch was. A delivery counts when the worker that had the message vanished with
    it, or ended it; what an outage or a drain gave back does not."""

    worker: str = ""  # "celery@host/pid", "" when nobody said
    deliveries: int = 1  # of its message, up to the one that ended it


NO_ATTEMPT = Attempt()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of one receipt."""

    receipt: str
    kind: OutcomeKind
    source: str
    at: datetime
    article_id: str = ""
    revision: int = 0
    letter_id: str = ""
    reason: str = ""
    handling: Attempt = NO_ATTEMPT
