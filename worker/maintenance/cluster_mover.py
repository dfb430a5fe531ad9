"""Move stored articles to the clusters of copies that other deduplication rules decide for them.

The decisions come from worker.maintenance.rededuplicate. Pinned articles stay where they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from worker.dedup import DedupRules
from worker.dedup.fingerprint import ALGORITHM
from worker.index import Index
from worker.maintenance.rededuplicate import Rededuplicated
from worker.store.cluster_values import ClusterMove, Member, MoveReason
from worker.store.ports import ClusteredStore


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedMoves:
    """The result of moving articles to the clusters of copies that other rules decide for them.

    `moved` are the moves that were made. `pinned` counts the articles that stay where they are
    because an operator pinned them, or the original that they would join, to its cluster.
    """

    moved: tuple[ClusterMove, ...] = ()
    pinned: int = 0  # articles that stay because an operator decided so


class ClusterMover:
    """Moves stored articles to the clusters of copies that other rules decide for them (`worker
    dedup replay`).

    Only articles move about which the other rules and the rules in force disagree. The store
    records each move. If the mover is made without an index, it only computes the moves and stores
    nothing.
    """

    def __init__(
        self, store: ClusteredStore, rules: DedupRules, index: Index | None = None
    ) -> None:
        self._clusters = store.clusters
        self._version = f"{ALGORITHM}/{rules.version}"
        self._index = index
        self._computed: dict[str, str] = {}  # article id -> cluster after the moves so far

    def apply(self, changed: Sequence[Rededuplicated], *, now: datetime) -> AppliedMoves:
        """Move articles to the clusters of copies into which the other rules put them.

        `changed` has the articles about which the rules in force and the other rules disagree. An
        article stays where it is if an operator pinned it, or pinned the original that it would
        join. Returns the moves, and how many articles stay for this reason.
        """
        if not changed:
            return AppliedMoves()
        members = self._members(changed)
        # Articles that become canonical leave first, because others may join them.
        ordered = sorted(changed, key=lambda c: c.after.canonical != c.article_id)
        stored = [c for c in ordered if c.article_id in members]
        pinned = [c for c in stored if _is_pinned(c, members)]
        moves = [*filter(None, (self._move(c, members) for c in stored if c not in pinned))]
        if not self._index:
            self._computed |= {move.article_id: move.joined for move in moves}
        elif moves:
            moves = self._clusters.move(moves, now=now)
            # The store first: dying in between loses only a hint.
            self._index.set_canonical({move.article_id: move.joined for move in moves})
        return AppliedMoves(moved=tuple(moves), pinned=len(pinned))

    def _members(self, changed: Sequence[Rededuplicated]) -> dict[str, Member]:
        """The present clusters of these articles and of their new canonical articles, by id.

        In a dry run, moves that were only computed count as done.
        """
        ids = {c.article_id for c in changed} | {c.after.canonical for c in changed}
        members = {member.article_id: member for member in self._clusters.members(ids)}
        for article_id in self._computed.keys() & members.keys():
            members[article_id] = replace(
                members[article_id], cluster_id=self._computed[article_id]
            )
        return members

    def _move(self, changed: Rededuplicated, members: dict[str, Member]) -> ClusterMove | None:
        member, canonical = members[changed.article_id], members.get(changed.after.canonical)
        # In the store, the article that this one copies may itself be a copy of another one.
        joined = canonical.cluster_id if canonical else ""
        if changed.after.canonical == changed.article_id:
            joined = changed.article_id
        if not joined or joined == member.cluster_id:
            return None
        members[changed.article_id] = replace(member, cluster_id=joined)
        evidence = changed.after if changed.after.rival else changed.before
        return ClusterMove(
            article_id=changed.article_id,
            left=member.cluster_id,
            joined=joined,
            reason=MoveReason.REPLAYED,
            by="operator",
            rival=evidence.rival,
            scores=evidence.scores,
            thresholds=changed.after.thresholds,
            version=self._version,
        )


def _is_pinned(changed: Rededuplicated, members: Mapping[str, Member]) -> bool:
    """Whether an operator pinned the article, or the canonical article that it would join."""
    canonical = members.get(changed.after.canonical)
    joins = changed.after.canonical != changed.article_id
    return members[changed.article_id].pinned or bool(joins and canonical and canonical.pinned)
