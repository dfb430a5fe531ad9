"""What is known of word forms: their numbers come in, their rows in a few tables go out.

A form is looked at once. When the vocabulary starts anew, so do the tables.
"""

import numpy as np

from worker.tag.entities.tokens import Tokens, Vocabulary
from worker.tag.entities.word_scores import Looker

EDGE = 0  # the row of what stands before the first and behind the last word of a sentence


class Forms:
    """Tables with a row for each word of the vocabulary."""

    def __init__(self, looker: Looker) -> None:
        self._looker = looker
        self._of: Vocabulary | None = None
        self.scores, self.kinds, self.limits, self.steps = looker.edge()

    def look(self, tokens: Tokens) -> None:
        """See to it that there are rows for the words of a text; new ones are made all at once."""
        if tokens.vocabulary is not self._of:
            self._of = tokens.vocabulary
            self.steps[1:] = 0
        if len(self._of.words) > len(self.steps):
            self._grow(2 * len(self._of.words))
        new = tokens.numbers[self.steps.take(tokens.numbers) == 0]
        if len(new):
            self._add([*set(new.tolist())], self._of.words)

    def _add(self, numbers: list[int], words: list[str]) -> None:
        looks, at = self._looker.look([words[n] for n in numbers]), np.array(numbers)
        self.scores[at], self.kinds[at] = looks.scores, looks.kinds
        self.limits[at], self.steps[at] = looks.limits, looks.steps

    def _grow(self, count: int) -> None:
        self.scores, self.kinds, self.limits, self.steps = (
            np.concatenate([table, np.zeros((count - len(table), *table.shape[1:]), table.dtype)])
            for table in (self.scores, self.kinds, self.limits, self.steps)
        )
