"""Decide whether the text that a classifier chose from a web page is good enough, or the slower
library trafilatura must extract it anew.

The classifier was trained on English pages, and may choose a wrong part of other pages. So in these
its text is compared with that of a third extractor, resiliparse.
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
    """Whether the `text` that the classifier chose from a page is good enough; if not, the slower
    library trafilatura extracts the text anew.

    It is not good enough if it is short, in a script without capitals, or chosen with much `doubt`
    (how unsure the classifier is; 0 is sure). If the doubt is smaller, but not very small, a page
    that is not English needs a second opinion: another extractor must find much of the same text in
    its `markup`. `language` is that which the page declares, or "".
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
