"""Who is canonical among copies: a write-once cell per article, numbered in order of arrival.

A cell holds the number of the article it is a copy of, or its own when it is canonical. Pointers go
to a smaller number or to a canonical article only, so there are no cycles. Each worker looks at the
cells of its article's copies: a canonical one makes it a copy; of two undecided ones the earlier
wins, and an article that is the earlier one *forces* the other's cell before it fills its own. So
two workers that see each other, or only one of which sees the other, never both become canonical.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

Pointers = dict[int, int]


class Cells(Protocol):
    """Each method is one round trip."""

    def look(self, numbers: Collection[int]) -> Pointers:
        """What the cells hold; empty ones are left out."""
        ...

    def fill(self, pointers: Mapping[int, int]) -> None:
        """Fill those of the cells that are empty."""
        ...


def settle(cells: Cells, wishes: Mapping[int, Sequence[int]]) -> Pointers:
    """The canonical article of each wish: number of an article -> numbers of its copies."""
    known: Pointers = {}
    involved = {number for me, alike in wishes.items() for number in (me, *alike)}
    while forced := _forced(chased(cells, involved, known), wishes):
        cells.fill(forced)
    choices = {me: _choice(known, me, alike) for me, alike in wishes.items()}
    cells.fill({me: choice for me, choice in choices.items() if me not in known})
    chased(cells, wishes, known)
    return {me: end_of(known, me) for me in wishes}


def chased(cells: Cells, numbers: Iterable[int], known: Pointers) -> Pointers:
    """Read until every pointer is followed to a canonical article or to an empty cell."""
    ask = {end_of(known, number) for number in numbers} - known.keys()
    while ask:
        found = cells.look(ask)
        known.update(found)
        ask = set(found.values()) - known.keys()
    return known


def end_of(known: Pointers, number: int) -> int:
    """Repairs overwrite cells: two that cross could make a circle, whose smallest is its end."""
    passed: list[int] = []
    while known.get(number, number) != number:
        if number in passed:
            return min(passed[passed.index(number) :])
        passed.append(number)
        number = known[number]
    return number


def _forced(known: Pointers, wishes: Mapping[int, Sequence[int]]) -> Pointers:
    """The later, undecided copies of articles that are themselves undecided and first."""
    forced: Pointers = {}
    for me in sorted(wishes):
        if me not in known and _choice(known, me, wishes[me]) == me:
            for end in {end_of(known, number) for number in wishes[me]} - {me}:
                forced.setdefault(end, me)
    return forced


def _choice(known: Pointers, me: int, alike: Sequence[int]) -> int:
    """A canonical copy, the best first; else the earliest undecided one, which may be `me`."""
    ends = [end_of(known, number) for number in alike]
    canonical = [end for end in ends if end in known and end != me]
    return canonical[0] if canonical else min([me, *ends])
