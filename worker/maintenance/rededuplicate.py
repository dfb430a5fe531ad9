"""Deduplication decided anew offline: stored fingerprints come in, decisions that change go out.

The stream of stored articles is decided twice in the order of storage, by the rules in force and by
others, with the same rivals. So what differs is due to the rules alone: not to what was in flight
together, lost with an index, or ruled by hand. Only then it is held against the store, for moves.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from worker.dedup import DedupRules, Match, compare
from worker.dedup.fingerprint import ALGORITHM
from worker.index import Claim, Index
from worker.index.memory_index import DAY_S, MemoryIndex
from worker.model.records import Fingerprint, OutcomeKind
from worker.store.cluster_values import ClusterMove, Member, MoveReason, StoredFingerprint
from worker.store.ports import ClusteredStore, RededuplicationStore

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDecision:
    """What an article is by one set of rules."""

    kind: OutcomeKind  # NEW, DUPLICATE or VARIANT
    home: str  # canonical article of its cluster
    signal: str = ""
    rival: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)

    @property
    def called(self) -> str:
        return f"{self.kind} {self.signal}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rededuplicated:
    """An article that other rules decide otherwise."""

    article_id: str
    before: ChangedDecision
    after: ChangedDecision

    @property
    def becomes(self) -> str:
        same = self.before.called == self.after.called
        return f"{self.before.called} -> {'another cluster' if same else self.after.called}"


class Rededuplicator:
    """Goes through the store once. Memory is bounded by the articles of the index's window."""

    def __init__(self, store: RededuplicationStore, rules: DedupRules, others: DedupRules) -> None:
        self._store = store
        self._at_s = 0.0
        self._index = MemoryIndex(rules, clock=lambda: self._at_s)
        self._window_s = rules.index.window_days * DAY_S
        self._sides = Side(rules), Side(others)

    def pages(self, since: datetime) -> Iterator[tuple[int, list[Rededuplicated]]]:
        """Of each page of the stream how many articles it has, and those that change."""
        after = 0
        while page := self._store.clusters.recent_fingerprints(since, after, PAGE):
            after = page[-1].revision_id
            yield len(page), [*self._changed(page)]

    def _changed(self, page: Sequence[StoredFingerprint]) -> Iterator[Rededuplicated]:
        met = [self._met(its) for its in page]
        held = {its.article_id: its.fingerprint for its in page}
        missing = sorted({rival for rivals in met for rival in rivals} - held.keys())
        held |= self._store.fingerprints(missing) if missing else {}
        for its, rivals in zip(page, met, strict=True):
            known = {rival: held[rival] for rival in rivals if rival in held}
            generation = int(its.at.timestamp() // self._window_s)
            before, after = (side.decide(its, known, generation) for side in self._sides)
            if (before.called, before.home) != (after.called, after.home):
                yield Rededuplicated(article_id=its.article_id, before=before, after=after)

    def _met(self, its: StoredFingerprint) -> list[str]:
        """Its rivals among those that were stored before, in the window of its time."""
        self._at_s = max(self._at_s, its.at.timestamp())
        thin = _thin(its.fingerprint)
        [rivals] = self._index.claim([Claim(article_id=its.article_id, fingerprint=thin)])
        return [rival.article_id for rival in rivals]


def _thin(fingerprint: Fingerprint) -> Fingerprint:
    """The fingerprint without its sets of hashes, to save memory."""
    return replace(fingerprint, shingles=b"", opening=b"", vocabulary=b"", title=b"", figures=b"")


class Side:
    """The decisions by one set of rules. Two generations of homes are kept, as of the index."""

    def __init__(self, rules: DedupRules) -> None:
        self.rules = rules
        self._homes: dict[int, dict[str, str]] = {}

    def decide(
        self, its: StoredFingerprint, rivals: Mapping[str, Fingerprint], generation: int
    ) -> ChangedDecision:
        likes = [
            (rival, like)
            for rival, print_ in rivals.items()
            if (like := compare(its.fingerprint, print_, self.rules))
        ]
        likes.sort(key=lambda found: found[1].strength, reverse=True)
        copies = [found for found in likes if found[1].kind is OutcomeKind.DUPLICATE]
        decision = self._decision(its.article_id, copies or likes)
        if decision.home != its.article_id:
            self._homes.setdefault(generation, {})[its.article_id] = decision.home
            for old in [known for known in self._homes if known < generation - 1]:
                del self._homes[old]
        return decision

    def _decision(self, article_id: str, likes: Sequence[tuple[str, Match]]) -> ChangedDecision:
        if not likes:
            return ChangedDecision(kind=OutcomeKind.NEW, home=article_id)
        rival, like = likes[0]
        copy = like.kind is OutcomeKind.DUPLICATE
        return ChangedDecision(
            kind=like.kind,
            home=self._home(rival) if copy else article_id,
            signal=like.signal,
            rival=rival,
            scores=like.scores,
            thresholds=like.thresholds,
        )

    def _home(self, article_id: str) -> str:
        found = (homes.get(article_id) for homes in self._homes.values())
        return next(filter(None, found), article_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of a page of changed decisions."""

    moved: tuple[ClusterMove, ...] = ()
    pinned: int = 0  # left where an operator's word holds them


class Mover:
    """Puts changed decisions into force, as moves that the store records. May be repeated.

    Without an index it only says what it would do.
    """

    def __init__(
        self, store: ClusteredStore, rules: DedupRules, index: Index | None = None
    ) -> None:
        self._clusters = store.clusters
        self._version = f"{ALGORITHM}/{rules.version}"
        self._index = index
        self._rehearsed: dict[str, str] = {}  # where articles would be by now

    def apply(self, changed: Sequence[Rededuplicated], *, now: datetime) -> Applied:
        if not changed:
            return Applied()
        wanted = {its.article_id for its in changed} | {its.after.home for its in changed}
        standing = {member.article_id: member for member in self._clusters.members(wanted)}
        for article_id in self._rehearsed.keys() & standing.keys():
            standing[article_id] = replace(
                standing[article_id], cluster_id=self._rehearsed[article_id]
            )
        # Who stands by itself from now on leaves first: others may join it.
        ordered = sorted(changed, key=lambda its: its.after.home != its.article_id)
        free = [its for its in ordered if its.article_id in standing]
        pinned = [its for its in free if self._held(its, standing)]
        moves = [*filter(None, (self._move(its, standing) for its in free if its not in pinned))]
        if not self._index:
            self._rehearsed |= {move.article_id: move.joined for move in moves}
        elif moves:
            moves = self._clusters.move(moves, now=now)
            # Truth first, hint second: dying in between loses a hint.
            self._index.correct({move.article_id: move.joined for move in moves})
        return Applied(moved=tuple(moves), pinned=len(pinned))

    def _held(self, its: Rededuplicated, standing: Mapping[str, Member]) -> bool:
        """By an operator: itself, or the canonical article that it would join."""
        home = standing.get(its.after.home)
        joins = its.after.home != its.article_id
        return standing[its.article_id].pinned or bool(joins and home and home.pinned)

    def _move(self, its: Rededuplicated, standing: dict[str, Member]) -> ClusterMove | None:
        mine, home = standing[its.article_id], standing.get(its.after.home)
        # By the store the article that it is a copy of may itself be a copy of another one.
        joined = home.cluster_id if home else ""
        if its.after.home == its.article_id:
            joined = its.article_id
        if not joined or joined == mine.cluster_id:
            return None
        standing[its.article_id] = replace(mine, cluster_id=joined)
        told = its.after if its.after.rival else its.before
        return ClusterMove(
            article_id=its.article_id,
            left=mine.cluster_id,
            joined=joined,
            reason=MoveReason.REPLAYED,
            by="operator",
            rival=told.rival,
            scores=told.scores,
            thresholds=its.after.thresholds,
            version=self._version,
        )
