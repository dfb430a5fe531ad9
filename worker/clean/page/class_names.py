"""Class names and ids come in, what sites mean by them goes out: a learned score.

The score is learned: how much of what an element of that name holds belongs to the article, over
many sites, as log odds.
"""

import re
from collections.abc import Mapping

_WORD = re.compile(r"[a-zA-Z][a-z]+|[A-Z]{2,}")
_REMEMBERED = 50_000  # classes
_MAX_CHARS = 160  # of a name that are read
_MAX_WHOLE = 40  # characters of a class that may be a token as it stands


class Naming:
    """Learned scores of tokens; what a class said once is remembered, for sites come again."""

    def __init__(self, scores: Mapping[str, float]) -> None:
        self.scores = scores
        self._known: dict[str, tuple[float, float]] = {}

    def read(self, name: str) -> tuple[float, float]:
        """Lowest and highest score of the tokens of a name, 0 if there is none below or above."""
        known = self._known
        low = high = 0.0
        for one in name[:_MAX_CHARS].split():
            worst, best = known.get(one) or self._learn(one)
            if worst < low:
                low = worst
            if best > high:
                high = best
        return low, high

    def _learn(self, one: str) -> tuple[float, float]:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        low = high = 0.0
        for token in _tokens(one):
            score = self.scores.get(token)
            if score is not None:
                low, high = min(low, score), max(high, score)
        meaning = self._known[one] = low, high
        return meaning


def tokens(name: str) -> set[str]:
    """Each class of a name and each word in them, in lower case."""
    return {token for one in name[:_MAX_CHARS].split() for token in _tokens(one)}


def _tokens(one: str) -> list[str]:
    words = [word.lower() for word in _WORD.findall(one)]
    return [*words, one.lower()] if len(one) <= _MAX_WHOLE else words
