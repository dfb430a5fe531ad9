"""Choose the earlier articles that are worth comparing with a new one, because they share text
hashes.

A hash is of a whole text or of a few words in a row. The index knows only the first article that
had a hash, its owner.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar

Owner = TypeVar("Owner", int, str)


class IndexRules(Protocol):
    """The settings of the similarity index, from section [index] of config/dedup.toml.

    `window_days`: days for which copies are found. `rival_ttl_s`: seconds for which fingerprints
    are kept. `min_hits`: hashes that two articles must share. `most_rivals`: maximum number of
    candidates. `bucket_bits`: 2**bucket_bits Redis hashes at first. `timeout_s`: for connecting or
    a round trip.
    """

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
    """Any object with an attribute `index` that holds the settings of the similarity index.

    The deduplication rules are such an object. This package must not import their class,
    `DedupRules`, so it uses this protocol instead.
    """

    @property
    def index(self) -> IndexRules: ...


def rank_candidates(
    own: Owner,
    owners_by_hash: Sequence[Iterable[Owner]],
    exact: Collection[Owner],
    rules: IndexRules,
) -> list[tuple[Owner, int]]:
    """Return the best candidates, articles that may have the same text, as pairs of article and
    hits.

    Each item of `owners_by_hash` stands for one shingle hash of the article `own`, and has the
    articles that were the first to have that hash; each such hash is a hit for them. Articles with
    the same text (`exact`) come first, then those with most hits, then the earliest. Left out are
    `own`, articles with fewer than `rules.min_hits` hits, and all after the first
    `rules.most_rivals`.
    """
    hits = Counter(owner for owners in owners_by_hash for owner in set(owners))
    least = min(rules.min_hits, len(owners_by_hash))
    eligible = {owner for owner, count in hits.items() if count >= least} | set(exact)
    ranked = sorted(eligible - {own}, key=lambda owner: (owner not in exact, -hits[owner], owner))
    return [(owner, hits[owner]) for owner in ranked[: rules.most_rivals]]
