"""Find the names of the gazetteer (list of known names) of this package in texts.

A gazetteer is a list of names of organisations, places and people. Its names are found by hashes of
their words, several thousand words of a text at once.
"""

from collections.abc import Sequence
from functools import cache, cached_property
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.gazetteer_flags import WITHIN_KIND
from worker.tag.entities.gazetteer_keys import (
    FACTOR,
    PackedStrings,
    first_word_key,
    name_key,
    word_hash,
    written_like,
)
from worker.tag.entities.hashed_keys import ModelArrays
from worker.tag.entities.named_entries import (
    LANGUAGES,
    GazetteerEntry,
    KnownName,
    NamedEntry,
    counting_languages,
    known_name,
)
from worker.tag.entities.native_names import NativeNames
from worker.tag.entities.places_by_language import is_spelling_anywhere
from worker.tag.tokens import IntArray, Tokens, Vocabulary, WordFinder

_KINDS = ("person", "organisation", "place")

Keys = NDArray[np.uint32]
_FACTOR = np.uint32(FACTOR)
_NO_HASHES: Keys = np.zeros(0, np.uint32)
_NO_FLAGS: NDArray[np.uint8] = np.zeros(0, np.uint8)
_SINGLE, _LONGER = np.uint8(1), np.uint8(2)  # a word is a name, begins names of several words
_FILTER_MASK = np.uint32(2**20 - 1)  # of the hashes of pairs: one in 23 passes by chance
_MAX_REMEMBERED = 20_000  # names of articles
# Numbers of words, and the powers of the factor of the hash of a name: key(w0, w1 … wk) is the sum
# of all wi * F**-i, times F**k.
_COUNTS = np.arange(2**8)
_POWERS, _INVERSE_POWERS = (
    np.array([pow(factor, power, 2**32) for power in _COUNTS.tolist()], np.uint32)
    for factor in (FACTOR, pow(FACTOR, -1, 2**32))
)


class GazetteerMatch(NamedTuple):
    """A place in a text where a name of the gazetteer (the list of known names) stands: its tokens
    from index `first` up to, but without, `stop`.

    `named` are the entries that have this name, best known first. `plain` are those of them that
    the name proves by itself in the language of the text, and `proven` is their kind if they are
    well known enough to count without other evidence, or "".
    """

    first: int
    stop: int
    named: tuple[NamedEntry, ...]
    plain: tuple[GazetteerEntry, ...]
    proven: str


