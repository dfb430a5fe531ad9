"""The similarity index: propose candidates for an article, and elect the canonical one of copies.

The index holds hints; the store holds the truth. When the index is lost, no identity and no
decision is lost.

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
    hits: int  # sketch hashes of the entry that the candidate owns
    fingerprint: Fingerprint | None  # None once the index has evicted it: the store has it


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyVote:
    """An article and the candidates it was verified to copy, the strongest match first.

    No copies means that the article is canonical as far as its worker can see.
    """

    article_id: str
    copies: tuple[str, ...] = ()


class Index(Protocol):
    """Every method raises Unavailable when the index does not answer."""

    def register_and_match(self, entries: Sequence[IndexEntry]) -> list[list[Candidate]]:
        """Register all entries, then return the candidates of each, most hits first.

        All writes come before all reads, so entries that are registered at the same time by
        several workers find each other; so do entries of one call. An article is no candidate of
        itself. Registering an entry again changes nothing.
        """
        ...

    def elect_canonical(self, votes: Sequence[CopyVote]) -> list[str]:
        """The id of the canonical article for each vote: its own, or that of an article it copies.

        An article that was elected stays canonical. A candidate that was undecided when it was
        compared may have become a copy since: then the canonical article of both is returned.
        """
        ...

    def match(self, entries: Sequence[IndexEntry]) -> list[list[Candidate]]:
        """The candidates of each entry, as from `register_and_match`, without writing anything."""
        ...

    def set_canonical(self, canonical: Mapping[str, str]) -> None:
        """Overwrite who is canonical: article id -> id of its canonical article in the store."""
        ...

    def try_lock(self, name: str, ttl_s: float) -> bool:
        """Take a lock that all workers share, for `ttl_s` seconds. False when another has it."""
        ...

    def forget(self, article_ids: Sequence[str]) -> None:
        """Propose these articles as candidates no longer.

        Who is canonical stays as it is; `set_canonical` changes that.
        """
        ...

    def close(self) -> None: ...
