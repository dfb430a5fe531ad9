"""Remove markup and labels such as "Published:" from the text of a date, before it is parsed."""

import html
import re
from collections.abc import Iterable

_MARKUP = re.compile(r"<[^<>]{0,100}>")
_BEFORE_LABEL = re.compile(
    r"(?:date|day|time|first|originally|ngày|ngay)[ :]+|(?:기사|최초|뉴스) ?", re.I
)
_LABEL_END = re.compile(
    r"^[^\W\d_]*\s*(?:date|time)?\s*[:：]?\s*", re.I
)  # labels may be parts of words
_DATE_LABEL = re.compile(
    r"(?:date|datum|fecha|data|created|released|issued|erstellt"
    r"|时间|時間|日期|날짜)(?: on)?\s?[:：] ?",
    re.I,
)
_MIN_LABEL_AT_END = 2  # characters


def without_markup(text: str) -> str:
    """Remove markup and HTML entities from a text; entities may be escaped twice."""
    for _ in range(2):
        if "&" not in text:
            break
        text = html.unescape(text)
    return _MARKUP.sub(" ", text).strip() if "<" in text else text


def without_label(text: str, published_words: Iterable[str]) -> str:
    """Remove a label of publication such as "Published:", "Publié le" or "公開" from a date.

    `published_words` are the words of such labels in lower case. Other labels are not removed,
    because they belong to other dates.
    """
    if named := _DATE_LABEL.match(text):
        return text[named.end() :]
    start = before.end() if (before := _BEFORE_LABEL.match(text)) else 0
    low = text.lower()
    for label in published_words:
        if low.startswith(label) or low.startswith(label, start):
            end = (0 if low.startswith(label) else start) + len(label)
            return _LABEL_END.sub("", text[end:], count=1)
        if not label.isascii() and low.endswith(label) and len(label) >= _MIN_LABEL_AT_END:
            return text[: -len(label)].strip()
    return text
