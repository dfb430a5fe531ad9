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

    Time is divided into windows of `window_days` days; copies are found among the articles of the
    present window and the one before. A new article is compared with at most `most_rivals` earlier
    ones, each of which has at least `min_hits` text hashes in common with it. The index keeps all
    text hashes of an article until it is stored, at most for `rival_ttl_s` seconds. It begins with
    2**bucket_bits Redis hashes, and waits up to `timeout_s` seconds for the server.
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
    """Choose the articles that most probably have the same text as the article `own`.

    `owners_by_hash` lists, for each text hash of `own`, the articles that were the first with this
    hash; each such hash is one hit for an article. Articles with fewer than `rules.min_hits` hits
    are left out, except those in `exact`, whose whole text is equal. Returns up to
    `rules.most_rivals` pairs (article, hits): first those in `exact`, then those with the most
    hits.
    """
    hits = Counter(owner for owners in owners_by_hash for owner in set(owners))
    least = min(rules.min_hits, len(owners_by_hash))
    eligible = {owner for owner, count in hits.items() if count >= least} | set(exact)
    ranked = sorted(eligible - {own}, key=lambda owner: (owner not in exact, -hits[owner], owner))
    return [(owner, hits[owner]) for owner in ranked[: rules.most_rivals]]


def count_taken(
    own: Owner, owners_by_hash: Sequence[Collection[Owner]], rivals: Collection[Owner]
) -> int:
    """Count the text hashes of the article `own` by which no copy of it can be found, because the
    index leads from them to articles with other texts, which had them first.

    `owners_by_hash` lists for each hash the articles that had it first. Hashes that lead to one of
    `rivals`, the candidates for `own`, are not counted: copies of `own` are found by these.
    """
    found = {own, *rivals}
    return sum(1 for owners in owners_by_hash if owners and found.isdisjoint(owners))
