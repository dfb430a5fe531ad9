"""Elect the canonical article of copies, the one that stands for all of them, in a shared table.

Articles are numbers in the order of arrival. The table has one cell per article, which is written
once. It points to the article that this one copies, or to itself when it is canonical; it is empty
while the article is undecided. Pointers lead to a smaller number or to a canonical article only, so
they form no cycle.

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
    """A table that says of each article which article it copies, for electing canonical articles.

    It has one cell per article, which holds the number of the copied article, or the article's own
    number when it is canonical. Articles are numbered in order of arrival. Each method takes one
    round trip to the server.
    """

    def read(self, numbers: Collection[int]) -> Pointers:
        """Return number -> number of the article that it copies, for the articles with these
        numbers.

        A canonical article has its own number. An article about which nothing was decided yet is
        left out.
        """
        ...

    def fill(self, pointers: Mapping[int, int]) -> None:
        """Write which article each article copies (number -> number), where nothing is written yet.

        A cell of the table that is already filled stays as it is.
        """
        ...


def elect(table: CanonicalTable, votes: Mapping[int, Sequence[int]]) -> Pointers:
    """Elect the canonical article of each voting article, write it into the table and return it.

    `votes` maps the number of a voting article to the numbers of the articles that it copies, best
    match first. The result maps the same numbers to the number of the canonical article, the one
    that stands for all copies of a text.
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
    """Read which articles these articles copy, which ones those copy in turn, and so on.

    What is read is added to `pointers` (number of an article -> number of the article that it
    copies), which is also returned. A chain of copies ends at a canonical article, or at one about
    which nothing is decided yet.
    """
    unread = {end_of(pointers, number) for number in numbers} - pointers.keys()
    while unread:
        cells = table.read(unread)
        pointers.update(cells)
        unread = set(cells.values()) - pointers.keys()
    return pointers


def end_of(pointers: Pointers, number: int) -> int:
    """Return the last article in the chain of copies that begins at the article `number`.

    `pointers` maps the number of an article to that of the article it copies; a canonical article
    maps to itself. Two repairs at the same time could make articles copies of each other in a
    circle. Then the smallest number in the circle is returned.
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
