"""Score the class names and ids of elements.

The score of a token is learned from many sites: the log odds that text in elements with this name
belongs to the article.
"""

import re
from collections.abc import Mapping

_WORD = re.compile(r"[a-zA-Z][a-z]+|[A-Z]{2,}")
_MAX_CACHED = 50_000  # classes
_MAX_CHARS = 160  # of a name that are read
_MAX_TOKEN_CHARS = 40  # of a class that is a token itself, besides the words in it


class ClassNameScores:
    """Learned scores of tokens, with a cache of classes: pages of one site share their classes."""

    def __init__(self, scores: Mapping[str, float]) -> None:
        self.scores = scores
        self._cache: dict[str, tuple[float, float]] = {}

    def read(self, name: str) -> tuple[float, float]:
        """The lowest score, at most 0, and the highest, at least 0, of the tokens of a name."""
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
    """The classes in a name and the words in them, in lower case."""
    return {token for class_name in name[:_MAX_CHARS].split() for token in _tokens(class_name)}


def _tokens(class_name: str) -> list[str]:
    words = [word.lower() for word in _WORD.findall(class_name)]
    return [*words, class_name.lower()] if len(class_name) <= _MAX_TOKEN_CHARS else words
