"""Cut words that stand before the name of an organisation but are no part of it: "American company
Regeneron" names Regeneron."""

from collections.abc import Collection, Sequence

from worker.tag.entities.mentions import ORGANISATION, Mention

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
