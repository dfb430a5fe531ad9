"""The entries of the gazetteer (list of known names) under their names, and what a name proves.

A name that is also a word (Apple), or that several entries have (Georgia), proves less than one
that means a single thing. In another language it may prove more: texts in Italian say Torino.
"""

from collections.abc import Sequence
from typing import NamedTuple

from worker.tag.entities.gazetteer_flags import OTHER_KIND, SHARED, WITHIN_KIND, WORD
from worker.tag.entities.mentions import ORGANISATION, PLACE
from worker.tag.entities.places_by_language import (
    is_home_acronym,
    is_noun,
    is_spelling,
    is_usual_name,
)

_DOUBTS = {
    WORD: "also a word",
    OTHER_KIND: "also of another kind",
    WITHIN_KIND: "old, foreign or small",
    SHARED: "shared",
}

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "ru")  # of names of places
OTHER_LANGUAGES = "other"  # of LANGUAGES
WELL_KNOWN = 3  # rank from which one word that was not recognised is a name


class GazetteerEntry(NamedTuple):
    """One organisation, place or person of the gazetteer.

    `id` is a public one (wd:Q312, geonames:2950159, iso:FR), or "" if there is none. `country` is a
    code of two letters, or "". `rank` says how well known it is, from 2 to 5.
    """

    id: str
    label: str
    kind: str
    country: str
    rank: int


class NamedEntry(NamedTuple):
    """An entry of the gazetteer (the list of known names) under one of its names.

    `flags` are facts about the name, as bits: for example, that it is also another word (WORD).
    `languages` is a bit mask of the languages in which the name is the usual one of a place abroad.
    """

    entry: GazetteerEntry
    flags: int
    languages: int

    @property
    def doubts(self) -> str:
        """Why the name alone does not prove that the entry is meant; "" if it does."""
        return ", ".join(why for flag, why in _DOUBTS.items() if self.flags & flag)


class KnownName(NamedTuple):
    """What the gazetteer, the list of known names, has about one name.

    `named` are the entries with this name, best known first. `plain` are those of them that are
    meant without other evidence. `proven` is their kind, such as place, if they are so well known
    that the name counts at once, or "".
    """

    named: tuple[NamedEntry, ...]
    plain: tuple[GazetteerEntry, ...]
    proven: str


def known_name(named: tuple[NamedEntry, ...], words: Sequence[str], language: str) -> KnownName:
    """Return what the gazetteer has about a name of these words in texts of a language. `named` are
    the entries with this name, best known first."""
    plain = _proven(named, words, language)
    sure = plain and (
        len(words) > 1 or plain[0].rank >= WELL_KNOWN or _at_home(plain[0], words, language)
    )
    return KnownName(named, plain, plain[0].kind if sure else "")


def _proven(
    named: Sequence[NamedEntry], words: Sequence[str], language: str
) -> tuple[GazetteerEntry, ...]:
    """The entries that a name of these words proves by itself; none if they are of two kinds, or if
    it is also a noun of the language."""
    if is_noun(words, language):
        return ()
    plain = tuple(n.entry for n in named if _proves(n, words, language))
    return plain if len({entry.kind for entry in plain}) == 1 else ()


def _proves(named: NamedEntry, words: Sequence[str], language: str) -> bool:
    if language == "en":
        return not named.flags & (WORD | OTHER_KIND | WITHIN_KIND)
    if named.entry.kind == PLACE and not named.flags & WORD and is_spelling(words, language):
        return True
    if named.flags & (WORD | OTHER_KIND):
        return False
    if _at_home(named.entry, words, language):
        return True
    if named.entry.kind == PLACE and named.languages and language in LANGUAGES:
        return bool(named.languages >> LANGUAGES.index(language) & 1)
    well_known = len(words) > 1 or named.entry.rank >= WELL_KNOWN
    return not named.flags & WITHIN_KIND and well_known


def _at_home(entry: GazetteerEntry, words: Sequence[str], language: str) -> bool:
    """Whether texts in a language have this name for the entry, however little known it is
    elsewhere."""
    if entry.kind == PLACE:
        return is_usual_name(words, entry.label, entry.country, language)
    return entry.kind == ORGANISATION and is_home_acronym(words, entry.country, language)


def counting_languages(
    named: tuple[NamedEntry, ...], words: Sequence[str]
) -> dict[GazetteerEntry, list[str]]:
    """Return for each entry with a name of these words in which languages the name alone is enough
    for its tag, as codes of LANGUAGES, and OTHER_LANGUAGES for all languages but these."""
    languages: dict[GazetteerEntry, list[str]] = {each.entry: [] for each in named}
    for language in (*LANGUAGES, ""):
        known = known_name(named, words, language)
        for entry in known.plain if known.proven else ():
            languages[entry].append(language or OTHER_LANGUAGES)
    return languages
