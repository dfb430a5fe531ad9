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
    """An article to be registered in the index, or to be matched with what is registered."""

    article_id: str
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A registered article that shares enough hashes with an entry to be compared with it."""

    article_id: str
    hits: int  # number of the entry's sketch hashes that this candidate was the first to have
    fingerprint: Fingerprint | None  # None once the index has evicted it: the store has it


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyVote:
    """An article whose canonical article is to be elected, and the articles that it was found to
    copy, best match first.

    The canonical article is the one that stands for all copies of a text. An article without
    `copies` is a candidate for it, as far as the worker that compared it knows.
    """

    article_id: str
    copies: tuple[str, ...] = ()


class Index(Protocol):
    """What the pipeline needs of a similarity index, in memory or on Redis or Valkey.

    Every method raises Unavailable when the index does not answer.
    """

    def register_and_match(self, entries: Sequence[IndexEntry]) -> list[list[Candidate]]:
        """Register all entries, then return the candidates of each, most hits first.

        All writes come before all reads, so entries that are registered at the same time by
        several workers find each other; so do entries of one call. An article is no candidate of
        itself. Registering an entry again changes nothing.
        """
        ...

    def elect_canonical(self, votes: Sequence[CopyVote]) -> list[str]:
        """Return for each vote the id of its canonical article: its own, or that of the original.

        An article that was elected stays canonical. If the article that a vote copies is itself a
        copy of a third one, the id of that third article is returned.
        """
        ...

    def match(self, entries: Sequence[IndexEntry]) -> list[list[Candidate]]:
        """Return the candidates of each entry as `register_and_match` does, but write nothing."""
        ...

    def set_canonical(self, canonical: Mapping[str, str]) -> None:
        """Overwrite the canonical articles that the index holds with those of the store.

        `canonical` maps the id of an article to the id of its canonical article.
        """
        ...

    def try_lock(self, name: str, ttl_s: float) -> bool:
        """Take the lock `name`, shared by all workers, for `ttl_s` seconds.

        Returns False when another worker holds it.
        """
        ...

    def forget(self, article_ids: Sequence[str]) -> None:
        """Stop proposing these articles as candidates, for example after they were withdrawn.

        The canonical articles of clusters stay as they are; `set_canonical` changes those.
        """
        ...

    def close(self) -> None: ...
