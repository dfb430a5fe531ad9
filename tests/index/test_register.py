"""Elections in every order of steps: one canonical article, whichever worker is first."""

from collections.abc import Collection, Mapping
from itertools import chain, combinations, cycle
from threading import Semaphore, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.index.canonical_articles import Pointers, elect


class DictTable:
    """A table of canonical articles in a dict; it may change before each read."""

    def __init__(self, filled: Pointers, meanwhile: tuple[Pointers, ...] = ()) -> None:
        self.filled = filled
        self.meanwhile = list(meanwhile)

    def read(self, numbers: Collection[int]) -> Pointers:
        if self.meanwhile:
            self.fill(self.meanwhile.pop(0))
        return {number: self.filled[number] for number in numbers if number in self.filled}

    def fill(self, pointers: Mapping[int, int]) -> None:
        for number, pointer in pointers.items():
            self.filled.setdefault(number, pointer)


@pytest.mark.parametrize(
    ("filled", "votes", "elected", "after"),
    [
        pytest.param({}, {5: []}, {5: 5}, {5: 5}, id="alone: canonical"),
        pytest.param({3: 3}, {5: [3]}, {5: 3}, {3: 3, 5: 3}, id="copy of a canonical article"),
        pytest.param({9: 9}, {5: [9]}, {5: 9}, {9: 9, 5: 9}, id="even when that came later"),
        pytest.param({3: 2, 2: 2}, {5: [3]}, {5: 2}, {3: 2, 2: 2, 5: 2}, id="copy of a copy"),
        pytest.param({}, {5: [3]}, {5: 3}, {5: 3}, id="yields to an earlier, undecided one"),
        pytest.param({}, {5: [9]}, {5: 5}, {9: 5, 5: 5}, id="forces a later, undecided one"),
        pytest.param({9: 7}, {5: [9]}, {5: 5}, {9: 7, 7: 5, 5: 5}, id="forces the end of a chain"),
        pytest.param({5: 3, 3: 3}, {5: [9]}, {5: 3}, {5: 3, 3: 3}, id="obeys its own cell"),
        pytest.param({9: 5}, {5: [9]}, {5: 5}, {9: 5, 5: 5}, id="its copy knows it already"),
        pytest.param(
            {3: 3, 4: 4}, {5: [4, 3]}, {5: 4}, {3: 3, 4: 4, 5: 4}, id="the best one first"
        ),
        pytest.param({3: 3}, {5: [9, 3]}, {5: 3}, {3: 3, 5: 3}, id="a copy forces nobody"),
        pytest.param(
            {}, {9: [7], 7: [9, 5], 5: [7]}, {9: 5, 7: 5, 5: 5}, {9: 5, 7: 5, 5: 5}, id="one batch"
        ),
    ],
)
def test_the_canonical_article_is_elected(
    filled: Pointers, votes: dict[int, list[int]], elected: Pointers, after: Pointers
) -> None:
    table = DictTable(filled)
    assert elect(table, votes) == elected
    assert table.filled == after
    assert elect(table, votes) == elected


@pytest.mark.parametrize(
    ("meanwhile", "elected"),
    [
        pytest.param(({}, {9: 9}), 5, id="forced in time"),
        pytest.param(({9: 9},), 9, id="the later one is canonical before it can be forced"),
        pytest.param(({}, {5: 3, 3: 3}), 3, id="forced itself while it forces"),
    ],
)
def test_a_race_is_decided_by_who_fills_first(
    meanwhile: tuple[Pointers, ...], elected: int
) -> None:
    assert elect(DictTable({}, meanwhile), {5: [9]}) == {5: elected}


class Turns:
    """One worker in a thread, which takes a step when it is told to."""

    def __init__(self, table: DictTable, own: int, copies: list[int]) -> None:
        self._table = table
        self._go, self._ready = Semaphore(0), Semaphore(0)
        self.finished = False
        Thread(target=self._work, args=({own: copies},), daemon=True).start()
        self._ready.acquire()

    def step(self) -> None:
        self._go.release()
        self._ready.acquire()

    def read(self, numbers: Collection[int]) -> Pointers:
        self._await()
        return self._table.read(numbers)

    def fill(self, pointers: Mapping[int, int]) -> None:
        self._await()
        self._table.fill(pointers)

    def _await(self) -> None:
        self._ready.release()
        self._go.acquire()

    def _work(self, votes: dict[int, list[int]]) -> None:
        elect(self, votes)
        self.finished = True
        self._ready.release()


copies = st.integers(2, 5)
seen = st.lists(st.sampled_from(["earlier", "later", "both"]), min_size=10, max_size=10)
schedules = st.lists(st.integers(0, 4), max_size=40)


@settings(deadline=None)
@given(copies, seen, schedules, st.integers(0, 3))
def test_copies_settle_on_one_in_any_order_of_steps(
    count: int, seen: list[str], schedule: list[int], crashes: int
) -> None:
    """Of any two copies one sees the other at least: that is what write, barrier, read gives."""
    votes: dict[int, list[int]] = {number: [] for number in range(1, count + 1)}
    for (earlier, later), sees in zip(combinations(votes, 2), seen, strict=False):
        if sees != "earlier":
            votes[earlier].append(later)
        if sees != "later":
            votes[later].append(earlier)
    table = DictTable({})
    workers = [Turns(table, own, copies) for own, copies in votes.items()]
    for number, turn in enumerate(chain(schedule, cycle(range(count)))):
        if all(worker.finished for worker in workers):
            break
        own = turn % count
        if number < crashes:  # a killed worker's batch comes again, from the start
            workers[own] = Turns(table, own + 1, votes[own + 1])
        if not workers[own].finished:
            workers[own].step()
    elected = elect(table, votes)
    assert len(set(elected.values())) == 1
    assert [own for own in votes if elected[own] == own] == [*set(elected.values())]
