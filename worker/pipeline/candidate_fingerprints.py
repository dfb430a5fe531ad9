"""Load the fingerprints of the earlier articles with which new articles are compared to find
copies.

The index proposes these candidates, but may miss the very article that a new one copies. So a new
article without copies among its candidates is also compared with the articles that are in one
cluster with a candidate, that is copies of it or of the same original.
"""

from collections.abc import Sequence

from worker.index import Candidate
from worker.model.records import Fingerprint
from worker.store.ports import CandidateReader, FingerprintReader

FingerprintsById = dict[str, Fingerprint]
_MEMBERS_PER_CANDIDATE = 5  # as many as an article has candidates


def candidate_fingerprints(
    candidates: Sequence[Sequence[Candidate]], store: FingerprintReader
) -> list[FingerprintsById]:
    """Return for each article the fingerprints of the earlier articles to compare it with, by
    article id.

    `candidates` has for each article those that the index proposes. The index keeps a fingerprint
    only for some minutes; others are read from the store.
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
    """Return for each article the fingerprints of further earlier articles to compare it with, by
    id.

    They are the articles that are copies of its `candidates`, or have the same original. The
    candidates themselves are left out.
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
