"""A text comes in; its normalised words and the hashes of their shingles go out, as vectors.

The hashes depend on nothing but the text: equal on every machine, process and byte order.
"""

import unicodedata
from functools import cache
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from worker.dedup.rules import Shingles, Widths

Hashes = NDArray[np.uint64]
Unsigned = TypeVar("Unsigned", np.uint32, np.uint64)

SEPARATOR, LETTER, HAN, SOUTHEAST_ASIAN, DROPPED = range(5)
HAN_RANGES = (
    *((0x3005, 0x3007), (0x3041, 0x30FF), (0x31F0, 0x31FF)),
    *((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x1B000, 0x1B16F)),
)
SOUTHEAST_ASIAN_RANGES = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0xAA60, 0xAA7F))
BEYOND = 0x20000  # from here on the planes hold rare Han characters

# Odd 64-bit constants and shifts of xxHash64's avalanche step (Y. Collet, xxHash specification).
MIX_1, MIX_2 = np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9)
SHIFT_1, SHIFT_2, SHIFT_3 = np.uint64(33), np.uint64(29), np.uint64(32)
NARROW = np.uint64(1)  # the lowest bit of a hash tells narrow shingles from wide ones
PLACES = 1024
POWERS = np.array([pow(0x9E3779B185EBCA87, i, 1 << 64) for i in range(PLACES)], np.uint64)


class Words(NamedTuple):
    """Words of a normalised text; in scripts without spaces every character is one."""

    text: str
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]
    hashes: Hashes
    letters: NDArray[np.uint32]  # those of all words, one after the other
    figures: NDArray[np.bool_]  # which of the words have a digit
    script: int  # LETTER, HAN or SOUTHEAST_ASIAN: what most of the words are written in

    @property
    def total(self) -> int:
        return len(self.hashes)

    def first(self, words: int) -> "Words":
        return self._replace(
            starts=self.starts[:words],
            ends=self.ends[:words],
            hashes=self.hashes[:words],
            figures=self.figures[:words],
        )


def words_of(text: str) -> Words:
    """Case, compatibility forms, quotes, dashes and invisible characters make no difference."""
    text, codes, kinds = _classified(_normalised(text))
    letter, single = kinds == LETTER, (kinds == HAN) | (kinds == SOUTHEAST_ASIAN)
    opens, closes = single.copy(), single.copy()
    opens[:1] |= letter[:1]
    opens[1:] |= letter[1:] & ~letter[:-1]
    closes[-1:] |= letter[-1:]
    closes[:-1] |= letter[:-1] & ~letter[1:]
    starts, ends = np.flatnonzero(opens), np.flatnonzero(closes) + 1
    letters, script = codes[letter | single], _script(kinds, len(starts))
    hashes = _word_hashes(letters, ends - starts)
    return Words(text, starts, ends, hashes, letters, _figures(letters, ends - starts), script)


def shingle_hashes(words: Words, width: int, *, narrow: bool) -> Hashes:
    """Distinct 64-bit hashes of all runs of `width` words, ascending."""
    count = max(0, words.total - width + 1)
    hashes = words.hashes[:count]
    for place in range(1, width):
        hashes = _mixed(hashes * MIX_1 + words.hashes[place : place + count])
    return np.unique(hashes | NARROW if narrow else hashes & ~NARROW)


def content_words(words: Words, stop: Hashes) -> Hashes:
    """Hashes of the words that are not in `stop`, in order; pairs of characters without spaces.

    `stop` is ascending. Single letters say nothing.
    """
    if words.script != LETTER:
        return _mixed(words.hashes[:-1] * MIX_1 + words.hashes[1:])
    hashes = words.hashes[words.ends - words.starts > 1]
    return hashes[~_among(hashes, stop)]


def figures_of(words: Words, spelled_out: Hashes) -> Hashes:
    """Rows of two high halves: of the words around a figure, and of the figure itself.

    A figure is a run of words with digits, or of number words (`spelled_out`, ascending): 6-5/16
    is one, and so is a row of a table. How it is punctuated makes no difference.
    """
    figure = words.figures | _among(words.hashes, spelled_out)
    edges = np.flatnonzero(np.diff(figure, prepend=False, append=False))
    begins, ends = edges[::2], edges[1::2]
    if not len(begins):
        return np.empty((0, 2), np.uint64)
    around = np.append(words.hashes, np.uint64(0))  # begins - 1 may be its last
    contexts = _mixed(around[begins - 1] * MIX_1 + around[ends])
    lengths = words.ends - words.starts
    letters = words.letters[np.repeat(figure, lengths)]
    offsets = np.cumsum(np.append(0, lengths))
    values = _word_hashes(letters, offsets[ends] - offsets[begins])
    return np.stack((contexts, values), axis=1) >> SHIFT_3


