"""Split a text into normalised words, and hash its shingles: overlapping runs of a few adjacent
words. Two texts are similar if they have many shingles in common.

The hashes depend on the text alone: they are equal on every machine and in every process.
"""

import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.dedup.dedup_rules import ShingleRules, ShingleWidths
from worker.dedup.hash_arrays import HashArray
from worker.dedup.numbers import NumberReader
from worker.dedup.simplified_chinese import simplified_characters
from worker.dedup.word_table import MIX_1, MIX_2, WordClass, WordIds, WordTable, hash_of

SEPARATOR, LETTER, HAN, SOUTHEAST_ASIAN, DROPPED = range(5)
HAN_RANGES = (
    *((0x3005, 0x3007), (0x3041, 0x30FF), (0x31F0, 0x31FF)),
    *((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x1B000, 0x1B16F)),
)
SOUTHEAST_ASIAN_RANGES = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0xAA60, 0xAA7F))
ARABIC_MARKS = (  # vowels, signs of recitation, and the tatweel, which only stretches a word
    *((0x0610, 0x061A), (0x0640, 0x0640), (0x064B, 0x065F), (0x0670, 0x0670)),
    *((0x06D6, 0x06DC), (0x06DF, 0x06E8), (0x06EA, 0x06ED), (0x08D3, 0x08FF)),
)
FOLDED_FROM = 0x0660  # digits of other scripts and Chinese characters begin here
RARE_HAN = 0x20000  # all code points from here on are rare Han characters
PUNCTUATION = (0x2000, 0x2E7F)  # quotes, dashes and symbols, which are never folded
SPACE = ord(" ")
ASCII = bytes(ord(chr(c).lower()) if chr(c).isalnum() else SPACE for c in range(128)).ljust(256)

FACTOR_1, FACTOR_2 = np.uint64(MIX_1), np.uint64(MIX_2)
SHIFT_1, SHIFT_2, SHIFT_3 = np.uint64(33), np.uint64(29), np.uint64(32)
DATE = np.uint64(1)  # the lowest bit of a figure's second hash: the figure is part of a date
CACHED_NUMBERS = 1 << 13
CACHED_NUMBER_CHARS = 64


class TokenizedText(NamedTuple):
    """The words of a text in normalised form (in lower case, for example), and a hash of each.

    In scripts without spaces, such as Chinese and Thai, every character counts as a word. `script`
    is the script of most words: LETTER (with spaces between words), HAN or SOUTHEAST_ASIAN. `table`
    has the words that occurred lately, and `ids` the number in it of each word of the text.
    """

    words: list[str]
    hashes: HashArray
    script: int  # of most words: LETTER, HAN or SOUTHEAST_ASIAN
    table: WordTable
    ids: WordIds

    @property
    def total(self) -> int:
        return len(self.words)


def words_of(text: str) -> TokenizedText:
    """Split a text into words, normalise each word, and hash it, so that two texts can be compared
    by their words.

    Case, quotes, dashes, invisible characters, and different Unicode forms of one letter make no
    difference.
    """
    if text.isascii():
        words, script = text.encode().translate(ASCII).decode().split(), LETTER
    else:
        words, script = _split(_normalised(text))
    table = _tables[-1]
    if table.is_full:
        _tables[:] = [table := table.renewed()]
    ids = table.ids(words)
    return TokenizedText(words, table.hashes(ids), script, table, ids)


_tables = [WordTable()]  # the one in use


def runs(words: TokenizedText, width: int) -> HashArray:
    """Return a 64-bit hash for each run of `width` adjacent words, in the order of the text. Runs
    overlap: "a b c" has the runs "a b" and "b c" of two words. A shorter text has none."""
    count = max(0, words.total - width + 1)
    hashes = words.hashes[:count]
    for offset in range(1, width):
        hashes = _mixed(hashes * FACTOR_1 + words.hashes[offset : offset + count])
    return hashes


def content_class(stop: frozenset[str]) -> WordClass:
    """Return the class of content words, by which two texts are compared: all words except
    single letters and those in `stop`, such as "the"."""
    return WordClass(lambda word: len(word) > 1 and word not in stop)


def content_mask(words: TokenizedText, content: WordClass) -> NDArray[np.bool_]:
    """Return an array with True for each content word of a text and False for each other word.
    `content` is what `content_class` returns: the class of these words.

    In scripts without spaces, such as Chinese, all characters count as content words.
    """
    if words.script != LETTER:
        return np.ones(words.total, bool)
    return content.mask(words.table, words.ids)


def content_words(words: TokenizedText, content: NDArray[np.bool_]) -> HashArray:
    """Return the hashes of a text's content words (all but words such as "the"), in the order of
    the text. `content` is the result of `content_mask`: True for each content word.

    In scripts without spaces, such as Chinese, each pair of adjacent characters counts as a word.
    """
    if words.script != LETTER:
        return _mixed(words.hashes[:-1] * FACTOR_1 + words.hashes[1:])
    return words.hashes[content]


def content_of_runs(content: NDArray[np.bool_], width: int) -> NDArray[np.uint8]:
    """Return for each run of `width` adjacent words how many of them are content words (all but
    words such as "the").

    `content` is the result of `content_mask` for the text: True for each content word.
    """
    count = max(0, len(content) - width + 1)
    counts = np.zeros(count, np.uint8)
    for offset in range(width):
        counts += content[offset : offset + count]
    return counts