class Gazetteer:
    """The names of organisations, places and people that this package has, with their ids.

    It is made of the arrays of its file, and holds no object for each name, so processes forked
    later share its memory. `as_of` is the day on which the lists were made, as YYYY-MM-DD. `native`
    finds names in Russian, Arabic, Chinese and Japanese.
    """

    def __init__(self, arrays: ModelArrays) -> None:
        self.as_of = str(arrays["as_of"])
        order = np.argsort(arrays["keys"], kind="stable")
        self._keys = arrays["keys"][order]
        self._rows = order.astype(np.uint32)
        self._names = PackedStrings(arrays["names"].tobytes())
        self._ids = PackedStrings(arrays["ids"].tobytes())
        self._labels = PackedStrings(arrays["labels"].tobytes())
        self._countries = PackedStrings(arrays["countries"].tobytes())
        self._entry_of = arrays["entry_of"]
        self._flags, self._languages = arrays["flags"], arrays["languages"]
        self._kinds, self._ranks = arrays["kinds"], arrays["ranks"]
        self._first_words, self._most_words = arrays["first_words"], arrays["most_words"]
        pairs = arrays["demonyms"].tobytes().decode().split("\n")
        self.native = NativeNames(arrays)
        self._demonyms = dict(pair.split("\t") for pair in pairs)
        self._demonym_finder = WordFinder(self._demonyms)
        self._vocabulary: Vocabulary | None = None
        # A filter: False for most pairs of words with which no name begins.
        self._may_begin = np.zeros(int(_FILTER_MASK) + 1, np.bool_)
        self._may_begin[arrays["pairs"] & _FILTER_MASK] = True
        # By language and numbers of the words.
        self._remembered: dict[tuple[str, bytes], KnownName] = {}
        self._singles: dict[str, dict[int, KnownName]] = {}
        # By the number of a word: its hash, how many words a name has that begins with it, and
        # whether it is a name (_SINGLE) or begins longer ones (_LONGER).
        self._hashes, self._most_from, self._begins = _NO_HASHES, _NO_FLAGS, _NO_FLAGS

    def __len__(self) -> int:
        return len(self._kinds)

    def find(self, tokens: Tokens, language: str) -> list[GazetteerMatch]:
        """Find all names of the gazetteer in a text, in the order of their first word. At one word
        only the longest name is returned; names that begin at different words may overlap."""
        self._learn_words(tokens.vocabulary)
        numbers = tokens.numbers
        language = language if language in LANGUAGES else ""  # bounds what is remembered
        matches: dict[int, GazetteerMatch] = {}
        begins = self._begins.take(numbers)
        firsts = (begins & _SINGLE).nonzero()[0]
        by_number = self._singles.setdefault(language, {})
        for first, number in zip(firsts.tolist(), numbers.take(firsts).tolist(), strict=True):
            if (known := by_number.get(number)) is None:
                known = by_number[number] = self._single(
                    number, tokens.vocabulary.words[number], language
                )
            if known.named:
                matches[first] = GazetteerMatch(first, first + 1, *known)
        starts = (begins[:-1] & _LONGER).nonzero()[0]
        for first, stop, row in self._longer_runs(numbers, starts):  # the longest last
            known = self._named_at(tokens, first, stop, row, language)
            if known.named:
                matches[first] = GazetteerMatch(first, stop, *known)
        return [matches[first] for first in sorted(matches)]

    def _longer_runs(self, numbers: IntArray, starts: IntArray) -> Sequence[tuple[int, int, int]]:
        """The runs of several tokens that may be names, as (first, stop, row of the keys).

        `numbers` are those of all tokens, and `starts` the indexes at which a run may begin. Of the
        runs from one token the longest comes last.
        """
        hashes = self._hashes
        pairs = hashes.take(numbers.take(starts)) * _FACTOR
        pairs += hashes.take(numbers.take(starts + 1))
        starts = starts[self._may_begin.take(pairs & _FILTER_MASK)]
        if not len(starts):
            return ()
        # A row for each start, with a key for each number of words. The last key of a row is the
        # polynomial hash of all its words; the others are found by the same sum.
        most = np.minimum(self._most_from.take(numbers.take(starts)), len(numbers) - starts)
        longest = int(most.max())
        words = hashes.take(numbers.take(starts[:, None] + _COUNTS[:longest], mode="clip"))
        keys = (words * _INVERSE_POWERS[:longest]).cumsum(1, np.uint32) * _POWERS[:longest]
        usable = _COUNTS[:longest] < most[:, None]
        usable[:, 0] = False  # single words are found elsewhere
        at, extra = usable.nonzero()
        wanted = keys[at, extra]
        rows = self._keys.searchsorted(wanted)
        hits = (self._keys.take(rows, mode="clip") == wanted).nonzero()[0]
        firsts = starts.take(at.take(hits))
        stops = firsts + extra.take(hits) + 1
        found = (firsts.tolist(), stops.tolist(), rows.take(hits).tolist())
        return list(zip(*found, strict=True))

    def _single(self, number: int, word: str, language: str) -> KnownName:
        """The entries that have this word, which has this number, as their name."""
        row = int(self._keys.searchsorted(np.uint32(word_hash(word))))
        named = self._named((word,), row)
        if not named:
            self._begins[number] &= _LONGER
        return known_name(named, (word,), language)

    def _named_at(
        self, tokens: Tokens, first: int, stop: int, row: int, language: str
    ) -> KnownName:
        """The entries that have these tokens as their name; they are remembered for the next
        article."""
        numbers = language, tokens.numbers[first:stop].tobytes()
        known = self._remembered.get(numbers)
        if known is None:
            if len(self._remembered) >= _MAX_REMEMBERED:
                self._remembered.clear()
            words = tokens.run(first, stop)
            known = known_name(self._named(words, row), words, language)
            self._remembered[numbers] = known
        return known

    def peoples_in(self, tokens: Tokens) -> set[str]:
        """Return the countries to which words such as "French" or "Germans" in a text refer, as
        country codes of two letters."""
        words = (tokens.run(at, at + 1)[0] for at in self._demonym_finder.find(tokens))
        return {self._demonyms[word] for word in words}

    @cached_property
    def peoples(self) -> frozenset[str]:
        """Words for the people of countries, singular and plural, that are no names of places:
        "German", "Germans", but not Luxembourg."""
        words = [word for word in self._demonyms if " " not in word and not self.look_up(word)]
        return frozenset((*words, *(f"{word}s" for word in words)))

    def look_up(self, name: str) -> tuple[NamedEntry, ...]:
        """Return the entries that have this name, in any letter case, best known first."""
        words = [word for word in Tokens(name).words if word]
        row = int(self._keys.searchsorted(np.uint32(name_key(words))))
        return self._named(words, row, any_case=True)

    def counting_languages(self, name: str) -> dict[GazetteerEntry, list[str]]:
        """Return for each entry with this name, written as here, in which languages the name alone
        is enough for its tag: as codes of LANGUAGES, and "other" for all languages but these."""
        words = tuple(word for word in Tokens(name).words if word)
        row = int(self._keys.searchsorted(np.uint32(name_key(words))))
        return counting_languages(self._named(words, row), words)

    def with_id(self, wanted: str) -> list[GazetteerEntry]:
        """Return the entries with this id, such as wd:Q183, in any letter case."""
        return [self.entry(number) for number in self._ids.equal_to(wanted)] if wanted else []

    def _named(
        self, words: Sequence[str], row: int, *, any_case: bool = False
    ) -> tuple[NamedEntry, ...]:
        """The entries with a name of these words, from a row of the sorted keys on."""
        key = name_key(words)
        words = list(words)
        any_case = any_case or is_spelling_anywhere(words)
        named: dict[int, tuple[bool, NamedEntry]] = {}
        while row < len(self._keys) and self._keys[row] == key:
            number = int(self._rows[row])
            row += 1
            listed, flags = self._names.at(number).split(" "), int(self._flags[number])
            if not written_like(words, listed, flags, any_case=any_case):
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
            self._forget_words()
        if not (new := vocabulary.words[len(self._hashes) :]):
            return
        keys = np.array([first_word_key(word) for word in new], np.uint32)
        rows = self._first_words.searchsorted(keys)
        most = self._most_words.take(rows, mode="clip")
        most[self._first_words.take(rows, mode="clip") != keys] = 0
        self._most_from = np.concatenate([self._most_from, most])
        hashes = np.array([word_hash(word) for word in new], np.uint32)
        self._hashes = np.concatenate([self._hashes, hashes])
        rows = self._keys.searchsorted(hashes)
        single = (self._keys.take(rows, mode="clip") == hashes) & (most > 0)
        begins = single * _SINGLE | (most > 1) * _LONGER
        self._begins = np.concatenate([self._begins, begins])

    def _forget_words(self) -> None:
        self._hashes, self._most_from, self._begins = _NO_HASHES, _NO_FLAGS, _NO_FLAGS
        self._remembered.clear()
        self._singles.clear()


@cache
def packaged_gazetteer() -> Gazetteer:
    """Load the gazetteer, the list of known names in this package, once in each process."""
    with (files("worker.tag") / "data" / "gazetteer.npz").open("rb") as file:
        return Gazetteer(dict(np.load(file)))
