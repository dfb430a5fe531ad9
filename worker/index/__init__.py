"""The similarity index: propose candidates for an article, and elect the canonical one of copies.

A candidate is an earlier article that may have the same text, and is worth comparing. A hash is
that of a whole text or of a shingle (three words in a row; in Chinese and the like, some
characters); the sketch of an article is its smallest shingle hashes. The index remembers of each
hash the first article that had it, its owner. Identities and decisions are in the store, so none of
them is lost if the index is.

What belongs here: the port `Index`, its implementations in memory and on Redis or Valkey, and the
lines that sources repeat. May import the model only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from worker.model.records import Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """An article for the similarity index: its id, and its fingerprint, the hashes of its text.

    It is registered in the index, or compared with the articles that are registered there.
    """

    article_id: str
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An earlier article that may have the same text as an article being looked up in the index.

    `hits` counts the hashes of the looked-up article's sketch (its smallest shingle hashes) that
    this candidate was the first article to have. `fingerprint` holds the candidate's hashes for an
    exact comparison; it is None when the index no longer holds it, and is then read from the store.
    """

    article_id: str
    hits: int  # number of the entry's sketch hashes that this candidate was the first to have
    fingerprint: Fingerprint | None  # None once the index has evicted it: the store has it


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyVote:
    """An article, and the articles that a worker found it to be a copy of (`copies`), best match
    first.

    From such votes the index elects the canonical article, the one that stands for all copies of a
    text. `copies` is empty when the worker found none; the article may then become canonical
    itself.
    """

    article_id: str
    copies: tuple[str, ...] = ()


class Index(Protocol):
    """What the pipeline needs of a similarity index, which finds articles with nearly the same
    text.

    There is one implementation in memory and one on Redis or Valkey. Every method raises
    Unavailable when the index does not answer.
    """

    def register_and_match(self, entries: Sequence[IndexEntry]) -> list[list[Candidate]]:
        """Register all entries, then return for each the candidates: articles that may have the
        same text.

        Those that share the most hashes come first. All writes come before all reads, so entries
        that several workers register at the same time find each other, as do entries of one call.
        An article is no candidate of itself. Registering an entry again changes nothing.
        """
        ...

    def elect_canonical(self, votes: Sequence[CopyVote]) -> list[str]:
        """Return for each vote the id of its canonical article, the one that stands for all its
        copies.

        That is the article of the vote itself, or one of those that the vote says it copies. An
        article that was elected stays canonical. If the article that a vote copies is itself a copy
        of a third one, the id of that third article is returned.
        """
        ...

    def match(self, entries: Sequence[IndexEntry]) -> list[list[Candidate]]:
        """Return for each entry its candidates, registered articles that may have the same text.

        Those that share the most hashes come first. Unlike `register_and_match`, this writes
        nothing.
        """
        ...

    def set_canonical(self, canonical: Mapping[str, str]) -> None:
        """Record in the index which article is the canonical one of each of these articles.

        The canonical article is the one that stands for all copies of a text. `canonical` maps the
        id of an article to that of its canonical article, as the store has it. What the index held
        about these articles is overwritten.
        """
        ...

    def try_lock(self, name: str, ttl_s: float) -> bool:
        """Take the lock with this name, so that only one of all workers does a certain task.

        Returns True if this worker got it, and False when another worker holds it. The lock ends by
        itself after `ttl_s` seconds.
        """
        ...

    def forget(self, article_ids: Sequence[str]) -> None:
        """Remove these articles from the index, so that it no longer names them as possible
        originals of new articles.

        This is for articles that were withdrawn, for example. Copies that point to one of them as
        their canonical article still do so; `set_canonical` changes that.
        """
        ...

    def close(self) -> None: ...
