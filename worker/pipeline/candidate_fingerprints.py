"""Whom a batch met in the index comes in; goes out what they are compared by, and who else is.

Only the first article that has a shingle owns it. An article that comes later may so meet nobody
but a look-alike, or a copy that shares another part of the story: then the others in the clusters
of those it met are looked at as well.
"""

from collections.abc import Sequence

from worker.index import Candidate
from worker.model.records import Fingerprint
from worker.store.ports import CandidateReader, FingerprintReader

Prints = dict[str, Fingerprint]
_MOST_MATES = 5  # of one rival: as many as rivals


def prints_of(met: Sequence[Sequence[Candidate]], store: FingerprintReader) -> list[Prints]:
    """For each its rivals: one in flight is only in the index, one it let go of in the store."""
    every = [rival for each in met for rival in each]
    held = {r.article_id: r.fingerprint for r in every if r.fingerprint}
    missing = sorted({r.article_id for r in every} - held.keys())
    held |= store.fingerprints(missing) if missing else {}
    return [
        {r.article_id: held[r.article_id] for r in each if r.article_id in held} for each in met
    ]


def mates_of(met: Sequence[Sequence[Candidate]], store: CandidateReader) -> list[Prints]:
    """For each the others in the clusters of its rivals; two round trips at most."""
    rivals = {rival.article_id for each in met for rival in each}
    mates = store.cluster_members(rivals, _MOST_MATES) if rivals else {}
    wanted = sorted({mate for each in mates.values() for mate in each} - rivals)
    prints = store.fingerprints(wanted) if wanted else {}
    return [
        {m: prints[m] for r in each for m in mates.get(r.article_id, ()) if m in prints}
        for each in met
    ]
