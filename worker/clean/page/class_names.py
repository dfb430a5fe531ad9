"""Class names and ids come in, what sites mean by them goes out: a learned score.

The score is learned: how much of what an element of that name holds belongs to the article, over
many sites, as log odds.
"""

import re
from collections.abc import Mapping

_WORD = re.compile(r"[a-zA-Z][a-z]+|[A-Z]{2,}")
_MAX_CACHED = 50_000  # classes
_MAX_CHARS = 160  # of a name that are read
_MAX_TOKEN_CHARS = 40  # characters of a class that may be a token as it stands


class ClassNameScores:
    """Learned scores of tokens; what a class said once is remembered, for sites come again."""

    def __init__(self, scores: Mapping[str, float]) -> None:
        self.scores = scores
        self._cache: dict[str, tuple[float, float]] = {}

    def read(self, name: str) -> tuple[float, float]:
        """Lowest and highest score of the tokens of a name, 0 if there is none below or above."""
        cache = self._cache
        low = high = 0.0
        for class_name in name[:_MAX_CHARS].split():
            worst, best = cache.get(class_name) or self._look_up(class_name)
            if worst < low:
                low = worst
            if best > high:
                high = best
        return low, high

    def _look_up(self, class_name: str) -> tuple[float, float]:
        if len(self._cache) >= _MAX_CACHED:
            self._cache.clear()
        low = high = 0.0
        for token in _tokens(class_name):
            score = self.scores.get(token)
            if score is not None:
                low, high = min(low, score), max(high, score)
        scores = self._cache[class_name] = low, high
        return scores


def tokens(name: str) -> set[str]:
    """Each class of a name and each word in them, in lower case."""
    return {token for class_name in name[:_MAX_CHARS].split() for token in _tokens(class_name)}


def _tokens(class_name: str) -> list[str]:
    words = [word.lower() for word in _WORD.findall(class_name)]
    return [*words, class_name.lower()] if len(class_name) <= _MAX_TOKEN_CHARS else words