def figures_of(
    words: TokenizedText, reader: NumberReader, first_words: WordClass, most: int
) -> HashArray:
    """Hash the first `most` numbers in a text, to tell whether two texts agree in them.
    `first_words` is the class of the words with which a number may begin.

    Returns an array with one row for each number and two columns: a hash of the words around the
    number, and a hash of the number itself, whose lowest bit tells whether the number is part of a
    date. Adjacent numbers, such as the cells in a row of a table, count as one.
    """
    [positions] = first_words.mask(words.table, words.ids).nonzero()
    numbers = [*islice(reader.numbers(words.words, positions.tolist()), most)]
    if not numbers:
        return np.empty((0, 2), np.uint64)
    begin, end, values, dates = zip(*numbers, strict=True)
    begins, ends = np.array(begin, np.intp), np.array(end, np.intp)
    around = np.zeros(words.total + 1, np.uint64)  # begins - 1 may be -1, its last element
    around[:-1] = words.hashes
    contexts = _mixed(around[begins - 1] * FACTOR_1 + around[ends])
    rows = np.empty((len(numbers), 2), np.uint64)
    rows[:, 0], rows[:, 1] = contexts, _hashes(values)
    rows >>= SHIFT_3
    rows[:, 1] = rows[:, 1] & ~DATE | np.array(dates, np.uint64)
    return rows


def widths_of(words: TokenizedText, rules: ShingleRules) -> ShingleWidths:
    """Return how long the shingles of a text are: the runs of adjacent words by which it is
    compared with other texts.

    In scripts without spaces between words, such as Chinese and Thai, the lengths are numbers of
    characters, else of words. The result has two: `wide` for nearly all texts, `narrow` only for
    short ones.
    """
    by_script = {HAN: rules.han, SOUTHEAST_ASIAN: rules.southeast_asian}
    return by_script.get(words.script, rules.words)


def _normalised(text: str) -> str:
    if not text.isascii():  # NFKC would turn an accent that is used as an apostrophe into a letter
        text = unicodedata.normalize("NFKC", text.replace("´", "'"))
    return text.casefold()


def _split(text: str) -> tuple[list[str], int]:
    """Return the normalised words of a text, and the script of most of them (LETTER, HAN, …)."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    if ((codes >= FOLDED_FROM) & ((codes < PUNCTUATION[0]) | (codes > PUNCTUATION[1]))).any():
        codes = np.where(codes < RARE_HAN, _folded()[np.minimum(codes, RARE_HAN)], codes)
    kinds = _kinds()[np.minimum(codes, RARE_HAN)]
    visible = kinds != DROPPED
    codes, kinds = np.where(kinds == SEPARATOR, SPACE, codes)[visible], kinds[visible]
    han, southeast = kinds == HAN, kinds == SOUTHEAST_ASIAN
    if (single := han | southeast).any():
        sizes = 1 + 2 * single
        stops = np.cumsum(sizes)[single]
        codes = np.repeat(codes, sizes)
        codes[stops - 1] = codes[stops - 3] = SPACE
    words = codes.astype("<u4").tobytes().decode("utf-32-le").split()
    for script, mask in ((HAN, han), (SOUTHEAST_ASIAN, southeast)):
        if 2 * np.count_nonzero(mask) > len(words):
            return words, script
    return words, LETTER


@cache
def _kinds() -> NDArray[np.uint8]:
    """A table from code point to kind of character: SEPARATOR, LETTER, HAN and so on.

    Combining marks count as letters: otherwise words of Indic scripts would be split at them.
    """
    categories = [unicodedata.category(chr(code)) for code in range(RARE_HAN)]
    kinds = np.array([LETTER if c[0] in "LMN" else SEPARATOR for c in categories], np.uint8)
    kinds[[code for code, category in enumerate(categories) if category == "Cf"]] = DROPPED
    for first, last in ARABIC_MARKS:
        kinds[first : last + 1] = DROPPED
    for kind, ranges in ((HAN, HAN_RANGES), (SOUTHEAST_ASIAN, SOUTHEAST_ASIAN_RANGES)):
        for first, last in ranges:
            part = kinds[first : last + 1]
            part[part == LETTER] = kind
    return np.append(kinds, np.uint8(HAN))


@cache
def _folded() -> NDArray[np.uint32]:
    """A table from code point to the code point that stands for it: digits of other scripts become
    ASCII digits, and traditional Chinese characters simplified ones."""
    folded = np.arange(RARE_HAN + 1, dtype=np.uint32)
    for code in range(FOLDED_FROM, RARE_HAN):
        if (digit := unicodedata.decimal(chr(code), None)) is not None:
            folded[code] = ord("0") + digit
    for traditional, simplified in simplified_characters().items():
        folded[ord(traditional)] = ord(simplified)
    return folded


def _hashes(numbers: Sequence[str]) -> HashArray:
    short = max(map(len, numbers), default=0) <= CACHED_NUMBER_CHARS
    return np.fromiter(map(_hash_of if short else hash_of, numbers), np.uint64, len(numbers))


_hash_of = lru_cache(CACHED_NUMBERS)(hash_of)


def _mixed(hashes: HashArray) -> HashArray:
    hashes = (hashes ^ (hashes >> SHIFT_1)) * FACTOR_1
    hashes = (hashes ^ (hashes >> SHIFT_2)) * FACTOR_2
    return hashes ^ (hashes >> SHIFT_3)
