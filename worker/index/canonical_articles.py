"""Elect the canonical article of several copies: the one that stands for all of them.

The result is in a table that all workers share. It says of each article which one it copies; a
canonical article copies itself. An entry is written once and not changed. An article that copies a
canonical one becomes a copy of it; if none of several copies is canonical yet, the earliest becomes
so.

The entries of the copies are written before that of the canonical article. So two workers never
make two copies of one text canonical, even if only one of them knows that they are copies.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

# Pointers lead to a smaller number or to a canonical article only, so they form no cycle.
Pointers = dict[int, int]
"""Number of an article -> number of the article that its cell points to."""


class CanonicalTable(Protocol):
    """A table that says of each article of which article it is a copy.

    Articles are numbered in order of arrival. The table has for each number that of the article it
    copies, or the same number if the article is no copy.
    """

    def read(self, numbers: Collection[int]) -> Pointers:
        """Return a dict from the numbers of these articles to the numbers of the articles that they
        copy.

        A canonical article, which is no copy, leads to itself. An article about which nothing is
        decided yet is left out.
        """
        ...

    def fill(self, pointers: Mapping[int, int]) -> None:
        """Write which article each article copies (`pointers` maps number to number), unless the
        table says something about the article already."""
        ...


def elect(table: CanonicalTable, votes: Mapping[int, Sequence[int]]) -> Pointers:
    """Decide for some articles which article is canonical, that is stands for all copies of a text,
    and write this into `table`.

    `votes` maps the number of each article to the numbers of the articles that a worker found it to
    copy, best match first. Returns by number the number of the canonical article.
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
    """Read from `table` the whole chain of copies that begins at each of these articles.

    In a chain each article copies the next one. What is read is added to `pointers`, which maps the
    number of an article to the number of the one it copies. Returns `pointers`.
    """
    unread = {end_of(pointers, number) for number in numbers} - pointers.keys()
    while unread:
        cells = table.read(unread)
        pointers.update(cells)
        unread = set(cells.values()) - pointers.keys()
    return pointers


def end_of(pointers: Pointers, number: int) -> int:
    """Return the last article in a chain of copies, in which each article copies the next. The
    chain begins at the article `number`.

    `pointers` maps the number of an article to that of the article it copies, or to itself if it is
    no copy. If the chain is a circle, the smallest number in it is returned.
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
