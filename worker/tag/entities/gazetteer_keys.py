"""Keys by which names are looked up in the gazetteer, a list of known names, and the spellings of a
name that are accepted."""

from collections.abc import Iterable, Sequence
from zlib import crc32

import numpy as np

from worker.tag.entities.gazetteer_flags import OTHER_KIND, WORD
from worker.tag.entities.word_keys import folded_word

FACTOR = 0x9E3779B1  # of the polynomial hash of a name: odd, with bits all over
KEY_BITS = 2**32 - 1
_ACRONYM = 4  # letters from which Nasa is NASA
_LINE_END = 10  # between two packed strings


def name_key(words: Iterable[str]) -> int:
    """Return a 32-bit hash of a name's words, by which names are looked up in the gazetteer.
    Letter case and accents make no difference."""
    key = 0
    for word in words:
        key = (key * FACTOR + word_hash(word)) & KEY_BITS
    return key


def word_hash(word: str) -> int:
    """Return the hash of one word of a name, the same for all spellings of its letters."""
    return crc32(folded_word(word).encode("utf-8", "replace"))


def first_word_key(word: str) -> int:
    """Return the key by which names in the gazetteer are looked up: a hash of their first word.

    For a word in small letters it is another one than for the same word with a capital. So "will"
    in a text does not lead to names that begin with "Will".
    """
    prefix = "\0" if word[:1].islower() else ""
    return crc32((prefix + folded_word(word)).encode("utf-8", "replace"))


def written_like(
    words: Sequence[str], listed: Sequence[str], flags: int, *, any_case: bool
) -> bool:
    """Whether `words` of a text are an accepted spelling of a name, of which the gazetteer lists
    the words `listed`. Without `any_case`, capitals count.

    Capitals may be added: "Mohammed Bin Salman", "BERLIN". They may be left out of a long acronym
    only (Nasa). `flags` may say that the name is also another word or name; then it must be written
    as listed.
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
    if not word.isascii() and folded_word(name) == name.lower():
        return False  # German "Über" is not Uber, but "Nestle" is Nestlé
    if word[1:].isupper() or name[1:].isupper():
        return not flags & (WORD | OTHER_KIND) and len(name) >= _ACRONYM and not word[0].islower()
    return word[0].isupper() == name[0].isupper() or not flags


class PackedStrings:
    """Strings, packed into bytes with a line end between them, which are decoded one at a time."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        ends = np.flatnonzero(np.frombuffer(packed, np.uint8) == _LINE_END)
        self._starts = np.concatenate([[0], ends + 1, [len(packed) + 1]]).astype(np.uint32)

    def equal_to(self, text: str) -> list[int]:
        """Return the numbers of the strings that are equal to `text`, apart from upper and lower
        case."""
        lines = self._packed.decode().lower().split("\n")
        return [number for number, line in enumerate(lines) if line == text.lower()]

    def at(self, number: int) -> str:
        start, after = self._starts[number : number + 2].tolist()
        return self._packed[start : after - 1].decode()
