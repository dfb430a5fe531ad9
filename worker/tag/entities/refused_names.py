"""Drop words that were taken for names of persons, organisations or places, and are none.

These are names that the operator refuses, titles without a name ("the Queen"), words for peoples
("Iranian", "North Koreans"), the party and state of a politician ("R-UT"), and a country that
stands for its currency ("US$").
"""

import re
from collections.abc import Collection, Mapping, Sequence

from worker.tag.entities.lexicon import Lexicon
from worker.tag.entities.mentions import ORGANISATION, PERSON, Mention, is_title, name_form
from worker.tag.entities.places_by_language import is_noun, stands_as_place
from worker.tag.tokens import Tokens

_PEOPLES = frozenset(  # beside those of countries, which the gazetteer has
    """African Arab Arabian Asian Balkan Basque Berber Bosniak Californian Catalan Caucasian Chechen
    Corsican Crimean Druze English European Flemish Hawaiian Inuit Jewish Korean Kurd Kurdish Latino
    Londoner Maori Māori Palestinian Parisian Roma Scot Scottish Siberian Sicilian Soviet Tatar
    Texan Tibetan Tuareg Uighur Uyghur Welsh Yorker""".split()
)
_DIRECTIONS = frozenset(
    """north south east west northern southern eastern western central middle southeast southwest
    northeast northwest sub-saharan new saudi latin native great""".split()
)
_PARTY_AND_STATE = re.compile(
    r"[DRI]-(?:[A-Z]{2}|[A-Z][a-z]{1,4}\.|Alaska|Hawaii|Idaho|Iowa|Maine|Ohio|Texas|Utah)"
)
_CURRENCY = "$"
_MOSTLY_LOWER = 2  # quarters of lowercase uses from which a word is no name by itself


def without_refused(
    mentions: Sequence[Mention],
    refused: Mapping[str, frozenset[str]],
    peoples: Collection[str],
    text: str,
) -> list[Mention]:
    """Return those of the mentions of names in `text` that are really names. Names that the
    operator has listed stay, except a country before a sign such as "$".

    `refused` are names that the operator refuses, in normalised form, each with the kinds (such as
    person) of which it is no name. `peoples` has words for peoples, such as "German", "Germans".
    """
    people = None
    kept = []
    for mention in mentions:
        _, end, surface, kind, _, method, *_ = mention
        if text.startswith(_CURRENCY, end):
            continue
        if method != "own":
            form = name_form(surface, kind)[1]
            if form in refused and kind in refused[form]:
                continue
            if kind == PERSON and is_title(surface):
                continue
        if method == "crf":
            last = surface.rsplit(None, 1)[-1]
            if (last in peoples or last in _PEOPLES or last[:-1] in _PEOPLES) and (
                _DIRECTIONS.issuperset([word.lower() for word in surface.split()[:-1]])
            ):
                if people is None:
                    people = {m.surface.rsplit(None, 1)[-1] for m in mentions if _is_full(m)}
                if last not in people:  # "French" may be Dawn French
                    continue
            if last[1:2] == "-" and _PARTY_AND_STATE.fullmatch(last):
                continue
        kept.append(mention)
    return kept


def without_nouns(mentions: Sequence[Mention], tokens: Tokens, language: str) -> list[Mention]:
    """Return the mentions that the trained model found, without single words that are both a place
    and a common noun of the language and stand where they are the noun: "Das Essen"."""
    doubtful = {m.surface for m in mentions if is_noun((m.surface,), language)}
    if not doubtful:
        return [*mentions]
    indexes = tokens.indexes_of(doubtful)
    spans = tokens.spans(indexes, [index + 1 for index in indexes])
    nouns = {
        start
        for index, (start, _) in zip(indexes, spans, strict=True)
        if not stands_as_place(
            tokens.run(max(0, index - 2), index), tokens.run(index, index + 1)[0], language
        )
    }
    return [m for m in mentions if m.start not in nouns or m.surface not in doubtful]


def _is_full(mention: Mention) -> bool:
    """Whether this is a person's full name, not one like "South Korean"."""
    first, _, rest = mention.surface.partition(" ")
    return mention.kind == PERSON and bool(rest) and first.lower() not in _DIRECTIONS


def without_common_words(mentions: Sequence[Mention], lexicon: Lexicon) -> list[Mention]:
    """Return the mentions without organisations of the list of names that are mostly written small
    ("act", "unity") and that the trained model did not take for a name. `lexicon` is its own."""
    return [
        m
        for m in mentions
        if m.recognised
        or m.method != "gazetteer"
        or m.kind != ORGANISATION
        or " " in m.surface
        or lexicon.lower(m.surface) < _MOSTLY_LOWER
    ]
