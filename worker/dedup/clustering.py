"""Divide a cluster of articles anew after the rules have changed, and measure how much an edit
changed an article.

A cluster is one article, called canonical, together with the articles that are copies of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from worker.dedup.dedup_rules import DedupRules, RevisionRules
from worker.dedup.figure_agreement import comparable, figure_values
from worker.dedup.overlap import overlap_of
from worker.dedup.similarity import Match, compare
from worker.model.records import Fingerprint, OutcomeKind


class EditSize(StrEnum):
    """How much an edit changed an article.

    FORMAT: only letter case, punctuation or spacing of the text. MINOR: only the title or a few
    words, and no number in the text. SUBSTANTIAL: more than that.
    """

    FORMAT = "format"  # case, punctuation, spacing: the words are the same
    MINOR = "minor"  # a few words, no figure
    SUBSTANTIAL = "substantial"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterMember:
    """One article of a cluster (an article and its copies), as input for `recluster`.

    It is compared with the others by its `fingerprint`, the hashes of its text. `pinned` says that
    an operator declared it a copy of the cluster's first article; it stays one even if the texts
    differ.
    """

    article_id: str
    fingerprint: Fingerprint
    pinned: bool = False  # an operator decided that it stays with the first member


class Assignment(NamedTuple):
    """Where `recluster` put one article: into the cluster of the article that it copies, or into a
    new cluster of its own.

    `canonical` is the id of the article that this one copies, or its own id if it copies none.
    `match` says how well the two texts agree; None if it copies none, or if it stays a copy without
    a comparison of the texts.
    """

    canonical: str  # article id of the canonical article
    match: Match | None  # with the canonical article; None for the canonical article itself


def recluster(members: Sequence[ClusterMember], rules: DedupRules) -> dict[str, Assignment]:
    """Divide the articles of one cluster (an article and its copies) anew, by the present rules for
    copies. Returns for each article id the id of the article that it copies, or its own.

    The first of `members` is an original. Each later one becomes a copy of the first original that
    it matches, else an original itself. A member that an operator declared a copy, or whose
    fingerprint was made by other rules and so can't be compared, becomes a copy of the first member
    if it matches none.
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


def copy_of(left: Fingerprint, right: Fingerprint, rules: DedupRules) -> Match | None:
    """Compare two articles by their fingerprints (hashes of their texts). Returns the match if
    one is a copy of the other, None if they are only similar (with other numbers, for example)
    or unrelated."""
    match = compare(left, right, rules)
    return match if match and match.kind is OutcomeKind.DUPLICATE else None


def change_of(before: Fingerprint, after: Fingerprint, rules: RevisionRules) -> EditSize:
    """Say how much an edit changed an article, by the fingerprints (hashes) of the two versions.

    FORMAT: only letter case, punctuation or spacing of the text. MINOR: only the title, or so few
    words that the texts share at least `rules.minor` of their runs of words. SUBSTANTIAL: anything
    more, or any number in the text.
    """
    if before.text_hash == after.text_hash:
        return EditSize.FORMAT if before.title == after.title else EditSize.MINOR
    if figure_values(before, after) != figure_values(after, before):
        return EditSize.SUBSTANTIAL
    overlap = overlap_of(before, after)
    if overlap is None:
        return EditSize.SUBSTANTIAL
    shared = overlap.containment * min(overlap.left, overlap.right)
    kept = shared / max(overlap.left, overlap.right)
    return EditSize.MINOR if kept >= rules.minor else EditSize.SUBSTANTIAL
