"""Mentions to names: what was recognised in one article comes in, whom it means goes out.

"Mr Biden" is Joe Biden where Joe Biden is named in full, Kiev is Kyiv, and WHO is what stood before
"(WHO)". Nothing is guessed from outside the article but the aliases of places and own entries.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

PERSON, ORGANISATION, PLACE = "person", "organisation", "place"

_TITLES = frozenset(
    """president vice-president minister prime chancellor premier senator governor mayor secretary
    spokesman spokeswoman spokesperson chairman chairwoman judge justice general colonel captain
    lieutenant sergeant officer king queen prince princess pope bishop archbishop cardinal rabbi
    imam sheikh professor prof. dr dr. mr mr. mrs mrs. ms ms. sir lord lady rep rep. sen sen. gov
    gov. gen gen. former foreign defence defense us u.s. uk us-president""".split()
)
_SUFFIXES = frozenset(("jr", "jr.", "sr", "sr.", "ii", "iii", "iv"))
_SMALL = frozenset(("of", "the", "and", "for", "on", "in"))


class Mention(NamedTuple):
    """Characters [start, end) of the text read that name something."""

    start: int
    end: int
    surface: str
    kind: str
    score: float
    method: str


class Name(NamedTuple):
    """Whom or what mentions mean, and these in reading order."""

    name: str
    kind: str
    mentions: tuple[Mention, ...]


def bare(surface: str) -> str:
    """A person's name without titles in front, and on one line."""
    words = surface.split()
    if len(words) == 1:
        return surface
    while len(words) > 1 and words[0].lower() in _TITLES:
        words = words[1:]
    return " ".join(words)


def resolve(
    mentions: Sequence[Mention],
    places: Mapping[str, str],
    own: Mapping[str, tuple[str, str]],
    text: str,
) -> list[Name]:
    """The names of an article, most mentioned first. `own` maps a surface to (name, kind)."""
    by_surface: dict[str, list[Mention]] = defaultdict(list)
    for mention in mentions:
        by_surface[bare(mention.surface)].append(mention)
    kinds = {
        surface: its[0].kind if len(its) == 1 else _kind(its) for surface, its in by_surface.items()
    }
    people = _full_names(kinds)
    acronyms = _acronyms(mentions, text)
    found: dict[tuple[str, str], list[Mention]] = defaultdict(list)
    for surface, its in by_surface.items():
        found[_meant(surface, kinds[surface], people, acronyms, places, own)] += its
    names = [
        Name(name, kind, tuple(sorted(its) if its[1:] else its))
        for (name, kind), its in found.items()
    ]
    return sorted(names, key=lambda name: -len(name.mentions))


def _meant(
    surface: str,
    kind: str,
    people: Mapping[str, str],
    acronyms: Mapping[str, str],
    places: Mapping[str, str],
    own: Mapping[str, tuple[str, str]],
) -> tuple[str, str]:
    if surface in own:
        return own[surface]
    if surface in people:
        full = people[surface]
        return own.get(full, (full, PERSON))
    if surface in acronyms:
        return acronyms[surface], ORGANISATION
    return (places.get(surface, surface) if kind == PLACE else surface), kind


def _kind(mentions: Sequence[Mention]) -> str:
    """What one surface was most often, and most surely, taken for."""
    votes: dict[str, float] = defaultdict(float)
    for mention in mentions:
        votes[mention.kind] += 1 + mention.score
    return max(votes, key=votes.__getitem__)


def _full_names(kinds: Mapping[str, str]) -> dict[str, str]:
    """What a person is called for short, to the full name; a name two people share is nobody's."""
    people: dict[str, str] = {}
    shared: set[str] = set()
    for full, kind in kinds.items():
        if kind != PERSON or " " not in full:
            continue
        words = [word for word in full.split() if word.lower() not in _SUFFIXES]
        for short in {words[-1], words[0]}:
            if people.setdefault(short, full) != full:
                shared.add(short)
    return {short: full for short, full in people.items() if short not in shared}


def _acronyms(mentions: Sequence[Mention], text: str) -> dict[str, str]:
    """WHO, where the text says "World Health Organization (WHO)"."""
    found: dict[str, str] = {}
    if " (" not in text:
        return found
    for mention in mentions:
        if text.startswith(" (", mention.end):
            words = [w for w in mention.surface.split() if w.lower() not in _SMALL]
            initials = "".join(word[0] for word in words)
            if len(words) > 1 and text.startswith(f"{initials})", mention.end + 2):
                found[initials] = mention.surface
    return found
