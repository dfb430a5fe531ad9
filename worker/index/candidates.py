"""Owners of a claim's hashes come in; goes out who of them is worth looking at."""

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


class Rules(Protocol):
    """DedupRules fits; the floors forbid importing it here."""

    @property
    def index(self) -> IndexRules: ...


def candidates(
    me: Owner,
    by_hash: Sequence[Iterable[Owner]],
    exact: Collection[Owner],
    rules: IndexRules,
) -> list[tuple[Owner, int]]:
    """Owners with their hits: those of the exact text first, then most hits, then the earliest.

    `by_hash` holds the owners of each sketch hash, one of each generation. Earliest is smallest.
    """
    hits = Counter(owner for owners in by_hash for owner in set(owners))
    least = min(rules.min_hits, len(by_hash))
    found = {owner for owner, count in hits.items() if count >= least} | set(exact)
    ranked = sorted(found - {me}, key=lambda owner: (owner not in exact, -hits[owner], owner))
    return [(owner, hits[owner]) for owner in ranked[: rules.most_rivals]]
