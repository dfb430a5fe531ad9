"""What is known of word forms: words come in, their rows in a few tables go out.

A form is looked at once. Those that were looked at before work began are kept for good; when too
many others have come, these are forgotten.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.tokens import LINE_END

EDGE = 0  # the row of what stands before the first and behind the last word of a sentence


class Looks(NamedTuple):
    """Of some forms."""

    scores: NDArray[np.float32]  # by place and label
    kinds: NDArray[np.int64]  # of shape
    limits: NDArray[np.float32]  # how much likelier outside a name it must be to be so
    steps: NDArray[np.int64]  # 1, and 1 for each edge behind it


class Forms:
    """Tables with a row for each form that was seen."""

    def __init__(self, edge: Looks, look: Callable[[Sequence[str]], Looks], most: int) -> None:
        self._look = look
        self._most = most
        self._row_of = {LINE_END: EDGE}
        self.words = [LINE_END]
        self._kept = 1
        self.scores, self.kinds, self.limits, self.steps = edge

    def rows(self, words: Sequence[str]) -> NDArray[np.int64]:
        """The row of each word, a line's end being an edge; new ones are looked at all at once."""
        if len(self._row_of) > self._most:
            self._forget()
        if new := set(words).difference(self._row_of):
            self._add(sorted(new))
        return np.fromiter(map(self._row_of.__getitem__, words), np.int64, len(words))

    def keep(self, words: Sequence[str]) -> None:
        """Look at these words now and never forget them."""
        self.rows(words)
        self._kept = len(self._row_of)

    def _add(self, new: Sequence[str]) -> None:
        count = len(self._row_of)
        if count + len(new) > len(self.kinds):
            self._grow(2 * (count + len(new)))
        rows = slice(count, count + len(new))
        looks = self._look(new)
        self.scores[rows], self.kinds[rows] = looks.scores, looks.kinds
        self.limits[rows], self.steps[rows] = looks.limits, looks.steps
        self.words += new
        self._row_of.update(zip(new, range(count, count + len(new)), strict=True))

    def _grow(self, count: int) -> None:
        self.scores, self.kinds, self.limits, self.steps = (
            np.concatenate([table, np.zeros((count - len(table), *table.shape[1:]), table.dtype)])
            for table in (self.scores, self.kinds, self.limits, self.steps)
        )

    def _forget(self) -> None:
        del self.words[self._kept :]
        self._row_of = {word: row for row, word in enumerate(self.words)}
