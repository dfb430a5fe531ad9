"""Decide whether the text that the classifier found on a page is used, or the slower library
trafilatura extracts it anew.

The classifier was trained on English pages, and may choose a wrong part of another page. Unless it
is very sure, its text of such a page must also be in what a third, quick extractor finds
(resiliparse).
"""

import re
from itertools import islice

from resiliparse.extract.html2text import extract_plain_text

from worker.clean.cleaning_rules import HtmlRules

_WORD = re.compile(r"\w+")
_TRAINED_ON = "en"
_RUN = 4  # words
_READ_CHARS = 500  # of a text, to recognise its script
_MIN_CASED = 0.5  # share of letters; the classifier needs a script with capitals


def is_sure(text: str, doubt: float, markup: str, language: str, rules: HtmlRules) -> bool:
    """Whether the `text` that the classifier found on a page is good enough to be used; if not, the
    slower library trafilatura extracts the text anew.

    A short or doubtful text is not. Others are, if they are English, if `doubt` is very small (0:
    the classifier has none), or if another extractor finds most of the text in `markup`, too.
    `language` is the one that the page declares, or "".
    """
    if doubt > rules.max_doubt or len(text) < rules.short_extract_chars or not _is_cased(text):
        return False
    if doubt <= rules.second_opinion_doubt or language[:2].lower() == _TRAINED_ON:
        return True
    return _shared(text, markup) >= rules.min_shared


def _is_cased(text: str) -> bool:
    read = text[:_READ_CHARS]
    if read.isascii():
        return True
    cased = sum(map(str.islower, read)) + sum(map(str.isupper, read))
    return cased >= _MIN_CASED * sum(map(str.isalpha, read))


def _shared(text: str, markup: str) -> float:
    """The share (0 to 1) of the four-word runs of a text that resiliparse's text of the page has,
    too."""
    runs = _runs(text)
    other = _runs(extract_plain_text(markup, main_content=True, alt_texts=False))
    return len(runs & other) / max(1, len(runs))


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return set(zip(*(islice(words, start, None) for start in range(_RUN)), strict=False))