def _among(hashes: Hashes, ascending: Hashes) -> NDArray[np.bool_]:
    if not len(ascending):
        return np.zeros(len(hashes), bool)
    places = np.minimum(np.searchsorted(ascending, hashes), len(ascending) - 1)
    found: NDArray[np.bool_] = ascending[places] == hashes
    return found


def high_halves(hashes: Hashes) -> bytes:
    """32 bits are enough to compare two sets: of a thousand, one in four thousand errs.

    The lowest bit still tells narrow shingles from wide ones.
    """
    halves = (hashes >> SHIFT_3 & ~NARROW) | (hashes & NARROW)
    return np.unique(halves).astype("<u4").tobytes()


def widths_of(words: Words, rules: Shingles) -> Widths:
    by_script = {HAN: rules.han, SOUTHEAST_ASIAN: rules.southeast_asian}
    return by_script.get(words.script, rules.words)


def sampled(hashes: Hashes, most: int) -> tuple[Hashes, int]:
    """At most so many of ascending hashes, and the scale: those below 2**64 / scale are kept.

    FracMinHash (Irber et al. 2022, doi:10.1101/2022.01.11.475838): containment between two such
    samples is that of the whole sets, up to sampling error, however different their sizes are.
    """
    scale = 1
    while len(hashes) > most:
        scale *= 2
        hashes = below(hashes, scale)
    return hashes, scale


def below(hashes: NDArray[Unsigned], scale: int) -> NDArray[Unsigned]:
    """The part of ascending hashes that a sample of this scale keeps."""
    if scale == 1:
        return hashes
    bits = 8 * hashes.itemsize
    return hashes[: np.searchsorted(hashes, hashes.dtype.type(2**bits // scale))]


def _normalised(text: str) -> str:
    if not text.isascii():  # NFKC would make a letter of the accent that stands for an apostrophe
        text = unicodedata.normalize("NFKC", text.replace("´", "'"))
    return text.casefold()


def _classified(text: str) -> tuple[str, NDArray[np.uint32], NDArray[np.uint8]]:
    """The text without its invisible characters, its code points, and what each of them is."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    kinds = _kinds()[np.minimum(codes, BEYOND)]
    visible = kinds != DROPPED
    if visible.all():
        return text, codes, kinds
    codes = codes[visible]
    return codes.tobytes().decode("utf-32-le", "surrogatepass"), codes, kinds[visible]


@cache
def _kinds() -> NDArray[np.uint8]:
    """What each code point is. Marks belong to their word, or Indic words would fall apart."""
    categories = [unicodedata.category(chr(code)) for code in range(BEYOND)]
    kinds = np.array([LETTER if c[0] in "LMN" else SEPARATOR for c in categories], np.uint8)
    kinds[[code for code, category in enumerate(categories) if category == "Cf"]] = DROPPED
    for kind, ranges in ((HAN, HAN_RANGES), (SOUTHEAST_ASIAN, SOUTHEAST_ASIAN_RANGES)):
        for first, last in ranges:
            part = kinds[first : last + 1]
            part[part == LETTER] = kind
    return np.append(kinds, np.uint8(HAN))


def _word_hashes(letters: NDArray[np.uint32], lengths: NDArray[np.intp]) -> Hashes:
    """Polynomial hash of each word; `letters` are those of all words, one after the other."""
    if not len(lengths):
        return np.empty(0, np.uint64)
    offsets = np.cumsum(lengths) - lengths
    places = np.arange(len(letters)) - np.repeat(offsets, lengths)
    terms = letters.astype(np.uint64) * POWERS[places % PLACES]
    return _mixed(np.add.reduceat(terms, offsets))


def _figures(letters: NDArray[np.uint32], lengths: NDArray[np.intp]) -> NDArray[np.bool_]:
    if not len(lengths):
        return np.empty(0, bool)
    digits = (letters >= ord("0")) & (letters <= ord("9"))
    return np.logical_or.reduceat(digits, np.cumsum(lengths) - lengths)


def _mixed(hashes: Hashes) -> Hashes:
    hashes = (hashes ^ (hashes >> SHIFT_1)) * MIX_1
    hashes = (hashes ^ (hashes >> SHIFT_2)) * MIX_2
    return hashes ^ (hashes >> SHIFT_3)


def _script(kinds: NDArray[np.uint8], words: int) -> int:
    for script in (HAN, SOUTHEAST_ASIAN):
        if 2 * np.count_nonzero(kinds == script) > words:
            return script
    return LETTER
