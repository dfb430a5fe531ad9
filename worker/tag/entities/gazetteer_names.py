"""The names in the gazetteer of this package, and what each of them proves.

A gazetteer is a list of names of organisations, places and people. A name that is also a word
(Apple), or that several entries have (Georgia), proves less than one that means a single thing.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.hashed_keys import ModelArrays
from worker.tag.entities.tokens import IntArray, Tokens, Vocabulary, WordFinder
from worker.tag.entities.word_keys import folded_word

# Flags of a name: why it alone does not prove that its entry is meant.
WORD = 1  # it is also a word that is no name: Apple, Shell
OTHER_KIND = 2  # it is also a name of another kind: a surname, a place
WITHIN_KIND = 4  # an old, foreign or small one: it says which place is meant, not that it is one
SHARED = 8  # several entries of its kind have it

_DOUBTS = {
    WORD: "also a word",
    OTHER_KIND: "also of another kind",
    WITHIN_KIND: "old, foreign or small",
    SHARED: "shared",
}

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "ru")  # of names of places
_KINDS = ("person", "organisation", _PLACE := "place")
WELL_KNOWN = 3  # rank from which one word that was not recognised is a name

Keys = NDArray[np.uint32]
_LINE_END = 10  # between two packed strings
_FACTOR_INT = 0x9E3779B1  # odd, with bits all over
_FACTOR = np.uint32(_FACTOR_INT)
_32_BITS = 2**32 - 1
_NO_HASHES = np.zeros(0, np.uint32)
_MAX_REMEMBERED = 20_000  # names of articles
_ACRONYM = 4  # letters from which Nasa is NASA


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
    """An entry of the gazetteer that has a certain name, with the flags of this name (WORD …).

    `languages` is a bit mask of LANGUAGES: those in which a foreign name of a place is its usual
    one.
    """

    entry: GazetteerEntry
    flags: int
    languages: int

    @property
    def doubts(self) -> str:
        """Why the name alone does not prove that the entry is meant; "" if it does."""
        return ", ".join(why for flag, why in _DOUBTS.items() if self.flags & flag)


class GazetteerMatch(NamedTuple):
    """A place in a text where a name of the gazetteer stands: its tokens from index `first` up to,
    but without, `stop`.

    `named` are the entries that have this name, best known first. `plain` are those of them that
    the name proves by itself in the language of the text.
    """

    first: int
    stop: int
    named: tuple[NamedEntry, ...]
    plain: tuple[GazetteerEntry, ...]


class Gazetteer:
    """The names of organisations, places and people that this package has, with their ids.

    It is made of the arrays of its file, and holds no object for each name, so processes forked
    later share its memory. `as_of` is the day on which the lists were made, as YYYY-MM-DD.
    """

    def __init__(self, arrays: ModelArrays) -> None:
        self.as_of = str(arrays["as_of"])
        order = np.argsort(arrays["keys"], kind="stable")
        self._keys = arrays["keys"][order]
        self._rows = order.astype(np.uint32)
        self._names = _Strings(arrays["names"].tobytes())
        self._ids = _Strings(arrays["ids"].tobytes())
        self._labels = _Strings(arrays["labels"].tobytes())
        self._countries = _Strings(arrays["countries"].tobytes())
        self._entry_of = arrays["entry_of"]
        self._flags, self._languages = arrays["flags"], arrays["languages"]
        self._kinds, self._ranks = arrays["kinds"], arrays["ranks"]
        self._pairs = arrays["pairs"]
        self._first_words, self._most_words = arrays["first_words"], arrays["most_words"]
        pairs = arrays["demonyms"].tobytes().decode().split("\n")
        self._demonyms = dict(pair.split("\t") for pair in pairs)
        self._demonym_finder = WordFinder(self._demonyms)
        self._vocabulary: Vocabulary | None = None
        self._hashes, self._most_from = _NO_HASHES, self._most_words[:0]
        # By language and numbers of the words: the entries of a name, and those that it proves.
        self._remembered: dict[
            tuple[str, bytes], tuple[tuple[NamedEntry, ...], tuple[GazetteerEntry, ...]]
        ] = {}

    def __len__(self) -> int:
        return len(self._kinds)

    def find(self, tokens: Tokens, language: str) -> list[GazetteerMatch]:
        """Find all names of the gazetteer in a text, in the order of their first word. At one word
        only the longest name is returned; names that begin at different words may overlap."""
        self._learn_words(tokens.vocabulary)
        most = self._most_from.take(tokens.numbers)
        starts = np.flatnonzero(most)
        if not len(starts):
            return []
        firsts, counts, keys = self._runs(tokens.numbers, starts, most[starts])
        found = self._keys.searchsorted(keys)
        hits = np.flatnonzero(self._keys.take(found, mode="clip") == keys)
        longest: dict[int, GazetteerMatch] = {}
        rows = zip(firsts[hits].tolist(), counts[hits].tolist(), found[hits].tolist(), strict=True)
        for first, count, row in rows:
            named, plain = self._named_at(tokens, first, first + count, row, language)
            if named:
                longest[first] = GazetteerMatch(first, first + count, named, plain)
        return [longest[first] for first in sorted(longest)]

    def _runs(
        self, numbers: IntArray, starts: IntArray, most: NDArray[np.uint8]
    ) -> tuple[IntArray, IntArray, Keys]:
        """All runs of tokens that may be names, as (first token, number of tokens, key), shorter
        ones first.

        `numbers` are those of all tokens, `most` the number of tokens of the longest run from each
        start. Runs whose first two words begin no name are left out early.
        """
        hashes = self._hashes.take(numbers)
        single = hashes.take(starts)
        longer = starts[(most > 1) & (starts < len(hashes) - 1)]
        pairs = hashes.take(longer) * _FACTOR + hashes.take(longer + 1)
        rows = self._pairs.searchsorted(pairs)
        known = longer[self._pairs.take(rows, mode="clip") == pairs]
        firsts, counts, keys = [], [], []
        # Few are left here: a loop is faster than arrays.
        for first in known.tolist():
            words = hashes[first : first + int(self._most_from[numbers[first]])].tolist()
            key = words[0]
            for count, word in enumerate(words[1:], 2):
                key = (key * _FACTOR_INT + word) & _32_BITS
                firsts.append(first)
                counts.append(count)
                keys.append(key)
        return (
            np.concatenate([starts, np.array(firsts, np.int64)]),
            np.concatenate([np.ones_like(starts), np.array(counts, np.int64)]),
            np.concatenate([single, np.array(keys, np.uint32)]),
        )

    def _named_at(
        self, tokens: Tokens, first: int, stop: int, row: int, language: str
    ) -> tuple[tuple[NamedEntry, ...], tuple[GazetteerEntry, ...]]:
        """The entries that have these tokens as their name, and those that it proves; both are
        remembered for the next article."""
        numbers = language, tokens.numbers[first:stop].tobytes()
        remembered = self._remembered.get(numbers)
        if remembered is None:
            if len(self._remembered) >= _MAX_REMEMBERED:
                self._remembered.clear()
            named = self._named(tokens.run(first, stop), row)
            remembered = named, _proven(named, stop - first, language)
            self._remembered[numbers] = remembered
        return remembered

    def peoples_in(self, tokens: Tokens) -> set[str]:
        """The countries whose people or adjective a text names ("French"), as codes of two
        letters."""
        words = (tokens.run(at, at + 1)[0] for at in self._demonym_finder.find(tokens))
        return {self._demonyms[word] for word in words}

    def look_up(self, name: str) -> tuple[NamedEntry, ...]:
        """Return the entries that have this name, in any letter case, best known first."""
        words = [word for word in Tokens(name).words if word]
        row = int(self._keys.searchsorted(np.uint32(name_key(words))))
        return self._named(words, row, any_case=True)

    def with_id(self, wanted: str) -> list[GazetteerEntry]:
        """Return the entries with this id, such as wd:Q183, in any letter case."""
        return [self.entry(number) for number in self._ids.equal_to(wanted)] if wanted else []

    def _named(
        self, words: Sequence[str], row: int, *, any_case: bool = False
    ) -> tuple[NamedEntry, ...]:
        """The entries with a name of these words, from a row of the sorted keys on."""
        key = name_key(words)
        words = list(words)
        named: dict[int, tuple[bool, NamedEntry]] = {}
        while row < len(self._keys) and self._keys[row] == key:
            number = int(self._rows[row])
            row += 1
            listed, flags = self._names.at(number).split(" "), int(self._flags[number])
            if not _written_like(words, listed, flags, any_case=any_case):
                continue
            entry_number, languages = int(self._entry_of[number]), int(self._languages[number])
            variant = words != listed  # another spelling has its own flags
            if entry_number not in named or named[entry_number][0] > variant:
                entry = NamedEntry(self.entry(entry_number), flags, languages)
                named[entry_number] = variant, entry
        entries = [entry for _, entry in named.values()]
        return tuple(sorted(entries, key=lambda n: (n.flags & WITHIN_KIND, -n.entry.rank)))

    def entry(self, number: int) -> GazetteerEntry:
        """Return the entry with this number; they are numbered from 0."""
        return GazetteerEntry(
            id=self._ids.at(number),
            label=self._labels.at(number),
            kind=_KINDS[self._kinds[number]],
            country=self._countries.at(number),
            rank=int(self._ranks[number]),
        )

    def _learn_words(self, vocabulary: Vocabulary) -> None:
        """Look up the words that are new in the vocabulary: their hashes, and how many words a name
        may have that begins with them. Both tables are indexed by the numbers of the words."""
        if vocabulary is not self._vocabulary:
            self._vocabulary = vocabulary
            self._hashes, self._most_from = _NO_HASHES, self._most_words[:0]
            self._remembered.clear()
        if not (new := vocabulary.words[len(self._hashes) :]):
            return
        keys = np.array([first_word_key(word) for word in new], np.uint32)
        rows = self._first_words.searchsorted(keys)
        most = self._most_words.take(rows, mode="clip")
        most[self._first_words.take(rows, mode="clip") != keys] = 0
        self._most_from = np.concatenate([self._most_from, most])
        hashes = np.array([_hash(word) for word in new], np.uint32)
        self._hashes = np.concatenate([self._hashes, hashes])


def _proven(named: Sequence[NamedEntry], words: int, language: str) -> tuple[GazetteerEntry, ...]:
    """The entries that a name of so many words proves by itself; none if they are of two kinds."""
    plain = tuple(n.entry for n in named if _proves(n, words, language))
    return plain if len({entry.kind for entry in plain}) == 1 else ()


def _proves(named: NamedEntry, words: int, language: str) -> bool:
    if language == "en":
        return not named.flags & (WORD | OTHER_KIND | WITHIN_KIND)
    if named.flags & (WORD | OTHER_KIND):
        return False
    if named.entry.kind == _PLACE and named.languages and language in LANGUAGES:
        return bool(named.languages >> LANGUAGES.index(language) & 1)
    return not named.flags & WITHIN_KIND and (words > 1 or named.entry.rank >= WELL_KNOWN)


def name_key(words: Iterable[str]) -> int:
    """Return the key of a name, of 32 bits: a polynomial hash of its words in folded form."""
    key = 0
    for word in words:
        key = (key * _FACTOR_INT + _hash(word)) & _32_BITS
    return key


def _hash(word: str) -> int:
    return crc32(folded_word(word).encode("utf-8", "replace"))


def first_word_key(word: str) -> int:
    """Return the key by which the first word of a name is looked up.

    A word in small letters finds names that begin with a small letter only, so that "will" and
    "for" begin none.
    """
    prefix = "\0" if word[:1].islower() else ""
    return crc32((prefix + folded_word(word)).encode("utf-8", "replace"))


def _written_like(
    words: Sequence[str], listed: Sequence[str], flags: int, *, any_case: bool
) -> bool:
    """Whether words of a text are a way to write a listed name.

    Capitals may be added: "Mohammed Bin Salman", "BERLIN". They may be left out of a long acronym
    only (Nasa), and names that are also words must be written as listed.
    """
    if words == listed:
        return True
    if [*map(folded_word, words)] != [*map(folded_word, listed)]:
        return False
    if any_case:
        return True
    if len(words) > 1:
        pairs = zip(words, listed, strict=True)
        return not any(w[:1].islower() and ell[:1].isupper() for w, ell in pairs)
    word, name = words[0], listed[0]
    if word[1:].isupper() or name[1:].isupper():
        return not flags & (WORD | OTHER_KIND) and len(name) >= _ACRONYM and not word[0].islower()
    return word[0].isupper() == name[0].isupper() or not flags


class _Strings:
    """Strings, packed into bytes with a line end between them, which are decoded one at a time."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        ends = np.flatnonzero(np.frombuffer(packed, np.uint8) == _LINE_END)
        self._starts = np.concatenate([[0], ends + 1, [len(packed) + 1]]).astype(np.uint32)

    def equal_to(self, text: str) -> list[int]:
        """The numbers of the strings that equal this one but for case."""
        lines = self._packed.decode().lower().split("\n")
        return [number for number, line in enumerate(lines) if line == text.lower()]

    def at(self, number: int) -> str:
        start, after = self._starts[number : number + 2].tolist()
        return self._packed[start : after - 1].decode()


@cache
def packaged_gazetteer() -> Gazetteer:
    """Load the gazetteer of this package, once in each process."""
    with (files("worker.tag") / "data" / "gazetteer.npz").open("rb") as file:
        return Gazetteer(dict(np.load(file)))
