"""Remember for each word how much it supports each label (person, no name …), as computed by the
model that finds names.

So a word is scored only once, when a text first contains it. The tables have one row per word.
"""

import numpy as np

from worker.tag.entities.word_scores import WordScorer
from worker.tag.tokens import LINE_END, IntArray, Tokens, Vocabulary

_NO_ROW = -1
EDGE = 0  # the row of the edge, which stands before the first and after the last word of a sentence


class WordFormTable:
    """Remembers the scores that words have in the model that finds names, so that a word is scored
    only once, however many texts contain it.

    A score says how much a word supports a label (person, no name …). The scores are in arrays with
    a row for each word that a text in the model's language had; row 0 is for the beginning or end
    of a sentence.
    """

    def __init__(self, scorer: WordScorer) -> None:
        self._scorer = scorer
        self._vocabulary: Vocabulary | None = None
        # By the number of a word in the vocabulary; -1: the word has no row yet.
        self._row_of = np.zeros(1, np.int64)
        self.scores, self.kinds, self.limits, self.steps = scorer.edge()
        self._used = len(self.steps)
        self.words = [LINE_END]  # by row

    def rows(self, tokens: Tokens) -> IntArray:
        """Return the row of each word of a text. The scores of those words that have no row yet are
        computed first."""
        if tokens.vocabulary is not self._vocabulary:
            self._vocabulary = tokens.vocabulary
            self._row_of, self._used = np.zeros(1, np.int64), 1
            del self.words[1:]
        if (count := len(self._vocabulary.words)) > len(self._row_of):
            more = np.full(2 * count - len(self._row_of), _NO_ROW)
            self._row_of = np.concatenate([self._row_of, more])
        rows: IntArray = self._row_of.take(tokens.numbers)
        new = tokens.numbers[rows < 0]
        if len(new):
            self._add([*dict.fromkeys(new.tolist())], self._vocabulary.words)
            rows = self._row_of.take(tokens.numbers)
        return rows

    def _add(self, numbers: list[int], words: list[str]) -> None:
        scored = self._scorer.score([words[n] for n in numbers])
        self.words += [words[n] for n in numbers]
        first, self._used = self._used, self._used + len(numbers)
        if self._used > len(self.steps):
            self._grow(2 * self._used)
        rows = slice(first, self._used)
        self._row_of[numbers] = np.arange(first, self._used)
        self.scores[rows], self.kinds[rows] = scored.scores, scored.kinds
        self.limits[rows], self.steps[rows] = scored.limits, scored.steps

    def _grow(self, count: int) -> None:
        self.scores, self.kinds, self.limits, self.steps = (
            np.concatenate([table, np.zeros((count - len(table), *table.shape[1:]), table.dtype)])
            for table in (self.scores, self.kinds, self.limits, self.steps)
        )
