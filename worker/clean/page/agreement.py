"""Choose between the texts that several extractors found on the same web page.

Different extractors make different mistakes. So the text that is most similar to the other texts is
seldom a wrong part of the page.
"""

import re
from collections.abc import Sequence
from itertools import islice

from worker.clean.cleaning_rules import HtmlRules

# Scripts without spaces between words: each of their letters counts as a word.
_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_RUN = 4  # words
_LONG = 1000  # characters
_READ_CHARS = 500  # of a text, to recognise its script
_MIN_CASED = 0.5  # share of letters; the classifier needs a script with capitals

Runs = frozenset[tuple[str, ...]]


def is_sure(text: str, doubt: float, rules: HtmlRules) -> bool:
    """Whether the text that the classifier chose from a page is good enough without a comparison
    with the texts of other extractors.

    It is not if it is short, in a script without capital letters, or if the classifier was unsure
    (`doubt`, 0 for quite sure, is above a limit of `rules`). The limit is that of a text of 1,000
    characters or more. It is lower for a shorter one, in proportion: a menu is much of a short
    text.
    """
    limit = rules.second_opinion_doubt * min(1.0, len(text) / _LONG)
    return doubt <= limit and _is_readable(text, rules)


def is_confirmed(text: str, other: str, doubt: float, rules: HtmlRules) -> bool:
    """Whether the `text` that the classifier chose from a page is confirmed by the text of one
    `other` extractor, because both have nearly the same words. If not, further extractors must be
    asked.

    A text is never confirmed if it is short, or if the classifier was very unsure (`doubt`, 0 for
    quite sure, is above a limit of `rules`).
    """
    if doubt > rules.max_doubt or not _is_readable(text, rules):
        return False
    return similarity(runs(text), runs(other)) >= rules.min_shared


def is_supported(text: str, others: Sequence[str], rules: HtmlRules) -> bool:
    """Whether the `text` of one extractor has nearly the same words as that of at least one of the
    `others`, so that no further extractor needs to be asked."""
    own = runs(text)
    return any(similarity(own, runs(other)) >= rules.min_shared for other in others)


def nearest(texts: Sequence[str]) -> str:
    """Return the text that is most similar to the other texts on average, or the first such text if
    there are several. Empty texts are ignored; if all are empty, "" is returned."""
    found = [text for text in texts if text]
    compared = [runs(text) for text in found]
    sums = [
        sum(similarity(own, other) for at, other in enumerate(compared) if at != number)
        for number, own in enumerate(compared)
    ]
    return found[sums.index(max(sums))] if found else ""


def similarity(first: Runs, second: Runs) -> float:
    """Return how similar two texts are, from 0 (nothing in common) to 1 (the same). Each text is
    given as the set of its sequences of four words; the result is the Dice coefficient of the two
    sets."""
    return 2 * len(first & second) / max(1, len(first) + len(second))


def runs(text: str) -> Runs:
    """Return all sequences of four successive words of a text, in lower case, by which it is
    compared with other texts. A text of fewer than four words gives one sequence with all its
    words. In a script without spaces, such as Chinese, each letter counts as a word."""
    words = _WORD.findall(text.lower())
    if 0 < len(words) < _RUN:
        return frozenset([tuple(words)])
    return frozenset(zip(*(islice(words, start, None) for start in range(_RUN)), strict=False))


def _is_readable(text: str, rules: HtmlRules) -> bool:
    return len(text) >= rules.short_extract_chars and _is_cased(text)


def _is_cased(text: str) -> bool:
    read = text[:_READ_CHARS]
    if read.isascii():
        return True
    cased = sum(map(str.islower, read)) + sum(map(str.isupper, read))
    return cased >= _MIN_CASED * sum(map(str.isalpha, read))
