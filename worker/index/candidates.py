"""Choose the earlier articles that are worth comparing with a new one, because they share text
hashes with it.

A text hash is the hash of a whole text, or of a few words in a row. The index knows only the first
article with each hash, called the owner of the hash.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar

Owner = TypeVar("Owner", int, str)


class IndexRules(Protocol):
    """The settings of the index that finds copies, from section [index] of config/dedup.toml.

    `window_days` is the length of a time window; copies are found in the present one and the
    one before. For `rival_ttl_s` seconds the index has all text hashes of an article. Two
    articles are compared if they share `min_hits` of them, and a new one with at most
    `most_rivals` others. The index begins with 2**bucket_bits Redis hashes. `timeout_s` is how
    long it waits for the server.
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
    """Choose the articles that most probably have the same text as the article `own`. Returns pairs
    of (article, hits), best first, at most `rules.most_rivals`.

    For each text hash of `own`, `owners_by_hash` has the articles that were the first with this
    hash: it is one hit for each of them. Articles in `exact` have an equal whole text and come
    first; others need `rules.min_hits` hits.
    """
    hits = Counter(owner for owners in owners_by_hash for owner in set(owners))
    least = min(rules.min_hits, len(owners_by_hash))
    eligible = {owner for owner, count in hits.items() if count >= least} | set(exact)
    ranked = sorted(eligible - {own}, key=lambda owner: (owner not in exact, -hits[owner], owner))
    return [(owner, hits[owner]) for owner in ranked[: rules.most_rivals]]
