"""Copies have one canonical article in the register, in any order of the steps of their workers."""

from collections.abc import Collection, Mapping
from itertools import chain, combinations, cycle
from threading import Semaphore, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.index.canonical_articles import Pointers, settle


class Cells:
    """A register in a dict. Before each read it applies the next change of `meanwhile`."""

    def __init__(self, filled: Pointers, meanwhile: tuple[Pointers, ...] = ()) -> None:
        self.filled = filled
        self.meanwhile = list(meanwhile)

    def look(self, numbers: Collection[int]) -> Pointers:
        if self.meanwhile:
            self.fill(self.meanwhile.pop(0))
        return {number: self.filled[number] for number in numbers if number in self.filled}

    def fill(self, pointers: Mapping[int, int]) -> None:
        for number, pointer in pointers.items():
            self.filled.setdefault(number, pointer)


@pytest.mark.parametrize(
    ("filled", "votes", "settled", "after"),
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
def test_the_cells_and_the_votes_decide_which_article_is_canonical(
    filled: Pointers, votes: dict[int, list[int]], settled: Pointers, after: Pointers
) -> None:
    cells = Cells(filled)
    assert settle(cells, votes) == settled
    assert cells.filled == after
    assert settle(cells, votes) == settled


@pytest.mark.parametrize(
    ("meanwhile", "settled"),
    [
        pytest.param(({}, {9: 9}), 5, id="forced in time"),
        pytest.param(({9: 9},), 9, id="the later one is canonical before it can be forced"),
        pytest.param(({}, {5: 3, 3: 3}), 3, id="forced itself while it forces"),
    ],
)
def test_the_first_write_of_a_cell_decides_a_race(
    meanwhile: tuple[Pointers, ...], settled: int
) -> None:
    assert settle(Cells({}, meanwhile), {5: [9]}) == {5: settled}


class Turns:
    """One worker in a thread, which runs until its next access to the register at each step()."""

    def __init__(self, cells: Cells, me: int, copies: list[int]) -> None:
        self._cells = cells
        self._go, self._ready = Semaphore(0), Semaphore(0)
        self.finished = False
        Thread(target=self._work, args=({me: copies},), daemon=True).start()
        self._ready.acquire()

    def step(self) -> None:
        self._go.release()
        self._ready.acquire()

    def look(self, numbers: Collection[int]) -> Pointers:
        self._await()
        return self._cells.look(numbers)

    def fill(self, pointers: Mapping[int, int]) -> None:
        self._await()
        self._cells.fill(pointers)

    def _await(self) -> None:
        self._ready.release()
        self._go.acquire()

    def _work(self, votes: dict[int, list[int]]) -> None:
        settle(self, votes)
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
    """Of two copies at least one sees the other, because each writes its claim before it reads."""
    votes: dict[int, list[int]] = {number: [] for number in range(1, count + 1)}
    for (earlier, later), sees in zip(combinations(votes, 2), seen, strict=False):
        if sees != "earlier":
            votes[earlier].append(later)
        if sees != "later":
            votes[later].append(earlier)
    cells = Cells({})
    workers = [Turns(cells, number, copies) for number, copies in votes.items()]
    for step, turn in enumerate(chain(schedule, cycle(range(count)))):
        if all(worker.finished for worker in workers):
            break
        index = turn % count
        if step < crashes:  # the batch of a killed worker is delivered again
            workers[index] = Turns(cells, index + 1, votes[index + 1])
        if not workers[index].finished:
            workers[index].step()
    settled = settle(cells, votes)
    assert len(set(settled.values())) == 1
    assert [number for number in votes if settled[number] == number] == [*set(settled.values())]
