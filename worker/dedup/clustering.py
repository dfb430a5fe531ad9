"""Divide the articles of a cluster into new clusters, and measure how much an edit changed a text.

A cluster is one article, the canonical one, together with the articles that are copies of it.
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
    """How much a revision changed the text of the revision before it: only its form (case, marks,
    spacing), a few words but no figure, or more."""

    FORMAT = "format"  # case, punctuation, spacing: the words are the same
    MINOR = "minor"  # a few words, no figure
    SUBSTANTIAL = "substantial"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterMember:
    """One article of a cluster (an article and its copies), as input for `recluster`.

    `pinned` says that an operator decided that the article stays in the cluster of the first
    member, whatever its text is.
    """

    article_id: str
    fingerprint: Fingerprint
    pinned: bool = False  # an operator decided that it stays with the first member


class Assignment(NamedTuple):
    """The cluster that `recluster` chose for one article, named by the id of its canonical article.

    `match` tells how the article copies the canonical article. It is None for the canonical article
    itself, and for an article that was assigned without comparing texts.
    """

    canonical: str  # article id of the canonical article
    match: Match | None  # with the canonical article; None for the canonical article itself


def recluster(members: Sequence[ClusterMember], rules: DedupRules) -> dict[str, Assignment]:
    """Divide the articles of one cluster into clusters of copies, as the rules now define a copy.

    The articles are tried in the order of `members`. Each joins the first canonical article (the
    head of a new cluster) of which it is a copy; if it copies none, it becomes canonical itself. An
    article that is pinned, or whose fingerprint has another version than the first member's, then
    joins the first member instead. Returns the assignments by article id.
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
    """Whether two fingerprints can be compared: only if both were made by the same version of the
    rules, because the hashes of other versions differ even for equal texts."""
    return left.version == right.version


def copy_of(left: Fingerprint, right: Fingerprint, rules: DedupRules) -> Match | None:
    """Compare two articles by their fingerprints; return the match if they are duplicates, None if
    they are only variants (similar words, other figures) or unrelated."""
    match = compare(left, right, rules)
    return match if match and match.kind is OutcomeKind.DUPLICATE else None


def change_of(before: Fingerprint, after: Fingerprint, rules: RevisionRules) -> EditSize:
    """Classify the edit between two revisions of one article: how much did the text change?

    FORMAT if only case, marks or spacing differ, MINOR for a new title or if the share
    `rules.minor` of the runs of words is kept, else SUBSTANTIAL. An edit that changes a figure is
    always substantial.
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
