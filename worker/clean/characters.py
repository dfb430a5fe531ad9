"""Texts of blocks come in, figures of what they are written with go out: marks, cases, phrases.

All texts are counted in one array of their characters: a page costs a few dozen array operations.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.clean.phrases import KINDS as PHRASE_KINDS
from worker.clean.phrases import find_phrases

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_SHORT = 300  # characters; what longer blocks say in passing is no sign
_LETTER, _UPPER, _DIGIT, _SPACE, _COMMA, _END, _QUOTE, _MARK, _LINE = (1 << n for n in range(9))


def _character_kinds() -> NDArray[np.uint16]:
    kinds = np.zeros(0x3100, dtype=np.uint16)
    for code in range(len(kinds)):
        c = chr(code)
        kinds[code] = _LETTER * c.isalpha() + _UPPER * c.isupper() + _DIGIT * c.isdigit()
    for kind, characters in {
        _SPACE: " \x00",
        _LINE: "\x00",
        _COMMA: ",;،、",
        _END: ".!?…:。؟",
        _QUOTE: "\"“”„«»‘’'",
        _MARK: "|»›•·>/→+*#@©",
    }.items():
        for c in characters:
            kinds[ord(c)] |= kind
    return kinds


_KIND_OF = _character_kinds()


class Text(NamedTuple):
    """All blocks in one row: block i is joined[starts[i] : starts[i] + sizes[i]]."""

    joined: str
    kinds: NDArray[np.uint16]
    starts: Ints
    sizes: Ints


def read_text(texts: list[str]) -> Text:
    joined = "\n".join(texts)
    codes = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32)
    known = np.minimum(codes, len(_KIND_OF) - 1)
    kinds = _KIND_OF[known]
    kinds[codes >= len(_KIND_OF)] = _LETTER
    sizes = np.array([len(text) for text in texts], dtype=np.int64)
    starts = np.concatenate(([0], np.cumsum(sizes + 1)[:-1]))
    return Text(joined, kinds, starts, sizes)


def text_columns(text: Text) -> list[Floats]:
    """Length, words, and shares of marks, capitals, digits and short words."""
    sizes, kinds = text.sizes.astype(np.float32), text.kinds

    def count(hits: NDArray[np.bool_]) -> Floats:
        return np.add.reduceat(hits, text.starts, dtype=np.float32)

    space = (kinds & _SPACE) > 0
    upper = (kinds & _UPPER) > 0
    after_space = np.concatenate(([True], (kinds[:-1] & (_SPACE | _LINE)) > 0))
    words = count(space) + 1
    gaps = np.flatnonzero(np.concatenate((space, [True])))
    short = np.zeros(len(kinds), dtype=bool)
    short[gaps[:-1][np.diff(gaps) <= 4]] = True
    last = kinds[text.starts + text.sizes - 1]
    opens = kinds[text.starts]
    return [
        sizes,
        words,
        ((last & (_END | _QUOTE)) > 0).astype(np.float32),
        count((kinds & _COMMA) > 0) / words,
        count((kinds & _END) > 0) / words,
        count((kinds & _DIGIT) > 0) / sizes,
        count(upper) / sizes,
        count(after_space & upper) / words,
        count(short) / words,
        count((kinds & _QUOTE) > 0) / words,
        count((kinds & _MARK) > 0) / words,
        count((kinds & _LINE) > 0),
        count((kinds & _LETTER) > 0) / sizes,
        (opens & (_UPPER | _DIGIT | _LETTER)).astype(np.float32),
    ]


def phrase_columns(texts: list[str]) -> Floats:
    """How often a short text names what stands around articles, by kind; with what it begins, and
    how much of it that is."""
    shorts = [at for at, text in enumerate(texts) if len(text) < _SHORT]
    columns = np.zeros((len(PHRASE_KINDS) + 2, len(texts)), dtype=np.float32)
    *counts, opening, covered = columns
    opening[:] = -1
    lowered = [texts[at].lower() for at in shorts]
    starts = np.cumsum([0, *(len(text) + 1 for text in lowered)])
    joined = "\n".join(lowered)
    found = [m for m in find_phrases(joined) if _whole(joined, m[1], m[2])]
    blocks = np.searchsorted(starts, [m[1] for m in found], side="right") - 1
    for (kind, start, stop), number in zip(found, blocks.tolist(), strict=True):
        at = shorts[number]
        counts[kind][at] += 1
        covered[at] += (stop - start) / len(texts[at])
        if start == starts[number]:
            opening[at] = kind
    return columns


def _whole(text: str, start: int, stop: int) -> bool:
    """Whether no word goes on at either end: "by" is not in "byte"."""
    inside = text[start - 1 : start].isalnum() and text[start].isalnum()
    return not inside and not (text[stop - 1].isalnum() and text[stop : stop + 1].isalnum())
