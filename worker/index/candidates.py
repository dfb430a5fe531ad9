"""Rank the articles that share hashes with an article, and choose those worth comparing with it.

The owner of a hash is the first article that had it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar

Owner = TypeVar("Owner", int, str)


class IndexRules(Protocol):
    """The part of the deduplication rules that an index reads; config/dedup.toml explains each
    value."""

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
    """Any object whose attribute `index` has the rules of the index, such as the deduplication
    rules.

    The class of those, `DedupRules`, must not be imported here.
    """

    @property
    def index(self) -> IndexRules: ...


def rank_candidates(
    own: Owner,
    owners_by_hash: Sequence[Iterable[Owner]],
    exact: Collection[Owner],
    rules: IndexRules,
) -> list[tuple[Owner, int]]:
    """Return the best candidates of an article, as pairs of article and number of hits, best first.

    A hash is of the whole text or of a shingle; its owner is the first article that had it. Each
    item of `owners_by_hash` has the owners of one of the article's shingle hashes, and a hit is
    such a hash that the candidate owns. Articles with the same text (`exact`) come first, then
    those with most hits, then the earliest, which have the smallest numbers. `own` is the article
    itself, which is left out.
    """
    hits = Counter(owner for owners in owners_by_hash for owner in set(owners))
    least = min(rules.min_hits, len(owners_by_hash))
    eligible = {owner for owner, count in hits.items() if count >= least} | set(exact)
    ranked = sorted(eligible - {own}, key=lambda owner: (owner not in exact, -hits[owner], owner))
    return [(owner, hits[owner]) for owner in ranked[: rules.most_rivals]]
