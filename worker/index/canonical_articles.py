"""Elect the canonical article of copies, in a table with one write-once cell per article.

Articles are numbers in the order of arrival. The cell of an article points to the article that it
copies, or to itself when it is canonical. It is empty while the article is undecided. Pointers lead
to a smaller number or to a canonical article only, so they form no cycle.

A worker reads the cells of the articles that its article copies. If one of these is canonical, its
article becomes a copy of that one. Otherwise the earliest of them all wins. If that is the worker's
own article, the worker first *forces* the others: it fills their empty cells with pointers to its
article, and fills its own cell only then.

So two workers never both make their article canonical, even if only one of them knows that the two
are copies. If the later article's worker knows, it chooses the earlier article. If the earlier
article's worker knows, it tries to fill the other's cell first; if that cell points to itself
already, the other article is canonical and its own becomes the copy.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

Pointers = dict[int, int]
"""Number of an article -> number of the article that its cell points to."""


class CanonicalTable(Protocol):
    """The table with one cell per article, which holds the number of the article that it copies.

    Each method takes one round trip.
    """

    def read(self, numbers: Collection[int]) -> Pointers:
        """Return the contents of the cells of these articles; empty cells are left out."""
        ...

    def fill(self, pointers: Mapping[int, int]) -> None:
        """Write the pointers of these articles into cells that are empty; leave the others."""
        ...


def elect(table: CanonicalTable, votes: Mapping[int, Sequence[int]]) -> Pointers:
    """Elect the canonical article of each article that votes, write it into the table and return
    it.

    `votes` map an article's number to the numbers of the articles that it copies, the best match
    first. The result maps the same numbers to those of the canonical articles.
    """
    pointers: Pointers = {}
    voted = {number for own, copies in votes.items() for number in (own, *copies)}
    while forced := _forced(follow(table, voted, pointers), votes):
        table.fill(forced)
    choices = {own: _choice(pointers, own, copies) for own, copies in votes.items()}
    table.fill({own: choice for own, choice in choices.items() if own not in pointers})
    follow(table, votes, pointers)
    return {own: end_of(pointers, own) for own in votes}


def follow(table: CanonicalTable, numbers: Iterable[int], pointers: Pointers) -> Pointers:
    """Read the cells of these articles, and those of the articles that they point to, into
    `pointers`.

    It ends where each chain reaches a canonical article or an article with an empty cell.
    """
    unread = {end_of(pointers, number) for number in numbers} - pointers.keys()
    while unread:
        cells = table.read(unread)
        pointers.update(cells)
        unread = set(cells.values()) - pointers.keys()
    return pointers


def end_of(pointers: Pointers, number: int) -> int:
    """The last article of the chain of copies that begins at `number`.

    Repairs overwrite cells, and two at the same time could make a cycle of pointers. Then the
    smallest number in the cycle is returned.
    """
    passed: list[int] = []
    while pointers.get(number, number) != number:
        if number in passed:
            return min(passed[passed.index(number) :])
        passed.append(number)
        number = pointers[number]
    return number


def _forced(pointers: Pointers, votes: Mapping[int, Sequence[int]]) -> Pointers:
    """The cells to fill before voting articles fill their own, so that no copy becomes canonical.

    If a voting article is undecided and none that it copies is earlier or canonical, the cells of
    all that it copies are to point to it.
    """
    forced: Pointers = {}
    for own in sorted(votes):
        if own not in pointers and _choice(pointers, own, votes[own]) == own:
            for end in {end_of(pointers, number) for number in votes[own]} - {own}:
                forced.setdefault(end, own)
    return forced


def _choice(pointers: Pointers, own: int, copies: Sequence[int]) -> int:
    """The article that `own` should point to: the first of its `copies` that is canonical.

    If none is, it is the earliest of the undecided ones, perhaps `own` itself.
    """
    targets = [end_of(pointers, number) for number in copies]
    canonical = [end for end in targets if end in pointers and end != own]
    return canonical[0] if canonical else min([own, *targets])
