"""Remember for each word how much it supports each label (person, no name …), as computed by the
model that finds names.

So a word is scored only once, when a text first contains it. The tables have one row per word.
"""

import numpy as np

from worker.tag.entities.word_scores import WordScorer
from worker.tag.tokens import Tokens, Vocabulary

EDGE = 0  # the row of the edge, which stands before the first and after the last word of a sentence


class WordFormTable:
    """Remembers the scores that words have in the model that finds names, so that a word is scored
    only once, however many texts contain it.

    A score says how much a word supports a label (person, no name …). The scores are in arrays; the
    row of a word is the number that the vocabulary gives it. Row 0 is for the beginning or end of a
    sentence.
    """

    def __init__(self, scorer: WordScorer) -> None:
        self._scorer = scorer
        self._vocabulary: Vocabulary | None = None
        self.scores, self.kinds, self.limits, self.steps = scorer.edge()

    def ensure_rows(self, tokens: Tokens) -> None:
        """Compute the scores of those words of a text that are not in this table yet, so that
        afterwards the scores of all its words can be read from it at once."""
        if tokens.vocabulary is not self._vocabulary:
            self._vocabulary = tokens.vocabulary
            self.steps[1:] = 0
        if len(self._vocabulary.words) > len(self.steps):
            self._grow(2 * len(self._vocabulary.words))
        new = tokens.numbers[self.steps.take(tokens.numbers) == 0]
        if len(new):
            self._add([*set(new.tolist())], self._vocabulary.words)

    def _add(self, numbers: list[int], words: list[str]) -> None:
        scored, rows = self._scorer.score([words[n] for n in numbers]), np.array(numbers)
        self.scores[rows], self.kinds[rows] = scored.scores, scored.kinds
        self.limits[rows], self.steps[rows] = scored.limits, scored.steps

    def _grow(self, count: int) -> None:
        self.scores, self.kinds, self.limits, self.steps = (
            np.concatenate([table, np.zeros((count - len(table), *table.shape[1:]), table.dtype)])
            for table in (self.scores, self.kinds, self.limits, self.steps)
        )
