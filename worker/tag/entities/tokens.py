"""Text to tokens as the training corpora have them: "'s" apart, "Mr." and "U.S." in one piece.

No token holds white space, so a text is split at that first, and what stands between is looked up:
most of it was seen before.
"""

import re
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

LINE_END = ""  # a token without letters, at the end of each line

_TOKEN = re.compile(
    r"(?:[^\W\d_]\.){2,}"  # U.S., e.g.
    r"|(?:Mrs?|Ms|Dr|Gen|Sen|Rep|Gov|Lt|Col|Sgt|Capt|Prof|Rev|St|Jr|Sr|Inc|Corp|Co|Ltd)\."
    r"|[A-Z]\.(?= )"  # an initial
    r"|['’]s\b"
    r"|[^\W_]+(?:[-&.’'](?!s\b)[^\W_]+)*"
    r"|[^\w\s]"
)
_ENDS = frozenset((*".?!", LINE_END))
_BLANK = np.array([chr(code).isspace() or chr(code) == "_" for code in range(0x10000)])
_PIECES = 100_000  # that are kept; beyond that the table starts anew


class _Pieces(dict[str, list[str]]):
    """The tokens of what stands between white space."""

    def __missing__(self, piece: str) -> list[str]:
        if len(self) >= _PIECES:
            self.clear()
        self[piece] = found = _TOKEN.findall(piece + " ")
        return found


_pieces = _Pieces()


class Tokens:
    """The tokens of a text, and where each stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words: list[str] = []
        for line in text.splitlines():
            self.words.extend(chain.from_iterable(map(_pieces.__getitem__, line.split())))
            self.words.append(LINE_END)

    def start(self, token: int) -> int:
        return int(self._bounds[0][token])

    def end(self, token: int) -> int:
        return int(self._bounds[1][token])

    @cached_property
    def _bounds(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Tokens are all that is not blank, so the nth letter of them is the nth of the text."""
        codes = np.frombuffer(self.text.encode("utf-32-le", "surrogatepass"), np.uint32)
        letters = np.flatnonzero(~_BLANK[np.minimum(codes, len(_BLANK) - 1)])
        letters = np.append(letters, len(codes))
        lengths = np.fromiter(map(len, self.words), np.int64, len(self.words))
        behind = np.cumsum(lengths)
        starts = letters[behind - lengths]
        return starts, np.where(lengths, letters[behind - 1] + 1, starts)


def ends_sentence(word: str) -> bool:
    """Does a sentence end with this token?"""
    return word in _ENDS
