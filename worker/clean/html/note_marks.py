"""Remove the marks of footnotes from markup: in text, "four million<sup>1</sup>" would become "four
million1"."""

import re
from html import unescape

_MAX_CHARS = 600  # of the element; honest marks have 200
_BEFORE_CHARS = 60  # in front of it, that are read
_TAG = re.compile(r"<[^<>]{0,400}>")
_MARK = re.compile(
    r"[\[(]?\s?(?:[0-9]{1,3}|[a-z]|[*†‡§]{1,3}|(?:note|n\.) ?[0-9a-z]{1,3})\s?[\])]?", re.I
)
_LINKED = re.compile(
    r"<a\s[^<>]{0,200}href\s?=\s?[\"']?[^\"'<>\s]{0,200}#|class=[\"'][^\"'<>]{0,60}(?:ref|note|fn)",
    re.I,
)
_WORD = re.compile(r"[^\W\d_]{4,30}[.,;:!?)”\"»’]{0,3}\s?\Z|[^\W\d_][.;:!?)”\"»][.,;]?\s?\Z")
_UNITS = frozenset("meter metre meters metres".split())


def without_note_marks(markup: str) -> str:
    """Remove each <sup> that holds only the mark of a footnote: a number in brackets or with a link
    to another part of the page, or a number after a long word or the end of a sentence.

    Powers ("m<sup>2</sup>", "10<sup>6</sup>") and ordinals ("1<sup>er</sup>") stay.
    """
    if "<sup" not in markup:
        return markup
    kept = []
    at = 0
    while (start := markup.find("<sup", at)) >= 0:
        end = markup.find("</sup>", start, start + _MAX_CHARS)
        kept.append(markup[at:start])
        before = markup[max(0, start - _BEFORE_CHARS) : start]
        if end < 0 or not _is_mark(markup[start:end], before):
            at = start + 4
            kept.append("<sup")
            continue
        at = end + len("</sup>")
    kept.append(markup[at:])
    return "".join(kept)


def _is_mark(element: str, before: str) -> bool:
    text = unescape(_TAG.sub("", element)).strip()
    if not _MARK.fullmatch(text):
        return False
    if text[0] in "[(*†‡§" or _LINKED.search(element):
        return True
    word = _WORD.search(_TAG.sub("", before))
    return text.isdigit() and word is not None and word[0].strip().lower() not in _UNITS
