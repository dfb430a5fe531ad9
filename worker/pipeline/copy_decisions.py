"""Decide which articles are copies or variants (similar texts) of other articles, in five steps.

    compare   each article with the similar earlier articles that the index proposes
    widen     if it is a copy of none of them, compare it also with their copies and originals
    elect     choose for each new article the original of which it is a copy
    confirm   if it was compared only with a copy of that, compare it with the original itself
    resolve   make the verdict on each article: new, duplicate, variant …

Workers call `decide_copies` for new articles, and `worker dedup replay` for stored ones.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from worker.dedup import DedupRules, Match, compare, resolve
from worker.dedup.clustering import copy_of
from worker.dedup.figure_agreement import comparable
from worker.index import CopyVote
from worker.model.records import Fingerprint, OutcomeKind, Verdict
from worker.pipeline.candidate_fingerprints import FingerprintsById

Matches = tuple[tuple[str, Match], ...]
"""Pairs of the id of an earlier article and how it matches, the strongest match first."""

Elect = Callable[[Sequence[CopyVote]], list[str]]
"""A function that returns the id of the canonical article for each vote.

`Index.elect_canonical` is one.
"""


class CanonicalArticles(Protocol):
    """Gives access to the originals that were chosen for new articles, so that each new article can
    be compared with its original.

    Without this, an article might only be a copy of a copy, and texts that change little by little
    would form one long chain.
    """

    def fingerprints(self, article_ids: Sequence[str]) -> FingerprintsById:
        """Return the fingerprints (text hashes) of these articles by their ids. Articles whose
        fingerprints are not known are left out."""
        ...

    def release(self, article_ids: Sequence[str]) -> None:
        """Record that each of these articles is an original itself: a comparison has shown that
        it is no copy of the original chosen for it. So copies of it become copies of this
        article."""
        ...


class Identified(Protocol):
    """What decide_copies() needs to know of an article before it compares it with other articles.

    `verdict` says whether the article is new, a revision or unchanged; for this it was compared
    with earlier versions of itself. `fingerprint` has the text hashes for comparing it with others.
    """

    @property
    def verdict(self) -> Verdict: ...
    @property
    def fingerprint(self) -> Fingerprint: ...


IdentifiedT = TypeVar("IdentifiedT", bound=Identified)


@dataclass(frozen=True, slots=True)
class _Compared(Generic[IdentifiedT]):
    """An article that is being compared with others (`article`), and the earlier articles of which
    it was found to be a copy or variant so far (`matches`)."""

    article: IdentifiedT
    matches: Matches = ()

    @property
    def article_id(self) -> str:
        return self.article.verdict.article_id

    @property
    def is_new(self) -> bool:
        return self.article.verdict.kind is OutcomeKind.NEW

    @property
    def copies(self) -> tuple[str, ...]:
        """Ids of the earlier articles that this one is a copy of, the most similar one first."""
        return tuple(i for i, match in self.matches if match.kind is OutcomeKind.DUPLICATE)

    def compared_with(
        self, candidates: FingerprintsById, rules: DedupRules
    ) -> "_Compared[IdentifiedT]":
        """Compare this article with further earlier articles, and return a copy of this object
        whose `matches` also has those that are similar enough.

        `candidates` maps the ids of the further articles to their fingerprints (text hashes).
        """
        new_matches = [
            (candidate_id, match)
            for candidate_id, fingerprint in candidates.items()
            if candidate_id != self.article_id
            if (match := compare(self.article.fingerprint, fingerprint, rules))
        ]
        matches = sorted(
            [*self.matches, *new_matches], key=lambda pair: pair[1].strength, reverse=True
        )
        return replace(self, matches=tuple(matches))


def decide_copies(
    articles: Sequence[IdentifiedT],
    candidates: Sequence[FingerprintsById],
    rules: DedupRules,
    *,
    elect: Elect,
    widen: Callable[[Sequence[int]], Sequence[FingerprintsById]] | None = None,
    originals: CanonicalArticles | None = None,
    guard: Callable[[IdentifiedT], AbstractContextManager[None]] = lambda article: nullcontext(),
) -> list[tuple[IdentifiedT, Verdict]]:
    """Decide which articles are copies or variants (similar texts) of others, and return each
    article with its verdict, in order.

    `candidates` has for each article the fingerprints (text hashes) of others to compare it with.
    `widen` gets the indexes of new articles that are copies of none of these, and loads more.
    `elect` chooses the original of each new article. With `originals`, an article that was compared
    only with copies of its original is compared with that, too; if it is no copy of it, it is new.
    Each article is compared in a context that `guard` makes. If that suppresses an error, the
    article is left out.
    """
    compared = {n: _Compared(article) for n, article in enumerate(articles)}
    compared = _compare(compared, dict(enumerate(candidates)), rules, guard)
    if widen and (single := [n for n, c in compared.items() if c.is_new and not c.copies]):
        further = {
            n: fingerprints
            for n, fingerprints in zip(single, widen(single), strict=True)
            if fingerprints
        }
        widened = _compare({n: compared.pop(n) for n in further}, further, rules, guard)
        compared = dict(sorted((compared | widened).items()))
    new = [c for c in compared.values() if c.is_new]
    canonical = _elected(new, elect)
    if originals:
        canonical |= _unconfirmed(new, canonical, originals, rules)
    decided = []
    for c in compared.values():
        with guard(c.article):
            verdict = c.article.verdict
            chosen = canonical.get(c.article_id, verdict.cluster_id)
            decided.append((c.article, resolve(verdict, c.matches, chosen, rules)))
    return decided


def _compare(
    compared: Mapping[int, _Compared[IdentifiedT]],
    candidates: Mapping[int, FingerprintsById],
    rules: DedupRules,
    guard: Callable[[IdentifiedT], AbstractContextManager[None]],
) -> dict[int, _Compared[IdentifiedT]]:
    """Compare each article with the candidates at its position.

    Articles that fail are left out.
    """
    succeeded = {}
    for n, c in compared.items():
        with guard(c.article):
            succeeded[n] = c.compared_with(candidates[n], rules)
    return succeeded


def _elected(new: Sequence[_Compared[IdentifiedT]], elect: Elect) -> dict[str, str]:
    """Elect among new articles; return the id of each one's canonical article by article id."""
    votes = [CopyVote(article_id=c.article_id, copies=c.copies) for c in new]
    return dict(zip((c.article_id for c in new), elect(votes), strict=True)) if votes else {}


def _unconfirmed(
    new: Sequence[_Compared[IdentifiedT]],
    canonical: Mapping[str, str],
    originals: CanonicalArticles,
    rules: DedupRules,
) -> dict[str, str]:
    """Return the articles that are no copies of the original elected for them, each as its own.

    Only originals with which an article was not compared yet are loaded. If one is not stored yet,
    the election stands.
    """
    unmet = {
        c.article_id: c
        for c in new
        if canonical[c.article_id] not in (c.article_id, *c.copies) and c.copies
    }
    if not unmet:
        return {}
    fingerprints = {c.article_id: c.article.fingerprint for c in new}
    unknown = {canonical[article_id] for article_id in unmet} - fingerprints.keys()
    fingerprints |= originals.fingerprints(sorted(unknown)) if unknown else {}
    released = [
        article_id
        for article_id, c in unmet.items()
        if (original := fingerprints.get(canonical[article_id]))
        and comparable(c.article.fingerprint, original)
        and copy_of(c.article.fingerprint, original, rules) is None
    ]
    if released:
        originals.release(released)
    return {article_id: article_id for article_id in released}
