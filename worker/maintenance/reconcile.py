"""Repair clusters: a canonical article (the original) and the articles that are copies of it.

They need repair because copies are found batch by batch, and no batch had all the articles:

    orphans    the cluster lost its canonical article, for example because it was withdrawn
    displaced  the canonical article moved to another cluster, and its copies did not
    edits      an article or its canonical article was edited into a different text
    twins      the canonical articles of two clusters are copies of each other

Every repair moves an article to another cluster, and the store records why. Articles that an
operator pinned to a cluster stay there.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from worker.dedup import DedupRules, Match, compare
from worker.dedup.clustering import Assignment, ClusterMember, copy_of, recluster
from worker.dedup.figure_agreement import comparable
from worker.index import Index, IndexEntry
from worker.store.cluster_values import ClusterMove, Member, MoveReason
from worker.store.ports import ClusteredStore

GRACE = timedelta(minutes=10)  # a canonical article may be stored this much later than its copies
PAGE = 200  # articles


class Reconciler:
    """Repairs clusters (an original article and its copies): finds articles that belong to another
    cluster, and moves them there.

    The moves are stored, and each method yields every move after that. With `write=False` nothing
    is stored: the methods only yield moves that would be made. Moves that become necessary by these
    are not among them.
    """

    def __init__(
        self,
        store: ClusteredStore,
        index: Index,
        rules: DedupRules,
        *,
        now: datetime,
        write: bool = True,
    ) -> None:
        self._clusters = store.clusters
        self._index = index
        self._rules = rules
        self._now = now
        self._write = write

    def run(self, since: datetime, *, twins: bool = True) -> Iterator[ClusterMove]:
        """Repair all clusters of copies that need it, and yield each move of an article to another
        cluster.

        The complete store is searched for clusters without their original, and for copies whose
        original is now in another cluster. Only articles stored or changed since `since` are
        searched for edits that made an article and its original differ, and, with `twins`, for two
        originals that are copies of each other.
        """
        yield from self.orphans()
        yield from self.displaced()
        for page in self._pages(since, edited=True):
            yield from self.edits(page)
        for page in self._pages(since) if twins else ():
            yield from self.twins(page)

    def orphans(self) -> Iterator[ClusterMove]:
        """Give each cluster that lost its canonical article (the original of the copies) a new one.

        The new one is the earliest member. Members that are no copies of it move to other clusters.
        Yields each move of an article to another cluster.
        """
        if self._write:
            self._clusters.clear_pending()
        seen: set[str] = set()
        while orphaned := set(self._clusters.orphaned_clusters(self._now - GRACE, PAGE)) - seen:
            seen |= orphaned
            for cluster_id, members in _by_cluster(self._clusters.members_of(orphaned)).items():
                yield from self._inherit(cluster_id, members)

    def _inherit(self, orphaned: str, members: Sequence[Member]) -> Iterator[ClusterMove]:
        heir = members[0].article_id
        assigned = recluster([_cluster_member(member) for member in members], self._rules)
        yield from self._move(_inheritance(orphaned, assigned, heir, self._rules.version))
        if self._write:
            # If the missing article is stored later after all, it is a copy.
            self._index.set_canonical({orphaned: heir})
            canonical = {assignment.canonical for assignment in assigned.values()}
            yield from self.twins(self._clusters.members(canonical))

    def displaced(self) -> Iterator[ClusterMove]:
        """Move copies to the cluster to which their canonical article (the original) has moved.

        Yields each of these moves.
        """
        while moves := self._clusters.displaced_members(PAGE):
            moved = self._move(moves)
            yield from moved
            if not self._write or not moved:
                return

    def edits(self, page: Sequence[Member]) -> Iterator[ClusterMove]:
        """Split clusters of copies in which an edited article is no longer a copy.

        If an article in `page`, the edited articles, now differs from its copies, it leaves the
        cluster. If it is the canonical article (the original), those that differ from it leave.
        They may join other clusters. Yields each move.
        """
        clusters = _by_cluster(self._clusters.members_of({member.cluster_id for member in page}))
        leaving: dict[str, ClusterMove] = {}
        for edited in page:
            members = clusters.get(edited.cluster_id, [])
            for move in self._leaving(edited, members):
                leaving.setdefault(move.article_id, move)
        moved = self._move([*leaving.values()])
        yield from moved
        if self._write:
            joined = {move.joined for move in moved}
            edited_canonical = {m.article_id for m in page if m.canonical} - joined
            yield from self.twins(self._clusters.members(joined | edited_canonical))

    def _leaving(self, edited: Member, members: Sequence[Member]) -> Iterator[ClusterMove]:
        """The moves out of the cluster of an edited article."""
        others = [member for member in members if member.article_id != edited.article_id]
        if edited.canonical:
            ordered = [edited, *others]
            assigned = recluster([_cluster_member(member) for member in ordered], self._rules)
            for member in others:
                canonical = assigned[member.article_id].canonical
                if canonical != edited.article_id:
                    yield self._leave(member, edited, canonical)
        elif not edited.pinned and not any(self._may_stay(edited, other) for other in others):
            canonical_member = next((m for m in others if m.canonical), edited)
            yield self._leave(edited, canonical_member, edited.article_id)

    def _leave(self, member: Member, compared: Member, joined: str) -> ClusterMove:
        match = compare(member.fingerprint, compared.fingerprint, self._rules)
        return ClusterMove(
            article_id=member.article_id,
            left=member.cluster_id,
            joined=joined,
            reason=MoveReason.LEFT,
            rival=compared.article_id,
            scores=match.scores if match else {},
            thresholds=match.thresholds if match else {},
            version=self._rules.version,
        )

    def restore(self, page: Sequence[Member]) -> Iterator[ClusterMove]:
        """Register stored articles again that the similarity index lost, and repair what this has
        caused.

        While an article was lost, later copies of it were taken for new articles. So each original
        in `page` is compared with the articles in the index, and if two are copies, their clusters
        are joined. Yields each move of an article to another cluster.
        """
        self._index.set_canonical({member.article_id: member.cluster_id for member in page})
        self._index.register_and_match(_entries(page))
        yield from self.twins(page)

    def twins(self, page: Sequence[Member]) -> Iterator[ClusterMove]:
        """Join clusters of copies whose canonical articles (the originals) are copies of each
        other.

        Each canonical article in `page` is compared with similar articles of other clusters. Of two
        clusters that are joined, the one whose original is earlier remains. An article without
        copies joins another cluster also if it is a copy of any article there. Yields each move of
        an article.
        """
        canonical = [member for member in page if member.canonical and not member.pinned]
        match = self._index.register_and_match if self._write else self._index.match
        candidate_ids = [
            [c.article_id for c in of_member] for of_member in match(_entries(canonical))
        ]
        candidates = self._members_by_id({i for ids in candidate_ids for i in ids})
        targets = self._members_by_id({m.cluster_id for m in candidates.values()})
        clusters = self._clusters.members_of({member.article_id for member in canonical})
        with_copies = {m.cluster_id for m in clusters if not m.canonical}
        moved: set[str] = set()
        for member, ids in zip(canonical, candidate_ids, strict=True):
            others = [candidates[i] for i in ids if i in candidates]
            others = [other for other in others if other.cluster_id != member.article_id]
            has_copies = member.article_id in with_copies
            move = self._join(member, others, targets, has_copies=has_copies)
            if move and not {move.article_id, move.joined} & moved:
                moved.add(move.article_id)
                yield from self._move([move])

    def _join(
        self,
        member: Member,
        candidates: Iterable[Member],
        targets: dict[str, Member],
        *,
        has_copies: bool,
    ) -> ClusterMove | None:
        """The move that joins two clusters, or None.

        `targets` are the canonical articles of the candidates' clusters by id.
        """
        for candidate in candidates:
            match, target = self._copy_of(member, candidate), targets.get(candidate.cluster_id)
            if not match or not target or target.pinned:
                continue
            # Clusters with several members are joined only if their canonical articles are copies.
            direct = self._copy_of(member, target)
            if direct and member.seq < target.seq:
                return _twin(target, member, member, direct, self._rules.version)
            if direct or not has_copies:
                return _twin(member, target, candidate, match, self._rules.version)
        return None

    def _may_stay(self, member: Member, other: Member) -> bool:
        if not comparable(member.fingerprint, other.fingerprint):
            return True
        return self._copy_of(member, other) is not None

    def _copy_of(self, member: Member, other: Member) -> Match | None:
        return copy_of(member.fingerprint, other.fingerprint, self._rules)

    def _members_by_id(self, article_ids: set[str]) -> dict[str, Member]:
        return {member.article_id: member for member in self._clusters.members(article_ids)}

    def _pages(self, since: datetime, *, edited: bool = False) -> Iterator[list[Member]]:
        after = 0
        while page := self._clusters.recent_members(since, after, PAGE, edited=edited):
            yield page
            after = page[-1].revision_id

    def _move(self, moves: Sequence[ClusterMove]) -> list[ClusterMove]:
        if not self._write:
            return [*moves]
        moved = self._clusters.move(moves, now=self._now)
        self._index.set_canonical({move.article_id: move.joined for move in moved})
        return moved


def _inheritance(
    orphaned: str, assigned: dict[str, Assignment], heir: str, version: str
) -> list[ClusterMove]:
    """The moves of all members of an orphaned cluster to their new clusters."""
    moves = []
    for article_id, (canonical, match) in assigned.items():
        reason = MoveReason.INHERITED if canonical == heir else MoveReason.RELEASED
        moves.append(
            ClusterMove(
                article_id=article_id,
                left=orphaned,
                joined=canonical,
                reason=MoveReason.PROMOTED if article_id == heir else reason,
                rival="" if canonical == article_id else canonical,
                version=version,
                scores=match.scores if match else {},
                thresholds=match.thresholds if match else {},
            )
        )
    return moves


def _twin(
    member: Member, target: Member, compared: Member, match: Match, version: str
) -> ClusterMove:
    """The move of a canonical article into the cluster of another one."""
    return ClusterMove(
        article_id=member.article_id,
        left=member.cluster_id,
        joined=target.article_id,
        reason=MoveReason.TWIN,
        rival=compared.article_id,
        scores=match.scores,
        thresholds=match.thresholds,
        version=version,
    )


def _entries(members: Sequence[Member]) -> list[IndexEntry]:
    return [IndexEntry(article_id=m.article_id, fingerprint=m.fingerprint) for m in members]


def _cluster_member(member: Member) -> ClusterMember:
    return ClusterMember(
        article_id=member.article_id, fingerprint=member.fingerprint, pinned=member.pinned
    )


def _by_cluster(members: Iterable[Member]) -> dict[str, list[Member]]:
    clusters: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        clusters[member.cluster_id].append(member)
    return clusters
