"""Repairs of clusters: what no single batch could see is found in the store and put right.

    orphans   the canonical article was withdrawn, or died and never came
    strays    the canonical article went to another cluster
    edits     an article, or its canonical article, was edited into something else
    twins     two canonical articles are alike: the index had lost one, or had let go of it

Every repair is a move that the store records with its evidence. What an operator has pinned stays.
Stored first, then told to the index: dying in between loses a hint, which `worker index verify`
finds.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from worker.dedup import DedupRules, Match, compare
from worker.dedup.clustering import Assignment, ClusterMember, comparable, copy_of, recluster
from worker.index import Candidate, Index, IndexEntry
from worker.store.cluster_values import ClusterMove, Member, MoveReason
from worker.store.ports import ClusteredStore

GRACE = timedelta(minutes=10)  # in which a canonical article in flight may still come
PAGE = 200


class Reconciler:
    """Without `write` it only says what it would do, as of now: one repair may lead to more."""

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
        """The repairs, as they are made. Edits and twins are looked for since then."""
        yield from self.orphans()
        yield from self.strays()
        for page in self._pages(since, edited=True):
            yield from self.edits(page)
        for page in self._pages(since) if twins else ():
            yield from self.twins(page)

    def orphans(self) -> Iterator[ClusterMove]:
        if self._write:
            self._clusters.clear_pending()
        seen: set[str] = set()
        while gone := set(self._clusters.orphaned_clusters(self._now - GRACE, PAGE)) - seen:
            seen |= gone
            for cluster_id, members in _by_cluster(self._clusters.members_of(gone)).items():
                yield from self._inherit(cluster_id, members)

    def _inherit(self, gone: str, members: Sequence[Member]) -> Iterator[ClusterMove]:
        heir = members[0].article_id
        placed = recluster([_cluster_member(member) for member in members], self._rules)
        yield from self._move(_inheritance(gone, placed, heir, self._rules.version))
        if self._write:
            self._index.set_canonical({gone: heir})  # if it comes after all, it is a copy
            heads = {place.canonical for place in placed.values()}
            yield from self.twins(self._clusters.members(heads))

    def strays(self) -> Iterator[ClusterMove]:
        while strays := self._clusters.displaced_members(PAGE):
            moved = self._move(strays)
            yield from moved
            if not self._write or not moved:
                return

    def edits(self, page: Sequence[Member]) -> Iterator[ClusterMove]:
        """Whoever does not match its cluster any more leaves it, and perhaps joins another."""
        clusters = _by_cluster(self._clusters.members_of({member.cluster_id for member in page}))
        leaving: dict[str, ClusterMove] = {}
        for edited in page:
            members = clusters.get(edited.cluster_id, [])
            for move in self._leaving(edited, members):
                leaving.setdefault(move.article_id, move)
        moved = self._move([*leaving.values()])
        yield from moved
        if self._write:
            heads = {move.joined for move in moved}
            alone = {m.article_id for m in page if m.canonical} - heads
            yield from self.twins(self._clusters.members(heads | alone))

    def _leaving(self, edited: Member, members: Sequence[Member]) -> Iterator[ClusterMove]:
        others = [member for member in members if member.article_id != edited.article_id]
        if edited.canonical:
            placed = recluster(
                [_cluster_member(edited), *map(_cluster_member, others)], self._rules
            )
            moved = (m for m in others if placed[m.article_id].canonical != edited.article_id)
            for member in moved:
                yield self._left(member, edited, placed[member.article_id].canonical)
        elif not edited.pinned and not any(self._may_stay(edited, other) for other in others):
            first = next((m for m in others if m.canonical), edited)
            yield self._left(edited, first, edited.article_id)

    def _left(self, member: Member, rival: Member, joined: str) -> ClusterMove:
        like = compare(member.fingerprint, rival.fingerprint, self._rules)
        return ClusterMove(
            article_id=member.article_id,
            left=member.cluster_id,
            joined=joined,
            reason=MoveReason.LEFT,
            rival=rival.article_id,
            scores=like.scores if like else {},
            thresholds=like.thresholds if like else {},
            version=self._rules.version,
        )

    def restore(self, page: Sequence[Member]) -> Iterator[ClusterMove]:
        """Put back what the index lost of these, and join what it took for new meanwhile."""
        self._index.set_canonical({member.article_id: member.cluster_id for member in page})
        claims = [IndexEntry(article_id=m.article_id, fingerprint=m.fingerprint) for m in page]
        self._index.register_and_match(claims)
        yield from self.twins(page)

    def twins(self, page: Sequence[Member]) -> Iterator[ClusterMove]:
        """Canonical articles that are copies of an article in another cluster join that one."""
        firsts = [member for member in page if member.canonical and not member.pinned]
        claims = [IndexEntry(article_id=m.article_id, fingerprint=m.fingerprint) for m in firsts]
        met = (self._index.register_and_match if self._write else self._index.match)(claims)
        rivals = {m.article_id: m for m in self._clusters.members(_ids(met))}
        homes = {m.cluster_id for m in rivals.values()}
        canonical = {m.article_id: m for m in self._clusters.members(homes)}
        copied = {
            m.cluster_id for m in self._clusters.members_of(_ids_of(firsts)) if not m.canonical
        }
        gone: set[str] = set()
        for mine, its in zip(firsts, met, strict=True):
            others = [rivals[r.article_id] for r in its if r.article_id in rivals]
            others = [o for o in others if o.cluster_id != mine.article_id]
            move = self._joining(mine, others, canonical, alone=mine.article_id not in copied)
            if move and not {move.article_id, move.joined} & gone:
                gone.add(move.article_id)
                yield from self._move([move])

    def _joining(
        self,
        mine: Member,
        rivals: Iterable[Member],
        canonical: dict[str, Member],
        *,
        alone: bool,
    ) -> ClusterMove | None:
        for rival in rivals:
            like, home = self._alike(mine, rival), canonical.get(rival.cluster_id)
            if not like or not home or home.pinned:
                continue
            # Whole clusters are joined only where the canonical articles themselves are alike.
            direct = self._alike(mine, home)
            if direct and mine.seq < home.seq:
                return _twin(home, mine, mine, direct, self._rules.version)
            if direct or alone:
                return _twin(mine, home, rival, like, self._rules.version)
        return None

    def _may_stay(self, mine: Member, other: Member) -> bool:
        if not comparable(mine.fingerprint, other.fingerprint):
            return True
        return self._alike(mine, other) is not None

    def _alike(self, mine: Member, rival: Member) -> Match | None:
        return copy_of(mine.fingerprint, rival.fingerprint, self._rules)

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
    gone: str, placed: dict[str, Assignment], heir: str, version: str
) -> list[ClusterMove]:
    moves = []
    for article_id, (canonical, match) in placed.items():
        reason = MoveReason.INHERITED if canonical == heir else MoveReason.RELEASED
        moves.append(
            ClusterMove(
                article_id=article_id,
                left=gone,
                joined=canonical,
                reason=MoveReason.PROMOTED if article_id == heir else reason,
                rival="" if canonical == article_id else canonical,
                version=version,
                scores=match.scores if match else {},
                thresholds=match.thresholds if match else {},
            )
        )
    return moves


def _twin(mine: Member, home: Member, rival: Member, like: Match, version: str) -> ClusterMove:
    return ClusterMove(
        article_id=mine.article_id,
        left=mine.cluster_id,
        joined=home.article_id,
        reason=MoveReason.TWIN,
        rival=rival.article_id,
        scores=like.scores,
        thresholds=like.thresholds,
        version=version,
    )


def _cluster_member(member: Member) -> ClusterMember:
    return ClusterMember(
        article_id=member.article_id, fingerprint=member.fingerprint, pinned=member.pinned
    )


def _by_cluster(members: Iterable[Member]) -> dict[str, list[Member]]:
    found: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        found[member.cluster_id].append(member)
    return found


def _ids(met: Iterable[Iterable[Candidate]]) -> set[str]:
    return {rival.article_id for rivals in met for rival in rivals}


def _ids_of(members: Iterable[Member]) -> set[str]:
    return {member.article_id for member in members}
