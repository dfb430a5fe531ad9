"""Find out which stored articles would be copies by other rules than those in force.

This is what `worker dedup replay` does, for example after thresholds were changed. All stored
articles are compared anew, once by the rules in force and once by the other rules. Articles move
only where the two results differ, so that each move comes from the change of rules
(worker.maintenance.cluster_mover).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from worker.dedup import DedupRules
from worker.index import CopyVote, IndexEntry
from worker.index.memory_index import DAY_S, MemoryIndex
from worker.model.records import Fingerprint, OutcomeKind, Scores, Verdict
from worker.pipeline.candidate_fingerprints import FingerprintsById
from worker.pipeline.copy_decisions import decide_copies
from worker.store.cluster_values import StoredFingerprint
from worker.store.ports import FingerprintReader, RededuplicationStore

PAGE = 500  # articles


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedDecision:
    """What one set of deduplication rules decides about an article, if another set decides
    otherwise.

    `kind` is new, duplicate or variant, and `canonical` the id of the original of the article's
    cluster (group of copies). `rival` is the id of the earlier article that it resembles, and
    `signal` the kind of resemblance, such as `exact` for equal words; both are "" for a new
    article. `scores` are the measured similarities, and `thresholds` the limits they were compared
    with.
    """

    kind: OutcomeKind  # NEW, DUPLICATE or VARIANT
    canonical: str  # canonical article of its cluster
    signal: str = ""
    rival: str = ""
    scores: Scores = field(default_factory=dict)
    thresholds: Scores = field(default_factory=dict)

    @property
    def called(self) -> str:
        return f"{self.kind} {self.signal}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rededuplicated:
    """An article about which two sets of deduplication rules disagree.

    `before` is the decision by the rules in force, `after` the one by the other rules.
    """

    article_id: str
    before: ChangedDecision
    after: ChangedDecision

    @property
    def becomes(self) -> str:
        same = self.before.called == self.after.called
        return f"{self.before.called} -> {'another cluster' if same else self.after.called}"


class Rededuplicator:
    """Shows what other deduplication rules would change: decides by the rules in force (`rules`)
    and by `others` which stored articles are copies of which.

    An article is compared only with articles that were stored shortly before it, so only these are
    kept in memory.
    """

    def __init__(self, store: RededuplicationStore, rules: DedupRules, others: DedupRules) -> None:
        self._store = store
        self._time_s = 0.0
        self._index = MemoryIndex(rules, clock=lambda: self._time_s)
        self._window_s = rules.index.window_days * DAY_S
        self._by_rules = DecisionReplay(rules, store), DecisionReplay(others, store)

    def pages(self, since: datetime) -> Iterator[tuple[int, list[Rededuplicated]]]:
        """Decide by both sets of rules which of the articles stored since a date are copies.

        Nothing is stored. Yields for each batch of articles how many it has, and those articles
        about which the two sets of rules disagree.
        """
        after = 0
        while page := self._store.clusters.recent_fingerprints(since, after, PAGE):
            after = page[-1].revision_id
            yield len(page), [*self._changed(page)]

    def _changed(self, page: Sequence[StoredFingerprint]) -> Iterator[Rededuplicated]:
        candidates = [self._candidates(stored) for stored in page]
        fingerprints = {stored.article_id: stored.fingerprint for stored in page}
        missing = sorted({c for ids in candidates for c in ids} - fingerprints.keys())
        fingerprints |= self._store.fingerprints(missing) if missing else {}
        for stored, ids in zip(page, candidates, strict=True):
            loaded = {c: fingerprints[c] for c in ids if c in fingerprints}
            generation = int(stored.at.timestamp() // self._window_s)
            before, after = (r.decide(stored, loaded, generation) for r in self._by_rules)
            if (before.called, before.canonical) != (after.called, after.canonical):
                yield Rededuplicated(article_id=stored.article_id, before=before, after=after)

    def _candidates(self, stored: StoredFingerprint) -> list[str]:
        """The ids of the candidates that the index would have proposed when this article came.

        They are among the articles that were stored before it.
        """
        self._time_s = max(self._time_s, stored.at.timestamp())
        sketch = _only_sketch(stored.fingerprint)
        [candidates] = self._index.register_and_match(
            [IndexEntry(article_id=stored.article_id, fingerprint=sketch)]
        )
        return [candidate.article_id for candidate in candidates]


def _only_sketch(fingerprint: Fingerprint) -> Fingerprint:
    """The fingerprint without the sets of hashes that the index does not use, to save memory."""
    return replace(fingerprint, shingles=b"", opening=b"", vocabulary=b"", title=b"", figures=b"")


@dataclass(frozen=True, slots=True)
class _UndecidedArticle:
    """A stored article that is to be compared with earlier articles once more.

    `fingerprint` has the text hashes by which it is compared. `verdict` calls the article new, like
    one that nobody has compared yet.
    """

    verdict: Verdict
    fingerprint: Fingerprint


class _StoredOriginals(NamedTuple):
    """Reads the fingerprints (text hashes) of originals from the store, so that each stored article
    can be compared with the original chosen for it."""

    store: FingerprintReader

    def fingerprints(self, article_ids: Sequence[str]) -> FingerprintsById:
        return self.store.fingerprints(article_ids)

    def release(self, article_ids: Sequence[str]) -> None:
        """Do nothing. A worker would write into the similarity index here that these articles
        are no copies of the originals chosen for them; a replay of decisions writes nothing
        there."""


class DecisionReplay:
    """Decides anew, by one set of rules, which stored articles are copies, in the order in which
    they were stored.

    Copies of the present and the previous time window, some days long, are remembered with their
    originals, so that later copies get the same original. If a `store` is given, an article that is
    like a copy is also compared with the original itself, as workers do.
    """

    def __init__(self, rules: DedupRules, store: FingerprintReader | None = None) -> None:
        self._rules = rules
        self._originals = _StoredOriginals(store) if store else None
        self._canonical: dict[int, dict[str, str]] = {}  # generation -> copy -> canonical article

    def decide(
        self, stored: StoredFingerprint, candidates: FingerprintsById, generation: int
    ) -> ChangedDecision:
        """Decide whether the next stored article is a copy or variant of an earlier one.

        `candidates` maps ids of earlier articles to their fingerprints (text hashes), to compare
        the article with these. `generation` is the number of the period, some days long, in which
        the article was stored. Decisions from before the previous period are forgotten.
        """
        article = _UndecidedArticle(_new(stored.article_id), stored.fingerprint)
        [(_, verdict)] = decide_copies(
            [article],
            [candidates],
            self._rules,
            elect=self._elect,
            originals=self._originals,
        )
        if verdict.cluster_id != stored.article_id:
            self._add(stored.article_id, verdict.cluster_id, generation)
        return ChangedDecision(
            kind=verdict.kind,
            canonical=verdict.cluster_id,
            signal=verdict.signal,
            rival=verdict.rival,
            scores=verdict.scores,
            thresholds=verdict.thresholds,
        )

    def _elect(self, votes: Sequence[CopyVote]) -> list[str]:
        """Return the canonical article of each vote: that of its best match, else the article.

        All earlier articles are decided here, so no other worker needs to be asked.
        """
        return [self._canonical_of(v.copies[0]) if v.copies else v.article_id for v in votes]

    def _canonical_of(self, article_id: str) -> str:
        canonical_ids = (canonical.get(article_id) for canonical in self._canonical.values())
        return next(filter(None, canonical_ids), article_id)

    def _add(self, article_id: str, canonical: str, generation: int) -> None:
        self._canonical.setdefault(generation, {})[article_id] = canonical
        for old in [g for g in self._canonical if g < generation - 1]:
            del self._canonical[old]


def _new(article_id: str) -> Verdict:
    return Verdict(
        kind=OutcomeKind.NEW,
        article_id=article_id,
        revision=1,
        cluster_id=article_id,
        signal="",
        version="",
    )
