"""Recognise a raw article that was processed before by its bytes alone, without cleaning it again.

With each stored article goes a raw mark: a hash of the raw article that was processed last, of the
rules that cleaned it, and of the number of the newest revision at that time. While an article has
the mark of a raw article, processing that raw article again can only end as `unchanged`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

_RAW_BYTES, _OPENING_BYTES = 16, 8


def raw_digest(parts: Iterable[str]) -> bytes:
    """Hash what decides how a raw article is cleaned and identified: the raw article itself, and
    the versions of the rules. The result has 16 bytes."""
    data = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(data, digest_size=_RAW_BYTES).digest()


def opening_mark(opening_key: str) -> bytes:
    """Hash the key of an article's opening words to 8 bytes, the last ones of its raw mark."""
    return blake2b(opening_key.encode(), digest_size=_OPENING_BYTES).digest()


def raw_mark(digest: bytes, revision: int, opening: bytes) -> bytes:
    """Return the raw mark of an article: 24 bytes, made of the digest of a raw article, the number
    of the article's newest revision, and the mark of its opening.

    The number makes the mark invalid when the article gets another revision, whoever writes it: an
    earlier version of this package writes revisions, but no marks.
    """
    bound = digest + revision.to_bytes(8)
    return blake2b(bound, digest_size=_RAW_BYTES).digest() + opening


class MarkedArticle(NamedTuple):
    """A stored article that has a raw mark: the number of its newest revision, and the mark."""

    revision: int
    mark: bytes

    @property
    def opening(self) -> bytes:
        return self.mark[_RAW_BYTES:]

    def is_of(self, digest: bytes) -> bool:
        """Whether the raw article with this digest was processed since the newest revision came,
        and so would be found unchanged."""
        return self.mark == raw_mark(digest, self.revision, self.opening)


class KnownDeliveries(NamedTuple):
    """What the store knows about a batch of deliveries before they are cleaned.

    `receipts` are those that have an outcome already. `marked` maps ids of articles to those that
    may be found unchanged by their raw mark.
    """

    receipts: frozenset[str]
    marked: dict[str, MarkedArticle]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnchangedArticle:
    """The delivery of a raw article that its raw mark shows to be unchanged.

    It is stored as such if the article still has this `mark` when its row is locked. `payload_hash`
    is a hash of the raw article with all its fields.
    """

    receipt: str
    article_id: str
    source: str
    key: str
    known: MarkedArticle
    payload_hash: str


class ArticleChanged(Exception):
    """An article that was taken for unchanged has changed meanwhile; nothing of its batch was
    written. The batch is to be processed once more, with all articles cleaned."""
