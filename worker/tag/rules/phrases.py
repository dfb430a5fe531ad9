"""Phrases in text: a list of phrases is compiled once, then texts come in and hits go out.

A phrase matches whole words, in any case. `elect*` also matches the words it begins, `*minister`
those it ends. A phrase in capitals (`WHO`), or marked exact, matches only letters in the case
written. Offsets are those of the text as it was given.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

# Casefolding never shortens a character; these are the ones it lengthens (ß -> ss, ﬁ -> fi).
# None is at or above U+FB18, so the rest of Unicode need not be asked.
_LONGER = re.compile(
    "[" + "".join(c for c in map(chr, range(0xFB18)) if len(c.casefold()) > 1) + "]"
)

# Thai, Lao, Burmese, Khmer, kana and Han are written without spaces: any place is a word's edge.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003134f]"
)


class Phrase(NamedTuple):
    """What is looked for, and how its edges and its letters have to be."""

    text: str
    begins: bool = False  # also words that begin so
    ends: bool = False  # also words that end so
    exact: bool = False  # letters in the case written


def phrase(written: str, *, exact: bool = False) -> Phrase:
    """A phrase as rules write it: stars at its edges, capitals for names like WHO."""
    bare = written.removeprefix("*").removesuffix("*")
    return Phrase(
        text=bare,
        begins=written.endswith("*"),
        ends=written.startswith("*"),
        exact=exact or bare.isupper(),
    )


class Hit(NamedTuple):
    """Characters [start, end) of the text, where phrase number `phrase` stands."""

    phrase: int
    start: int
    end: int


class Folded(NamedTuple):
    """A text made comparable, and the way back to the text as it was."""

    text: str
    added: list[int]  # places of the characters that casefolding added, ascending

    def origin(self, at: int) -> int:
        """The place of the character that this one came from."""
        return at - bisect_right(self.added, at)


def fold(text: str) -> Folded:
    """Casefold, and make typographic apostrophes, hyphens and spaces plain."""
    plain = _plain(text)
    folded = plain.casefold()
    added: list[int] = []
    if len(folded) > len(text):
        for found in _LONGER.finditer(plain):
            first = found.start() + len(added) + 1
            added.extend(range(first, first + len(found[0].casefold()) - 1))
    return Folded(folded, added)


def _plain(text: str) -> str:
    """The same length: typographic apostrophes, hyphens and spaces as a keyboard has them."""
    return text.replace("’", "'").replace("\u2011", "-").replace("\u00a0", " ")


class Phrases:
    """The compiled phrases: one automaton finds them all in one pass."""

    def __init__(self, phrases: Sequence[Phrase | str]) -> None:
        self._phrases = [phrase(p) if isinstance(p, str) else p for p in phrases]
        self._exact = [_plain(p.text) if p.exact else "" for p in self._phrases]
        self._automaton = AhoCorasick(
            [fold(p.text).text for p in self._phrases],
            matchkind=MatchKind.Standard,
            implementation=Implementation.ContiguousNFA,
        )

    def find(self, text: str) -> list[Hit]:
        """Every place where a phrase stands as it should, overlaps included, left to right."""
        folded = fold(text)
        body, added, phrases = folded.text, folded.added, self._phrases
        hits = []
        for number, start, end in self._automaton.find_matches_as_indexes(body, True):
            _, begins, ends, exact = phrases[number]
            # Most edges are spaces: seen here, a call is saved.
            after, before = body[end : end + 1], body[start - 1 : start]
            if (after.isalnum() or not after.isascii()) and joined(body, end):
                if not begins:
                    continue
                end = _word_end(body, end)
            if (before.isalnum() or not before.isascii()) and joined(body, start):
                if not ends:
                    continue
                start = _word_start(body, start)
            if added:
                start, end = folded.origin(start), folded.origin(end - 1) + 1
            if exact and not self._as_written(number, text[start:end]):
                continue
            hits.append(Hit(number, start, end))
        return hits

    def _as_written(self, number: int, found: str) -> bool:
        return self._exact[number] in _plain(found)


def joined(text: str, at: int) -> bool:
    """Is this place inside a word?"""
    if at == 0 or at >= len(text):
        return False
    before, after = text[at - 1], text[at]
    if not (_in_word(before) and _in_word(after)):
        return False
    if before.isascii() and after.isascii():
        return True
    return not (_UNSPACED.match(before) or _UNSPACED.match(after))


def words_between(text: str, start: int, end: int) -> int:
    """How many words stand between two places; of what is written without spaces, characters."""
    between = text[start:end]
    spaced = re.findall(r"\w+", _UNSPACED.sub(" ", between))
    return len(spaced) + len(_UNSPACED.findall(between))


def _in_word(char: str) -> bool:
    """Letters, digits, and the marks that letters carry (vowel signs, accents)."""
    return char.isalnum() or (not char.isascii() and unicodedata.category(char)[0] == "M")


def _word_end(text: str, at: int) -> int:
    while joined(text, at):
        at += 1
    return at


def _word_start(text: str, at: int) -> int:
    while joined(text, at):
        at -= 1
    return at
