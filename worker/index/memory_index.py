"""The index of one process: tests, dry runs, a worker that stands alone. Same window, in dicts."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count

from worker.index import Candidate, Claim, CopyVote
from worker.index.candidates import Rules, candidates
from worker.index.canonical_articles import Pointers, settle
from worker.model.records import Fingerprint

DAY_S = 86_400


class MemoryIndex:
    """First-owner shingle index and register in dicts."""

    def __init__(self, rules: Rules, clock: Callable[[], float] = time.time) -> None:
        self._rules = rules.index
        self._clock = clock
        self._next = count(1)
        self._numbers: dict[str, int] = {}
        self._articles: dict[int, str] = {}
        self._seen: dict[int, int] = {}  # number -> generation in which it was last claimed
        self._owners: dict[int | str, int] = {}  # sketch hash or text hash -> number
        self._fingerprints: dict[int, Fingerprint] = {}
        self._cells = _Cells()
        self._generation = 0

    def claim(self, claims: Sequence[Claim]) -> list[list[Candidate]]:
        self._turn_over()
        for claim in claims:
            number = self._number(claim.article_id)
            self._seen[number] = self._generation
            self._fingerprints[number] = claim.fingerprint
            self._owners.setdefault(claim.fingerprint.text_hash, number)
            for hash_ in claim.fingerprint.sketch:
                self._owners.setdefault(hash_, number)
        return [self._rivals(claim) for claim in claims]

    def settle(self, wishes: Sequence[CopyVote]) -> list[str]:
        for unknown in {alike for wish in wishes for alike in wish.alike} - self._numbers.keys():
            number = self._number(unknown)
            self._cells.fill({number: number})
        wanted = {
            self._number(wish.article_id): [self._number(alike) for alike in wish.alike]
            for wish in wishes
        }
        canonical = settle(self._cells, wanted)
        # The canonical article may be gone: the store knows whom a copy that is met belongs to.
        known = (next(iter(wish.alike), wish.article_id) for wish in wishes)
        return [
            self._articles.get(canonical[number], instead)
            for number, instead in zip(wanted, known, strict=True)
        ]

    def forget(self, article_ids: Sequence[str]) -> None:
        self._drop({self._numbers[i] for i in article_ids if i in self._numbers})

    def rivals(self, claims: Sequence[Claim]) -> list[list[Candidate]]:
        return [self._rivals(claim) for claim in claims]

    def correct(self, canonical: Mapping[str, str]) -> None:
        self._cells.overwrite(
            {self._number(mine): self._number(its) for mine, its in canonical.items()}
        )

    def turn(self, name: str, ttl_s: float) -> bool:
        return True

    def close(self) -> None:
        """Nothing is held open."""

    def _turn_over(self) -> None:
        """A new generation: what was not seen in the two before is gone."""
        generation = int(self._clock() // (self._rules.window_days * DAY_S))
        if generation != self._generation:
            self._generation = generation
            old = {n for n in self._articles if self._seen.get(n, generation) < generation - 1}
            self._drop(old)

    def _drop(self, gone: Collection[int]) -> None:
        if not gone:
            return
        for number in gone:
            del self._numbers[self._articles.pop(number)]
            self._fingerprints.pop(number, None)
            self._seen.pop(number, None)
        self._owners = {key: n for key, n in self._owners.items() if n not in gone}
        self._cells.drop(gone)

    def _number(self, article_id: str) -> int:
        if article_id not in self._numbers:
            number = self._numbers[article_id] = next(self._next)
            self._articles[number] = article_id
            self._seen[number] = self._generation
        return self._numbers[article_id]

    def _rivals(self, claim: Claim) -> list[Candidate]:
        keys: list[int | str] = [claim.fingerprint.text_hash, *claim.fingerprint.sketch]
        exact, *owners = [[self._owners[key]] if key in self._owners else [] for key in keys]
        found = candidates(self._numbers.get(claim.article_id, -1), owners, exact, self._rules)
        return [
            Candidate(
                article_id=self._articles[number],
                hits=hits,
                fingerprint=self._fingerprints.get(number),
            )
            for number, hits in found
        ]


class _Cells:
    """A register in a dict."""

    def __init__(self) -> None:
        self._filled: Pointers = {}

    def look(self, numbers: Collection[int]) -> Pointers:
        return {number: self._filled[number] for number in numbers if number in self._filled}

    def fill(self, pointers: Mapping[int, int]) -> None:
        for number, pointer in pointers.items():
            self._filled.setdefault(number, pointer)

    def drop(self, numbers: Collection[int]) -> None:
        for number in numbers:
            self._filled.pop(number, None)

    def overwrite(self, pointers: Mapping[int, int]) -> None:
        self._filled.update(pointers)
