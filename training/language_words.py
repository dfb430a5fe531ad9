"""What is known of the words of a language, for the recogniser of names in that language.

The frequencies of words are wordfreq's: a word that is much more frequent in one language than in
others is rarely a name. Lists say which words are parts of names. `training.encoder_names` says
what each frequent word mostly is: part of the name of a person, organisation or place, or none.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from zlib import crc32

import numpy as np
from wordfreq import zipf_frequency

from training.entities import Words
from training.gazetteer import groups, listed_groups
from training.gazetteer_lists import list_rows
from worker.tag.entities.name_model import pack_strings
from worker.tag.entities.word_features import LexiconEntry

_HINTS = Path(__file__).parent / "labels" / "name-hints.tsv"
_COMPARED = ("en", "de", "fr", "es", "pt", "it", "nl", "pl", "sv")
_ABOVE_OTHERS = 2  # languages in which a word is more frequent, before the one it is compared with
_SURPLUS = 0.3, 0.8, 1.4, 2.2  # of the frequency (log10), from which a word belongs to a language
_LIST_GROUPS = frozenset(
    """forename surname orgname orgname? orgfirst orglast country countrypart state city4 city5
    citypart""".split()
)
# Groups of words that have a genitive in German.
_WITH_GENITIVE = frozenset("forename surname country city4 city5 placename region".split())
_KINDS = ("O", "PER", "ORG", "LOC")
_SURE = 0.7, 0.9  # probabilities of a kind, by which it is more or less sure
_FREQUENCIES = 3, 4, 5  # log10 of occurrences in a billion words
_PART_OF_PLACE = 4  # letters of a word that is a part of a name of a place


@cache
def words_of_lists(lists: Path) -> Mapping[str, frozenset[str]]:
    """By word in small letters, which part of names it is in the lists, and in GeoNames."""
    found: dict[str, set[str]] = defaultdict(set)
    for listed in (listed_groups(lists), groups()):
        for word, names in listed.items():
            if names & _LIST_GROUPS:
                found[word] |= names & _LIST_GROUPS
    return {word: frozenset(names) for word, names in found.items()}


def places_of_language(lists: Path, language: str) -> Mapping[str, set[str]]:
    """By word in small letters, whether it is a country or region in a language, or a part of its
    name."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in list_rows(lists / "places.tsv.gz"):
        whole = "placename" if row["kind"] in ("country", "territory") else "region"
        for alias in row["aliases"].split("|"):
            name, _, languages = alias.partition("@")
            if language in languages.split(",") and name[:1].isupper():
                words = name.lower().split()
                for word in words:
                    if len(words) == 1 or len(word) >= _PART_OF_PLACE:
                        found[word].add(whole if len(words) == 1 else "placepart")
    return found


def hints(language: str) -> Mapping[str, set[str]]:
    """Words beside names and in them (titles, "bank", "river"), by this project's own list."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in _HINTS.read_text("utf-8").splitlines():
        code, group, words = line.split("\t")
        for word in words.split() if code == language else ():
            found[word].add(group)
    return found


def surplus(word: str, language: str) -> int:
    """How much more frequent a word is in one language than in most others, from 0 to 4; -1 if
    the language does not have it. Names are about as frequent in all."""
    own = zipf_frequency(word, language)
    if own == 0:
        return -1
    others = [zipf_frequency(word, each) for each in _COMPARED if each != language]
    more = own - sorted(others, reverse=True)[_ABOVE_OTHERS]
    return sum(more >= least for least in _SURPLUS)


class LanguageWords(Words):
    """What is known of the words of one language; `kinds` are the probabilities of _KINDS that the
    encoder gives to frequent words. The numbers of "clusters" stand for frequency and kind."""

    def __init__(self, language: str, lists: Path, kinds: Mapping[str, np.ndarray]) -> None:
        self.language, self.kinds = language, kinds
        self._lists = words_of_lists(lists)
        self._own = hints(language), places_of_language(lists, language)
        self._entries: dict[str, LexiconEntry] = {}
        self._forms: dict[str, tuple[tuple[str, ...], ...]] = {}

    def entry(self, word: str) -> LexiconEntry:
        lower = word.lower()
        if lower not in self._entries and self._is_genitive(lower):
            self._entries[lower] = self.entry(lower[:-1])
        if lower not in self._entries:
            found = set(self._lists.get(lower, ()))
            for own in self._own:
                found |= own.get(lower, set())
            self._entries[lower] = LexiconEntry(
                cluster=self._cluster(lower),
                groups=tuple(sorted(found)),
                lower=surplus(lower, self.language),
            )
        return self._entries[lower]

    def _is_name(self, word: str) -> bool:
        listed = self._lists.get(word, frozenset()) & _WITH_GENITIVE
        places = self._own[1].get(word, set()) & _WITH_GENITIVE
        return bool(listed or places or (word in self.kinds and self.kinds[word].argmax() > 0))

    def _is_genitive(self, word: str) -> bool:
        """Whether a German word is the genitive of a name: "Obamas"."""
        known = word in self.kinds or word in self._lists or any(word in own for own in self._own)
        german = self.language == "de" and word.endswith("s") and not word.endswith("ss")
        return german and not known and self._is_name(word[:-1])

    def _cluster(self, word: str) -> int:
        if word not in self.kinds:
            return -1
        kinds = self.kinds[word]
        best = int(kinds.argmax())
        sure = sum(kinds[best] >= least for least in _SURE)
        frequency = sum(zipf_frequency(word, self.language) >= least for least in _FREQUENCIES)
        return (frequency * len(_KINDS) + best) * (len(_SURE) + 1) + sure

    def arrays(self) -> dict[str, np.ndarray]:
        """What is known of words, as arrays of a model file."""
        words = {*self.kinds, *self._own[0], *self._own[1]}
        words |= {w for w in self._lists if zipf_frequency(w, self.language) or _is_rare_name(w)}
        words |= {f"{word}s" for word in words if self._is_genitive(f"{word}s")}
        by_key = {crc32(word.encode()): word for word in words}
        keys = sorted(by_key)
        entries = [self.entry(by_key[key]) for key in keys]
        sets = Counter(" ".join(entry.groups) for entry in entries)
        numbers = {names: number for number, (names, _) in enumerate(sets.most_common())}
        return {
            "aliases": pack_strings([""]),
            "places": pack_strings([""]),
            "common": pack_strings(()),
            "words": np.array(keys, np.uint32),
            "clusters": np.array([entry.cluster for entry in entries], np.int8),
            "groups": np.array([numbers[" ".join(e.groups)] for e in entries], np.uint16),
            "group_sets": np.array(list(numbers)),
            "lower": np.array([entry.lower for entry in entries], np.int8),
            "known": np.zeros(0, np.uint32),
            "known_as": np.zeros(0, np.uint8),
            "known_names": np.zeros(0, "U1"),
        }


def _is_rare_name(word: str) -> bool:
    """Whether a word of the lists is worth its place, though the language does not have it."""
    return any(zipf_frequency(word, each) for each in _COMPARED)
