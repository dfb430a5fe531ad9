"""Load the fingerprints of the earlier articles with which new articles are compared to find
copies.

The index proposes these candidates. For each shingle (three words in a row) it proposes only the
first article that had it. So it may miss the article that a new one copies, if an earlier one has
the same words. An article without copies among its candidates is therefore compared with the other
members of the candidates' clusters (an original and its copies) too.
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
    """Return for each article the fingerprints of the earlier articles that the index proposes for
    it.

    `candidates` has these proposals, one item per article; the result maps article ids to
    fingerprints, in the same order. The index keeps a fingerprint only for some minutes, so those
    that it has dropped are read from the store, in one round trip.
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
    """Return for each article further earlier articles to compare it with, as id -> fingerprint.

    They are other members of the clusters (an original and its copies) to which its `candidates`
    belong; the candidates are left out. Takes two round trips at most.
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
