"""Phrases in text: a list of phrases is compiled once, then texts come in and hits go out.

A phrase matches whole words, in any case. `elect*` also matches the words it begins; a phrase in
capitals (`WHO`) matches only capitals. Offsets are those of the text as it was given.
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
    plain = text.replace("’", "'").replace("\u2011", "-").replace("\u00a0", " ")
    folded = plain.casefold()
    added: list[int] = []
    if len(folded) > len(text):
        for found in _LONGER.finditer(plain):
            first = found.start() + len(added) + 1
            added.extend(range(first, first + len(found[0].casefold()) - 1))
    return Folded(folded, added)


class Phrases:
    """The compiled phrases: one automaton finds them all in one pass."""

    def __init__(self, phrases: Sequence[str]) -> None:
        self.prefix = [p.endswith("*") for p in phrases]
        self.capitals = [p.isupper() for p in phrases]
        self._automaton = AhoCorasick(
            [fold(p.removesuffix("*")).text for p in phrases],
            matchkind=MatchKind.Standard,
            implementation=Implementation.ContiguousNFA,
        )

    def find(self, text: str) -> list[Hit]:
        """Every place where a phrase stands as whole words, overlaps included, left to right."""
        folded = fold(text)
        hits = []
        for phrase, start, end in self._automaton.find_matches_as_indexes(folded.text, True):
            if _joined(folded.text, start):
                continue
            if self.prefix[phrase]:
                end = _word_end(folded.text, end)
            elif _joined(folded.text, end):
                continue
            hit = Hit(phrase, folded.origin(start), folded.origin(end - 1) + 1)
            if not self.capitals[phrase] or text[hit.start : hit.end].isupper():
                hits.append(hit)
        return hits


def _joined(text: str, at: int) -> bool:
    """Is this place inside a word?"""
    if at == 0 or at >= len(text):
        return False
    before, after = text[at - 1], text[at]
    if not (_in_word(before) and _in_word(after)):
        return False
    if before.isascii() and after.isascii():
        return True
    return not (_UNSPACED.match(before) or _UNSPACED.match(after))


def _in_word(char: str) -> bool:
    """Letters, digits, and the marks that letters carry (vowel signs, accents)."""
    return char.isalnum() or (not char.isascii() and unicodedata.category(char)[0] == "M")


def _word_end(text: str, at: int) -> int:
    while _joined(text, at):
        at += 1
    return at
