"""Find many phrases in a text in one pass, by compiling them into one automaton (Aho-Corasick).

A phrase matches whole words. `elect*` also matches words that begin with it, and `*minister` words
that end with it. Letter case makes no difference, unless the phrase is in capitals (`WHO`) or
marked as exact.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

# Casefolding never shortens a character; these are the ones it lengthens (ß -> ss, ﬁ -> fi).
# All of them are below U+FB18, so higher code points need no test.
_LONGER = re.compile(
    "[" + "".join(c for c in map(chr, range(0xFB18)) if len(c.casefold()) > 1) + "]"
)

# Thai, Lao, Burmese, Khmer, kana and Han are written without spaces: a word may end at any letter.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003134f]"
)


class Phrase(NamedTuple):
    """One phrase to search for in texts.

    `prefix` says that it also matches words that begin with it, and `suffix` words that end with
    it. If `exact`, it matches only in the letter case of `text`.
    """

    text: str
    prefix: bool = False  # also matches words that begin with it
    suffix: bool = False  # also matches words that end with it
    exact: bool = False  # matches only in the case written


def parse_phrase(written: str, *, exact: bool = False) -> Phrase:
    """Parse a phrase as rules write it, such as `elect*`, `*minister` or `WHO`.

    A star lets the phrase be the beginning or end of longer words. With `exact`, or if it is in
    capitals, the phrase matches only in the case written.
    """
    bare = written.removeprefix("*").removesuffix("*")
    return Phrase(
        text=bare,
        prefix=written.endswith("*"),
        suffix=written.startswith("*"),
        exact=exact or bare.isupper(),
    )


class PhraseMatch(NamedTuple):
    """One place where a phrase was found in a text: the characters from `start` up to, but without,
    `end`.

    `phrase` is the number of the phrase: its index in the list that the search was made of.
    """

    phrase: int
    start: int
    end: int


class Folded(NamedTuple):
    """A text in casefolded form, for a search that ignores letter case, with what is needed to
    convert offsets in it to offsets in the original text.

    Casefolding may lengthen a text (ß becomes ss). `added` has the offsets of the characters that
    were added.
    """

    text: str
    added: list[int]  # offsets of the characters that casefolding added, ascending

    def original_offset(self, offset: int) -> int:
        """Convert an offset in the casefolded text to the offset of that character in the original
        text."""
        return offset - bisect_right(self.added, offset)


def fold(text: str) -> Folded:
    """Casefold a text for a search that ignores case.

    Typographic apostrophes, hyphens and spaces become plain ones, so that either spelling matches.
    """
    plain = _plain(text)
    folded = plain.casefold()
    added: list[int] = []
    if len(folded) > len(text):
        for match in _LONGER.finditer(plain):
            first = match.start() + len(added) + 1
            added.extend(range(first, first + len(match[0].casefold()) - 1))
    return Folded(folded, added)


def _plain(text: str) -> str:
    """Replace typographic apostrophes, hyphens and spaces by plain ones of the same length."""
    return text.replace("’", "'").replace("\u2011", "-").replace("\u00a0", " ")


class Phrases:
    """Many phrases, compiled into one automaton that finds all of them in one pass over a text."""

    def __init__(self, phrases: Sequence[Phrase | str]) -> None:
        self._phrases = [parse_phrase(p) if isinstance(p, str) else p for p in phrases]
        self._exact = [_plain(p.text) if p.exact else "" for p in self._phrases]
        self._automaton = AhoCorasick(
            [fold(p.text).text for p in self._phrases],
            matchkind=MatchKind.Standard,
            implementation=Implementation.ContiguousNFA,
        )

    def find(self, text: str) -> list[PhraseMatch]:
        """Find all places in a text where one of the phrases stands; they may overlap.

        Raises UnicodeEncodeError for a text with lone surrogates, which the automaton can't read.
        """
        folded = fold(text)
        body, added, phrases = folded.text, folded.added, self._phrases
        matches = []
        for number, start, end in self._automaton.find_matches_as_indexes(body, True):
            _, prefix, suffix, exact = phrases[number]
            # Most matches are surrounded by spaces: testing for them first saves a call.
            after, before = body[end : end + 1], body[start - 1 : start]
            if (after.isalnum() or not after.isascii()) and inside_word(body, end):
                if not prefix:
                    continue
                end = _word_end(body, end)
            if (before.isalnum() or not before.isascii()) and inside_word(body, start):
                if not suffix:
                    continue
                start = _word_start(body, start)
            if added:
                start, end = folded.original_offset(start), folded.original_offset(end - 1) + 1
            if exact and not self._has_case_written(number, text[start:end]):
                continue
            matches.append(PhraseMatch(number, start, end))
        return matches

    def _has_case_written(self, number: int, surface: str) -> bool:
        return self._exact[number] in _plain(surface)


def inside_word(text: str, offset: int) -> bool:
    """Whether the characters before and after this offset belong to the same word.

    In scripts without spaces between words, such as Chinese, they never do.
    """
    around = text[offset - 1 : offset + 1]  # empty at offset 0
    if len(around) < 2:
        return False
    if around.isascii():
        return around.isalnum()
    before, after = around[0], around[1]
    if not (_in_word(before) and _in_word(after)):
        return False
    return not (_UNSPACED.match(before) or _UNSPACED.match(after))


def words_between(text: str, start: int, end: int) -> int:
    """Count the words of text[start:end]; in scripts without spaces each character is a word."""
    between = text[start:end]
    spaced = re.findall(r"\w+", _UNSPACED.sub(" ", between))
    return len(spaced) + len(_UNSPACED.findall(between))


def _in_word(char: str) -> bool:
    """Whether a character is a letter, a digit or a combining mark (vowel sign, accent)."""
    return char.isalnum() or (not char.isascii() and unicodedata.category(char)[0] == "M")


def _word_end(text: str, offset: int) -> int:
    while inside_word(text, offset):
        offset += 1
    return offset


def _word_start(text: str, offset: int) -> int:
    while inside_word(text, offset):
        offset -= 1
    return offset
