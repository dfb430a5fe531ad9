"""Re-cluster the members of one cluster, and measure how much an edit changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from worker.dedup.dedup_rules import DedupRules, RevisionRules
from worker.dedup.similarity import Match, compare, overlap_of
from worker.model.records import Fingerprint, OutcomeKind


class EditSize(StrEnum):
    """How much a revision changed of the one before."""

    FORMAT = "format"  # case, punctuation, spacing: the words are the same
    MINOR = "minor"  # a few words, no figure
    SUBSTANTIAL = "substantial"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterMember:
    """One article to be assigned to a cluster."""

    article_id: str
    fingerprint: Fingerprint
    pinned: bool = False  # an operator decided that it stays with the first member


class Assignment(NamedTuple):
    """The cluster of one article."""

    canonical: str  # article id of the canonical article
    match: Match | None  # with the canonical article; None for the canonical article itself


def recluster(members: Sequence[ClusterMember], rules: DedupRules) -> dict[str, Assignment]:
    """Assign each member to the first canonical article that it is a copy of, in the order given.

    Membership is never transitive: two copies of one article need not be copies of each other. A
    pinned member, and one whose fingerprint can't be compared, stays with the first member.
    Returns article id -> assignment.
    """
    assigned: dict[str, Assignment] = {}
    canonical: list[ClusterMember] = []
    for member in members:
        pairs = ((c, copy_of(member.fingerprint, c.fingerprint, rules)) for c in canonical)
        hit = next(((c, match) for c, match in pairs if match), None)
        if hit:
            assigned[member.article_id] = Assignment(hit[0].article_id, hit[1])
        elif canonical and (
            member.pinned or not comparable(member.fingerprint, canonical[0].fingerprint)
        ):
            assigned[member.article_id] = Assignment(canonical[0].article_id, None)
        else:
            canonical.append(member)
            assigned[member.article_id] = Assignment(member.article_id, None)
    return assigned


def comparable(left: Fingerprint, right: Fingerprint) -> bool:
    """Whether both were made by the same rules; other pairs can't be compared."""
    return left.version == right.version


def copy_of(left: Fingerprint, right: Fingerprint, rules: DedupRules) -> Match | None:
    """The match of two duplicates; None for variants and for unrelated articles."""
    match = compare(left, right, rules)
    return match if match and match.kind is OutcomeKind.DUPLICATE else None


def change_of(before: Fingerprint, after: Fingerprint, rules: RevisionRules) -> EditSize:
    """How much an edit changed. A changed figure is substantial, however small the edit is."""
    if before.text_hash == after.text_hash:
        return EditSize.FORMAT if before.title == after.title else EditSize.MINOR
    if _figures(before) != _figures(after):
        return EditSize.SUBSTANTIAL
    overlap = overlap_of(before, after)
    if overlap is None:
        return EditSize.SUBSTANTIAL
    shared = overlap.containment * min(overlap.left, overlap.right)
    kept = shared / max(overlap.left, overlap.right)
    return EditSize.MINOR if kept >= rules.minor else EditSize.SUBSTANTIAL


def _figures(fingerprint: Fingerprint) -> set[int]:
    """Hashes of the figures alone, without those of the words around them."""
    return set(np.frombuffer(fingerprint.figures, "<u4")[1::2].tolist())
