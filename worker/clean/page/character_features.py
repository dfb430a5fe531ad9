"""Compute features of text blocks (passages of a page) from their characters: length, letter case,
punctuation, stock phrases.

The characters of all blocks are in one array, so that a page needs only a few dozen array
operations.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.clean.page.chrome_phrases import find_phrases

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_SHORT = 300  # characters; phrases in longer blocks are no evidence
_TABLE_CODES = 0x3100  # characters whose kind is looked up
_ALNUM, _UPPER, _SPACE, _END, _MARK, _LINE = (1 << n for n in range(6))


def _character_kinds() -> NDArray[np.uint8]:
    kinds = np.zeros(_TABLE_CODES + 1, dtype=np.uint8)
    kinds[_TABLE_CODES] = _ALNUM  # of all characters beyond the table
    for code in range(_TABLE_CODES):
        c = chr(code)
        kinds[code] = _ALNUM * c.isalnum() + _UPPER * c.isupper()
    for kind, characters in {
        _SPACE: " \x00",
        _LINE: "\x00",
        _END: ".!?…:。؟\"“”„«»‘’'",
        _MARK: "|»›•·>/→+*#@©",
    }.items():
        for c in characters:
            kinds[ord(c)] |= kind
    return kinds


_KIND_OF = _character_kinds()


class CharacterTable(NamedTuple):
    """The characters of all text blocks of a page in one array, to compute features of all blocks
    at once.

    `kinds` says of each character whether it is a letter, a capital and so on, as a bit mask. The
    text of block i begins at `starts[i]` and has `sizes[i]` characters.
    """

    kinds: NDArray[np.uint8]
    starts: Ints
    sizes: Ints


def read_text(texts: list[str]) -> CharacterTable:
    """Join the texts of a page's blocks (passages) to one table of characters, from which features
    of all blocks are computed at once.

    The table says of each character whether it is a letter, a capital and so on.
    """
    kinds = _kinds_of(_codes("\n".join(texts)))
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    return CharacterTable(kinds, _starts(sizes), sizes)


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


def _kinds_of(codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    return _KIND_OF.take(codes, mode="clip")


def _starts(sizes: Ints) -> Ints:
    """The offsets of texts that are joined with one character between two, by their sizes."""
    starts = np.zeros_like(sizes)
    np.cumsum(sizes[:-1] + 1, out=starts[1:])
    return starts


def text_columns(text: CharacterTable) -> list[Floats]:
    """Compute six features of each text block (passage of a page) from its characters. Returns one
    array per feature.

    They are: how many characters, how many words, whether it ends like a sentence, the share of
    capital letters, the share of capitalised words, and the number of marks such as "|" per
    word.
    """
    sizes, kinds = text.sizes.astype(np.float32), text.kinds

    def count(hits: NDArray[np.bool_]) -> Floats:
        return np.add.reduceat(hits, text.starts, dtype=np.float32)

    space = (kinds & _SPACE) > 0
    upper = (kinds & _UPPER) > 0
    opens = np.concatenate(([True], (kinds[:-1] & (_SPACE | _LINE)) > 0)) & upper
    words = count(space) + 1
    return [
        sizes,
        words,
        ((kinds[text.starts + text.sizes - 1] & _END) > 0).astype(np.float32),
        count(upper) / sizes,
        count(opens) / words,
        count((kinds & _MARK) > 0) / words,
    ]


def phrase_shares(texts: list[str]) -> Floats:
    """Compute for each text the share of its characters (0 to 1) in stock phrases that stand around
    articles, such as "read more" (see `chrome_phrases`).

    Texts of 300 characters or more get 0, because in long texts such phrases are no evidence.
    """
    shares = np.zeros(len(texts), dtype=np.float32)
    shorts = [at for at, text in enumerate(texts) if len(text) < _SHORT]
    joined = _lower("\n".join([texts[at] for at in shorts]))
    spans = np.array(find_phrases(joined), dtype=np.int64).reshape(-1, 2)
    if not len(spans):
        return shares
    # A phrase that begins or ends within a word is none: "share" in "shared".
    codes = _codes(f"\n{joined}\n")
    before, after = (_kinds_of(codes[spans + n]) & _ALNUM for n in (0, 1))
    start, stop = spans[~(before & after).any(axis=1)].T
    sizes = np.array([len(texts[at]) for at in shorts], dtype=np.int64)
    blocks = np.searchsorted(_starts(sizes), start, side="right") - 1
    covered = np.bincount(blocks, weights=stop - start, minlength=len(shorts))
    shares[shorts] = covered / sizes
    return shares


def _lower(text: str) -> str:
    """Lower case with the length of `text`: "İ", whose lower case is two characters, becomes
    "i"."""
    return text.replace("\u0130", "I").lower()
