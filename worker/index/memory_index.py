"""The index that finds copies, in the memory of one process: for tests, dry runs and a single
worker.

Like the index on Redis, it finds articles of the current time window and of the one before. A
window lasts `window_days` days.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count

from worker.index import Candidate, CopyVote, IndexEntry
from worker.index.candidates import SupportsIndexRules, count_taken, rank_candidates
from worker.index.canonical_articles import Pointers, elect
from worker.model.records import Fingerprint

DAY_S = 86_400


class MemoryIndex:
    """A similarity index in the memory of one process, for tests, dry runs and a single worker.

    It remembers which article was the first with each text hash, and which article stands for all
    copies of a text. `clock` returns the time in Unix seconds, by which old articles are forgotten.
    """

    def __init__(self, rules: SupportsIndexRules, clock: Callable[[], float] = time.time) -> None:
        self._rules = rules.index
        self._clock = clock
        self._next = count(1)
        self._numbers: dict[str, int] = {}
        self._articles: dict[int, str] = {}
        self._seen: dict[int, int] = {}  # number -> generation in which it was last registered
        self._owners: dict[int | str, int] = {}  # sketch hash or text hash -> number
        self._fingerprints: dict[int, Fingerprint] = {}
        self._created: set[int] = set()  # numbers of the last registration that were new
        self._table = _MemoryCanonicalTable()
        self._generation = 0

    def register_and_match(self, entries: Sequence[IndexEntry]) -> list[list[Candidate]]:
        self._begin_generation()
        self._created = set()
        for entry in entries:
            if entry.article_id not in self._numbers:
                self._created.add(self._number(entry.article_id))
            number = self._number(entry.article_id)
            self._seen[number] = self._generation
            self._fingerprints[number] = entry.fingerprint
            self._owners.setdefault(entry.fingerprint.text_hash, number)
            for hash_ in entry.fingerprint.sketch:
                self._owners.setdefault(hash_, number)
        candidates = [self._candidates(entry) for entry in entries]
        for entry, of_entry in zip(entries, candidates, strict=True):
            self._own_alternates(entry, [self._numbers[c.article_id] for c in of_entry])
        return candidates

    def release(self, article_ids: Sequence[str]) -> None:
        for number in {self._numbers.get(i, -1) for i in article_ids} & self._created:
            self._fingerprints.pop(number, None)

    def elect_canonical(self, votes: Sequence[CopyVote]) -> list[str]:
        for evicted in {copy for vote in votes for copy in vote.copies} - self._numbers.keys():
            number = self._number(evicted)
            self._table.fill({number: number})
        numbered = {
            self._number(vote.article_id): [self._number(copy) for copy in vote.copies]
            for vote in votes
        }
        canonical = elect(self._table, numbered)
        # The canonical article may be evicted: the store knows the cluster of the strongest match.
        strongest = (next(iter(vote.copies), vote.article_id) for vote in votes)
        return [
            self._articles.get(canonical[number], instead)
            for number, instead in zip(numbered, strongest, strict=True)
        ]

    def forget(self, article_ids: Sequence[str]) -> None:
        self._drop({self._numbers[i] for i in article_ids if i in self._numbers})

    def match(self, entries: Sequence[IndexEntry]) -> list[list[Candidate]]:
        return [self._candidates(entry) for entry in entries]

    def set_canonical(self, canonical: Mapping[str, str]) -> None:
        self._table.overwrite(
            {self._number(article): self._number(to) for article, to in canonical.items()}
        )

    def try_lock(self, name: str, ttl_s: float) -> bool:
        return True

    def close(self) -> None:
        """Do nothing, because no connection is open."""

    def _begin_generation(self) -> None:
        """Begin a generation (a time window) if the clock has reached it, and drop old articles.

        Those are dropped that were registered in neither this generation nor the one before.
        """
        generation = int(self._clock() // (self._rules.window_days * DAY_S))
        if generation != self._generation:
            self._generation = generation
            self._drop(
                {n for n in self._articles if self._seen.get(n, generation) < generation - 1}
            )

    def _drop(self, numbers: Collection[int]) -> None:
        if not numbers:
            return
        for number in numbers:
            del self._numbers[self._articles.pop(number)]
            self._fingerprints.pop(number, None)
            self._seen.pop(number, None)
        self._owners = {key: n for key, n in self._owners.items() if n not in numbers}
        self._table.drop(numbers)

    def _number(self, article_id: str) -> int:
        if article_id not in self._numbers:
            number = self._numbers[article_id] = next(self._next)
            self._articles[number] = article_id
            self._seen[number] = self._generation
        return self._numbers[article_id]

    def _own_alternates(self, entry: IndexEntry, rivals: Collection[int]) -> None:
        """Make the entry the owner of further hashes, in place of those that it does not own."""
        owners = [[self._owners[hash_]] for hash_ in entry.fingerprint.sketch]
        number = self._numbers[entry.article_id]
        for hash_ in entry.fingerprint.alternates[: count_taken(number, owners, rivals)]:
            self._owners.setdefault(hash_, number)

    def _candidates(self, entry: IndexEntry) -> list[Candidate]:
        keys: list[int | str] = [entry.fingerprint.text_hash, *entry.fingerprint.sketch]
        exact, *owners = [[self._owners[key]] if key in self._owners else [] for key in keys]
        own = self._numbers.get(entry.article_id, -1)
        return [
            Candidate(
                article_id=self._articles[number],
                hits=hits,
                fingerprint=self._fingerprints.get(number),
            )
            for number, hits in rank_candidates(own, owners, exact, self._rules)
        ]


class _MemoryCanonicalTable:
    """A dictionary that says of each article, by its number, which article it is a copy of.

    A canonical article, the one that stands for all copies of a text, has its own number.
    """

    def __init__(self) -> None:
        self._cells: Pointers = {}

    def read(self, numbers: Collection[int]) -> Pointers:
        return {number: self._cells[number] for number in numbers if number in self._cells}

    def fill(self, pointers: Mapping[int, int]) -> None:
        for number, pointer in pointers.items():
            self._cells.setdefault(number, pointer)

    def drop(self, numbers: Collection[int]) -> None:
        for number in numbers:
            self._cells.pop(number, None)

    def overwrite(self, pointers: Mapping[int, int]) -> None:
        self._cells.update(pointers)
