"""Re-assign the articles of one cluster of copies, and measure how much an edit changed a text.

A cluster is a canonical article (the first one) together with the articles that are copies of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from worker.dedup.dedup_rules import DedupRules, RevisionRules
from worker.dedup.similarity import Match, compare, overlap_of
from worker.model.records import Fingerprint, OutcomeKind


class EditSize(StrEnum):
    """How much a revision changed the text of the revision before it."""

    FORMAT = "format"  # case, punctuation, spacing: the words are the same
    MINOR = "minor"  # a few words, no figure
    SUBSTANTIAL = "substantial"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterMember:
    """One article of a cluster, as input for recluster()."""

    article_id: str
    fingerprint: Fingerprint
    pinned: bool = False  # an operator decided that it stays with the first member


class Assignment(NamedTuple):
    """The result of recluster() for one article: the cluster it belongs to, and by which match."""

    canonical: str  # article id of the canonical article
    match: Match | None  # with the canonical article; None for the canonical article itself


def recluster(members: Sequence[ClusterMember], rules: DedupRules) -> dict[str, Assignment]:
    """Assign each article to the first canonical article of which it is a copy.

    `members` are tried in the order given; an article that copies none becomes canonical itself.
    Two copies of one article need not be copies of each other, so an article is compared with
    canonical articles only. A pinned article, and one that can't be compared with the first member,
    joins the first member's cluster. Returns a dict from article id to assignment.
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
    """Whether both fingerprints were made by the same rules; others can't be compared."""
    return left.version == right.version


def copy_of(left: Fingerprint, right: Fingerprint, rules: DedupRules) -> Match | None:
    """The match of two articles that are duplicates; None if they are variants or unrelated."""
    match = compare(left, right, rules)
    return match if match and match.kind is OutcomeKind.DUPLICATE else None


def change_of(before: Fingerprint, after: Fingerprint, rules: RevisionRules) -> EditSize:
    """Classify the edit between two revisions of one article as format, minor or substantial.

    An edit that changes a figure is substantial, however few words it changes.
    """
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
    """The hashes of a text's figures alone, without the hashes of the words around each figure."""
    return set(np.frombuffer(fingerprint.figures, "<u4")[1::2].tolist())
