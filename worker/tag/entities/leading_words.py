"""Cut words that stand before a name but are no part of it: "American company Regeneron" names
Regeneron, and "Roma Giorgia Meloni ha detto" a place and a person."""

from collections.abc import Collection, Sequence
from itertools import pairwise

from worker.tag.entities.gazetteer_evidence import NameInText
from worker.tag.entities.mentions import ORGANISATION, PERSON, PLACE, Mention

_NOUNS = frozenset(
    """agency airline automaker bank biotech broadcaster builder business carmaker carrier chain
    charity chipmaker club company conglomerate developer drugmaker firm giant group insurer lender
    maker manufacturer newspaper operator producer publisher retailer startup start-up supermarket
    supplier team technology tech utility oil energy media news car drug software food""".split()
)


def without_leading_words(mentions: Sequence[Mention], peoples: Collection[str]) -> list[Mention]:
    """Return the mentions, where names of organisations that the trained model found begin after
    a word for a people and common nouns in small letters. `peoples` are those words: "American"."""
    cut = {}
    for number, (_, _, surface, kind, _, method, *_) in enumerate(mentions):
        if kind == ORGANISATION and method == "crf" and surface.partition(" ")[0] in peoples:
            cut[number] = _cut(mentions[number], peoples)
    if not cut:
        return [*mentions]
    return [cut.get(number, mention) for number, mention in enumerate(mentions)]


def _cut(mention: Mention, peoples: Collection[str]) -> Mention:
    words = mention.surface.split(" ")
    at = next((at for at, word in enumerate(words) if word not in peoples), len(words))
    first = at
    while at < len(words) and words[at] in _NOUNS:
        at += 1
    if not 0 < first < at < len(words) or not words[at][:1].isupper():
        return mention
    surface = " ".join(words[at:])
    return mention._replace(start=mention.end - len(surface), surface=surface)


def without_leading_places(
    mentions: Sequence[Mention], listed: Sequence[NameInText]
) -> list[Mention]:
    """Return the mentions, where those that are a well-known place and the full name of a
    well-known person, and nothing else, are cut to the person. `listed` are the well-known names
    in the text, in reading order."""
    people = {
        (place.start, person.end): person.start
        for place, person in pairwise(listed)
        if person.start == place.end + 1
        and person.stop - person.first > 1
        and (place.proven, person.proven) == (PLACE, PERSON)
    }
    if not people:
        return [*mentions]
    return [
        m._replace(start=start, surface=m.surface[start - m.start :], kind=PERSON)
        if (start := people.get((m.start, m.end)))
        else m
        for m in mentions
    ]
