"""Remember for each word how much it supports each label (person, no name …) of the model of names.

So a word is scored only once, when a text first has it. The tables have one row per word, found by
the word's number in the vocabulary. If the vocabulary is replaced by an empty one, all words are
scored anew.
"""

import numpy as np

from worker.tag.entities.tokens import Tokens, Vocabulary
from worker.tag.entities.word_scores import WordScorer

EDGE = 0  # the row of the edge, which stands before the first and after the last word of a sentence


class WordFormTable:
    """Remembers how much words support each label (person, no name …), so that each is scored only
    once.

    Its arrays are those of WordScores, with one row per word, at the word's number in the
    vocabulary. Row 0 stands for the beginning or end of a sentence.
    """

    def __init__(self, scorer: WordScorer) -> None:
        self._scorer = scorer
        self._vocabulary: Vocabulary | None = None
        self.scores, self.kinds, self.limits, self.steps = scorer.edge()

    def ensure_rows(self, tokens: Tokens) -> None:
        """Score the words of a text that were not scored before, so that the tables have a row for
        each."""
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
