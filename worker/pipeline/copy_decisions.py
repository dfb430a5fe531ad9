"""Decide which articles are copies or variants of others.

    compare   each article with its candidates
    widen     an article without copies is compared with its candidates' clusters as well
    elect     the canonical article of each new article
    resolve   the verdict of each article

Ingestion and `worker dedup replay` both call `decide_copies`. They differ in where the fingerprints
come from, and in the function that elects.
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
"""Pairs of the id of an earlier article and how it matches, the strongest match first."""

Elect = Callable[[Sequence[CopyVote]], list[str]]
"""A function that returns the id of the canonical article for each vote.

`Index.elect_canonical` is one.
"""


class Identified(Protocol):
    """An article that is known to be new, a revision or unchanged, by comparison with the stored
    article of the same identity. It was not compared with other articles yet.

    `verdict` says which of these it is.
    """

    @property
    def verdict(self) -> Verdict: ...
    @property
    def fingerprint(self) -> Fingerprint: ...


IdentifiedT = TypeVar("IdentifiedT", bound=Identified)


@dataclass(frozen=True, slots=True)
class _Compared(Generic[IdentifiedT]):
    """An article with the earlier articles found so far that it matches."""

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
        """Return this article with the matches among these candidates added.

        An article is never compared with itself.
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
    guard: Callable[[IdentifiedT], AbstractContextManager[None]] = lambda article: nullcontext(),
) -> list[tuple[IdentifiedT, Verdict]]:
    """Compare articles with their candidates; return them with their verdicts, in the order given.

    `candidates` has one item per article. `widen` gets positions in `articles` and loads further
    candidates of the articles there. `guard` makes a context that is entered around the work on one
    article; an article is left out of the result if its context suppresses an error.
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
