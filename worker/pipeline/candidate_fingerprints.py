"""Load the fingerprints of the earlier articles that new articles are compared with.

The index proposes candidates. For each shingle (three words in a row) it proposes only the first
article that had it. So an article that copies another part of the same text may get no candidate
that it is a copy of. It is then compared with the other members of the candidates' clusters too.
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
    """Return for each article the fingerprints of its candidates by article id, in the order of the
    candidates.

    The index keeps a fingerprint for some minutes (`rival_ttl_s`). Those that it has dropped are
    read from the store, in one round trip; those of articles that are not stored yet are in the
    index only.
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
    """Return for each article the fingerprints of other articles in its candidates' clusters.

    The candidates themselves are left out. Takes two round trips at most.
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
