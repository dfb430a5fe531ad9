"""Decide which articles are copies or variants of others.

    compare   each article with its candidates
    widen     an article without copies is compared with its candidates' clusters as well
    elect     the canonical article of each new article
    resolve   the verdict of each article

Ingestion and the replay of stored decisions go through `decide_copies`. They differ in where
fingerprints come from and in who elects.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from worker.dedup import DedupRules, Match, compare, resolve
from worker.index import CopyVote
from worker.model.records import Fingerprint, OutcomeKind, Verdict
from worker.pipeline.candidate_fingerprints import FingerprintsById

Matches = tuple[tuple[str, Match], ...]
"""(article id, match) pairs, the strongest first."""

Elect = Callable[[Sequence[CopyVote]], list[str]]
"""Returns the canonical article id of each vote, as `Index.elect_canonical` does."""


class Identified(Protocol):
    """An article whose verdict by identity is known."""

    @property
    def verdict(self) -> Verdict: ...
    @property
    def fingerprint(self) -> Fingerprint: ...


IdentifiedT = TypeVar("IdentifiedT", bound=Identified)


@dataclass(frozen=True, slots=True)
class _Compared(Generic[IdentifiedT]):
    """An article with the matches found so far."""

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
        """Ids of the articles that this one is a copy of, the strongest match first."""
        return tuple(i for i, match in self.matches if match.kind is OutcomeKind.DUPLICATE)

    def compared_with(
        self, candidates: FingerprintsById, rules: DedupRules
    ) -> "_Compared[IdentifiedT]":
        """Compare with these candidates too. An article is never compared with itself."""
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
    guard: Callable[[IdentifiedT], AbstractContextManager[None]] = lambda article: nullcontext(),
) -> list[tuple[IdentifiedT, Verdict]]:
    """Compare articles with their candidates; return them with their verdicts, in the order given.

    `candidates` are aligned with `articles`. `widen` loads further candidates of the articles at
    some positions. `guard` is entered around the work on one article; an article whose guard
    suppresses an error is left out.
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
    canonical = _elected([c for c in compared.values() if c.is_new], elect)
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
    """Compare each article with the candidates at its position; leave out those that fail."""
    succeeded = {}
    for n, c in compared.items():
        with guard(c.article):
            succeeded[n] = c.compared_with(candidates[n], rules)
    return succeeded


def _elected(new: Sequence[_Compared[IdentifiedT]], elect: Elect) -> dict[str, str]:
    """Article id -> id of its canonical article."""
    votes = [CopyVote(article_id=c.article_id, copies=c.copies) for c in new]
    return dict(zip((c.article_id for c in new), elect(votes), strict=True)) if votes else {}
