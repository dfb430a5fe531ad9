"""Look up scores for the class names, ids and roles of HTML elements, such as "article-body" or
"sidebar".

A score says whether text in such an element belongs to the article of the page: probably, if it is
above 0, probably not, if it is below. It was learned from many sites.
"""

import re
from collections.abc import Mapping

_WORD = re.compile(r"[a-zA-Z][a-z]+|[A-Z]{2,}")
_MAX_CACHED = 50_000  # classes
_MAX_CHARS = 160  # of a name that are read
_MAX_TOKEN_CHARS = 40  # of a class that is a token itself, besides the words in it


class ClassNameScores:
    """Looks up scores of class names, such as "article-body" or "sidebar": above 0 if text in an
    element with this class name probably belongs to the article of the page, below 0 if it does
    not.

    Looked-up scores are cached, because the pages of a site have the same class names.
    """

    def __init__(self, scores: Mapping[str, float]) -> None:
        self.scores = scores
        self._cache: dict[str, tuple[float, float]] = {}  # by class name
        self._by_names: dict[str, tuple[float, float]] = {}  # by all names of an element

    def read(self, name: str) -> tuple[float, float]:
        """Return the lowest and the highest score of the class names and ids of an element. `name`
        has them in one string, with spaces between them.

        A score above 0 means that text in the element probably belongs to the article, below 0 that
        it does not. Unknown names have the score 0.
        """
        if known := self._by_names.get(name):
            return known
        cache = self._cache
        low = high = 0.0
        for class_name in name[:_MAX_CHARS].split():
            worst, best = cache.get(class_name) or self._look_up(class_name)
            if worst < low:
                low = worst
            if best > high:
                high = best
        if len(self._by_names) >= _MAX_CACHED:
            self._by_names.clear()
        scores = self._by_names[name] = low, high
        return scores

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
    """Split the class names of an element into the strings for which scores can be looked up: each
    class name, and each word in it, in lower case.

    "articleBody main" gives articlebody, article, body and main.
    """
    return {token for class_name in name[:_MAX_CHARS].split() for token in _tokens(class_name)}


def _tokens(class_name: str) -> list[str]:
    words = [word.lower() for word in _WORD.findall(class_name)]
    return [*words, class_name.lower()] if len(class_name) <= _MAX_TOKEN_CHARS else words
