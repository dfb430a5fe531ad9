"""The index of one process: tests, dry runs, a worker that stands alone. It forgets nothing."""

from collections.abc import Collection, Mapping, Sequence

from worker.index import Claim, Rival, Wish
from worker.index.candidates import Rules, candidates
from worker.index.register import Pointers, settle
from worker.models import Fingerprint


class MemoryIndex:
    """First-owner shingle index and register in dicts."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules.index
        self._numbers: dict[str, int] = {}
        self._articles: list[str] = []
        self._owners: dict[int | str, int] = {}  # sketch hash or text hash -> number
        self._fingerprints: dict[int, Fingerprint] = {}
        self._cells = _Cells()

    def claim(self, claims: Sequence[Claim]) -> list[list[Rival]]:
        for claim in claims:
            number = self._number(claim.article_id)
            self._fingerprints[number] = claim.fingerprint
            self._owners.setdefault(claim.fingerprint.text_hash, number)
            for hash_ in claim.fingerprint.sketch:
                self._owners.setdefault(hash_, number)
        return [self._rivals(claim) for claim in claims]

    def settle(self, wishes: Sequence[Wish]) -> list[str]:
        for unknown in {alike for wish in wishes for alike in wish.alike} - self._numbers.keys():
            number = self._number(unknown)
            self._cells.fill({number: number})
        wanted = {
            self._number(wish.article_id): [self._number(alike) for alike in wish.alike]
            for wish in wishes
        }
        canonical = settle(self._cells, wanted)
        return [self._articles[canonical[number]] for number in wanted]

    def rivals(self, claims: Sequence[Claim]) -> list[list[Rival]]:
        return [self._rivals(claim) for claim in claims]

    def correct(self, canonical: Mapping[str, str]) -> None:
        self._cells.overwrite(
            {self._number(mine): self._number(its) for mine, its in canonical.items()}
        )

    def turn(self, name: str, ttl_s: float) -> bool:
        return True

    def close(self) -> None:
        """Nothing is held open."""

    def _number(self, article_id: str) -> int:
        number = self._numbers.setdefault(article_id, len(self._articles))
        if number == len(self._articles):
            self._articles.append(article_id)
        return number

    def _rivals(self, claim: Claim) -> list[Rival]:
        keys: list[int | str] = [claim.fingerprint.text_hash, *claim.fingerprint.sketch]
        exact, *owners = [[self._owners[key]] if key in self._owners else [] for key in keys]
        found = candidates(self._numbers.get(claim.article_id, -1), owners, exact, self._rules)
        return [
            Rival(
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

    def overwrite(self, pointers: Mapping[int, int]) -> None:
        self._filled.update(pointers)
