"""What the trees made of a page comes in; goes out whether it can be relied upon.

They were trained on English pages, and of others may be rather sure of a wrong part. Where they are
not quite sure there, resiliparse is asked, which knows nothing of them and takes a tenth of
trafilatura's time: it keeps more than the article, so what is the article should be in it.
"""

import re
from itertools import islice

from resiliparse.extract.html2text import extract_plain_text

from worker.clean.cleaning_rules import HtmlRules

_WORD = re.compile(r"\w+")
_TRAINED_ON = "en"
_RUN = 4  # words
_READ_CHARS = 500  # of a text, to know its script
_MIN_CASED = 0.5  # share of letters; the trees know capitals, and no script without them


def is_sure(text: str, doubt: float, markup: str, language: str, rules: HtmlRules) -> bool:
    """`language` is what the page declares, or ""."""
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
    """The share of a text's runs of words that resiliparse takes for the article, too."""
    runs = _runs(text)
    other = _runs(extract_plain_text(markup, main_content=True, alt_texts=False))
    return len(runs & other) / max(1, len(runs))


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return set(zip(*(islice(words, start, None) for start in range(_RUN)), strict=False))
