"""Rank the owners of an article's hashes, and choose those that are worth comparing."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar

Owner = TypeVar("Owner", int, str)


class IndexRules(Protocol):
    """The part of the deduplication rules that an index reads; units as in config/dedup.toml."""

    @property
    def window_days(self) -> int: ...
    @property
    def rival_ttl_s(self) -> int: ...
    @property
    def min_hits(self) -> int: ...
    @property
    def most_rivals(self) -> int: ...
    @property
    def bucket_bits(self) -> int: ...
    @property
    def timeout_s(self) -> float: ...


class SupportsIndexRules(Protocol):
    """Rules with a part for the index. DedupRules is one; it must not be imported here."""

    @property
    def index(self) -> IndexRules: ...


def rank_candidates(
    own: Owner,
    owners_by_hash: Sequence[Iterable[Owner]],
    exact: Collection[Owner],
    rules: IndexRules,
) -> list[tuple[Owner, int]]:
    """The best owners with their hits, without `own`, the article's own number.

    Owners of the exact text come first, then those with most hits, then the earliest, which has
    the smallest number. `owners_by_hash` holds the owners of each sketch hash, one per layout.
    """
    hits = Counter(owner for owners in owners_by_hash for owner in set(owners))
    least = min(rules.min_hits, len(owners_by_hash))
    eligible = {owner for owner, count in hits.items() if count >= least} | set(exact)
    ranked = sorted(eligible - {own}, key=lambda owner: (owner not in exact, -hits[owner], owner))
    return [(owner, hits[owner]) for owner in ranked[: rules.most_rivals]]
