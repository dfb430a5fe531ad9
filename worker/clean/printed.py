"""The tree of a page that declares no date comes in, the date that readers see first goes out.

The first one printed behind the heading: bylines have it there. Later ones are of what is told.
"""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

_MONTH = (
    r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez|janv|févr|avr|juin|juil|août"
    r"|déc|ene|abr|ago|dic|gen|mag|giu|lug|set|ott|fev|out)[^\W\d_]*\.?"
)
_DATE = re.compile(
    rf"(?<!\w)(?:{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? (?:19[89]|20)\d\d"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.)? (?:de )?{_MONTH},? (?:de )?(?:19[89]|20)\d\d"
    r"|20\d\d-[01]\d-[0-3]\d|[0-3]?\d\.[01]?\d\.20\d\d|[0-3]?\d/[0-3]?\d/20\d\d)(?!\w)",
    re.I,
)
_IN_ADDRESS = re.compile(r"/((?:19[89]|20)\d\d)[/-](\d{1,2})[/-](\d{1,2})(?=[/-]|$)")
_NOT_READ = frozenset("script style noscript template svg select option button".split())
_MAX_CHARS = 600  # behind the heading
_MAX_NODES = 800


def printed_date(tree: LexborHTMLParser) -> str:
    """As it is printed, "" where there is none."""
    start = tree.css_first("h1") or tree.body
    text = ""
    for piece in _texts(start) if start else ():
        text += f" {' '.join(piece.split())}"[: _MAX_CHARS - len(text)]
        if len(text) >= _MAX_CHARS:
            break
    date = _DATE.search(" ".join(text.split()))
    return date[0] if date else ""


def date_of_address(url: str) -> str:
    """The day in an address such as /2026/11/22/harbour, as ISO has it."""
    date = _IN_ADDRESS.search(url)
    return f"{date[1]}-{int(date[2]):02}-{int(date[3]):02}" if date else ""


def _texts(node: LexborNode) -> Iterator[str]:
    """Texts from this node on, in the order of the page."""
    current: LexborNode | None = node
    for _ in range(_MAX_NODES):
        if current is None:
            return
        if current.tag == "-text":
            yield current.text_content or ""
        skipped = current.tag in _NOT_READ
        current = (None if skipped else current.first_child) or _following(current)


def _following(node: LexborNode) -> LexborNode | None:
    while node.next is None:
        above = node.parent
        if above is None:
            return None
        node = above
    return node.next
