"""Load the fingerprints (text hashes) of the earlier articles with which new articles are compared
to find copies.

The index proposes such articles, but may miss the very one that a new article copies. So if a
new article copies none of those proposed, it is also compared with the copies and originals of
these.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.index import Candidate, Index
from worker.model.records import Fingerprint
from worker.store.ports import CandidateReader, FingerprintReader

FingerprintsById = dict[str, Fingerprint]
_MEMBERS_PER_CANDIDATE = 5  # as many as an article has candidates


def candidate_fingerprints(
    candidates: Sequence[Sequence[Candidate]], store: FingerprintReader
) -> list[FingerprintsById]:
    """Return for each new article the earlier articles to compare it with, as a dict from article
    id to fingerprint (text hashes).

    `candidates` has for each new article those that the index proposed. Fingerprints that the index
    no longer has are read from the store.
    """
    proposed = [c for of_article in candidates for c in of_article]
    fingerprints = {c.article_id: c.fingerprint for c in proposed if c.fingerprint}
    evicted = sorted({c.article_id for c in proposed} - fingerprints.keys())
    fingerprints |= store.fingerprints(evicted) if evicted else {}
    return [
        {
            c.article_id: fingerprints[c.article_id]
            for c in of_article
            if c.article_id in fingerprints
        }
        for of_article in candidates
    ]


def cluster_fingerprints(
    candidates: Sequence[Sequence[Candidate]], store: CandidateReader
) -> list[FingerprintsById]:
    """Return for each new article further earlier articles to compare it with, as a dict from
    article id to fingerprint (text hashes).

    `candidates` has for each new article the earlier ones that the index proposed. The further ones
    are in the same clusters as these: they are their copies or originals, or copies of the same
    original.
    """
    candidate_ids = {c.article_id for of_article in candidates for c in of_article}
    members = store.cluster_members(candidate_ids, _MEMBERS_PER_CANDIDATE) if candidate_ids else {}
    loaded = sorted({m for member_ids in members.values() for m in member_ids} - candidate_ids)
    fingerprints = store.fingerprints(loaded) if loaded else {}
    return [
        {
            member: fingerprints[member]
            for candidate in of_article
            for member in members.get(candidate.article_id, ())
            if member in fingerprints
        }
        for of_article in candidates
    ]


@dataclass(frozen=True, slots=True)
class ElectedArticles:
    """Reads the originals that were chosen for new articles from the store, to compare each new
    article with its original, and tells the index which new articles are no copies after all."""

    store: FingerprintReader
    index: Index

    def fingerprints(self, article_ids: Sequence[str]) -> FingerprintsById:
        """Read the fingerprints (text hashes) of these articles from the store. Articles that are
        not stored yet are left out."""
        return self.store.fingerprints(article_ids)

    def release(self, article_ids: Sequence[str]) -> None:
        """Write into the index that these articles are no copies of others but originals,
        because a comparison with the originals chosen for them has shown so."""
        self.index.set_canonical({article_id: article_id for article_id in article_ids})
