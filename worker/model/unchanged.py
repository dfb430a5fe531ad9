"""Recognise a raw article that was processed before, without cleaning it again.

With each stored article the store keeps a raw mark: a hash of the raw article that was processed
for it last, of the rules that cleaned it, and of the number of its newest revision. If a delivered
raw article gives the same mark, processing it could only have the outcome `unchanged`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

_RAW_BYTES, _OPENING_BYTES = 16, 8


def raw_digest(parts: Iterable[str]) -> bytes:
    """Hash a raw article and the versions of the rules that process it, given as texts in `parts`,
    to 16 bytes. If two raw articles have the same digest, they are cleaned and identified in the
    same way."""
    data = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(data, digest_size=_RAW_BYTES).digest()


def opening_mark(opening_key: str) -> bytes:
    """Hash the opening words of an article to 8 bytes. They are stored as the end of its raw mark,
    to find out whether two articles begin with the same words.

    `opening_key` is the key that is made of the opening words.
    """
    return blake2b(opening_key.encode(), digest_size=_OPENING_BYTES).digest()


def raw_mark(digest: bytes, revision: int, opening: bytes) -> bytes:
    """Return the raw mark of an article: 24 bytes by which a delivered raw article is found to be
    the same as the one processed last for that article.

    It is made of the `digest` of that raw article, the number of the article's newest `revision`,
    and a hash of its `opening` words. Because of the number, a mark is no longer valid when the
    article gets another revision, even from a worker of an earlier version that stores no marks.
    """
    bound = digest + revision.to_bytes(8)
    return blake2b(bound, digest_size=_RAW_BYTES).digest() + opening


class MarkedArticle(NamedTuple):
    """A stored article for which the raw article that was processed last can be recognised.

    `revision` is the number of its newest revision, and `mark` the hash that `raw_mark` made.
    """

    revision: int
    mark: bytes

    @property
    def opening(self) -> bytes:
        return self.mark[_RAW_BYTES:]

    def is_of(self, digest: bytes) -> bool:
        """Return whether the raw article with this digest was the last one processed for this
        article, so that it is unchanged. Returns False if the article has got another revision
        since."""
        return self.mark == raw_mark(digest, self.revision, self.opening)


class KnownDeliveries(NamedTuple):
    """What the store knows about the deliveries of a batch before they are cleaned.

    `receipts` are the ids of those that were processed before. `marked` has the stored articles, by
    id, for which an unchanged raw article can be recognised without being cleaned.
    """

    receipts: frozenset[str]
    marked: dict[str, MarkedArticle]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnchangedArticle:
    """A delivery of a raw article that is the same as the one processed last for the stored
    article. It is stored with the outcome `unchanged`.

    `receipt` is the id of the delivery, and `source` and `key` are those by which the article was
    found. `known` is what the store had of the article; if this has changed when the outcome is
    written, ArticleChanged is raised. `payload_hash` is a hash of the whole raw article.
    """

    receipt: str
    article_id: str
    source: str
    key: str
    known: MarkedArticle
    payload_hash: str


class ArticleChanged(Exception):
    """Raised when an article that was taken for unchanged has been changed by another worker
    meanwhile. Nothing of its batch was written, and the batch must be processed once more with all
    articles cleaned."""
