"""Find the dates that a page shows to its readers near its heading, as they are written there.

Bylines and their dates stand near the heading. A date further down, or inside a sentence, usually
belongs to an event that the article reports.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.clean.dates.date_words import MONTH_NAMES

_DATE = re.compile(
    r"(?<![\w/-])(?:([^\W\d_]{3,12})\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19[89]|20)\d\d"
    r"|\d{1,2}(?:st|nd|rd|th|er|\.)?(?: de |[ -])?([^\W\d_]{3,12})\.?,?(?: de |[ -])"
    r"(?:19[89]|20)\d\d"
    r"|20\d\d(?:-[01]?\d-[0-3]?\d|/[01]?\d/[0-3]?\d|\. ?[01]?\d\. ?[0-3]?\d)"
    r"|20\d\d[年년] ?[01]?\d[月월] ?[0-3]?\d[日일]"
    r"|[0-3]?\d([./-])[01]?\d\3(?:20\d\d)|[01]?\d/[0-3]?\d/20\d\d)(?![\w/-])",
    re.I,
)
_YEAR = re.compile(r"19[89]\d|20\d\d")
_DAY_IN_ADDRESS = re.compile(
    r"/(?P<year>(?:19[89]|20)\d\d)(?:[/-](?P<month>\d\d?|[a-z]{3,9})[/-](?P<day>\d\d?)"
    r"|(?P<mm>[01]\d)(?P<dd>[0-3]\d))(?=[/_.-]|$)"
    r"|/(?P<dd1>\d\d)-(?P<mm1>\d\d)-(?P<year1>20\d\d)(?=[/_.-]|$)",
    re.I,
)
_SKIPPED = frozenset("script style noscript template svg select option button".split())
AFTER, BEFORE, FAR = "after", "before", "far"
_MAX_BEFORE, _MAX_AFTER, _MAX_FAR = 300, 650, 100_000  # characters of text from the heading
_MAX_NODES = 5_000
_MAX_REST = 40  # characters on the line besides the date; a longer line is a sentence
_MAX_LABEL = 40
_MAX_HEADINGS = 20


class VisibleDate(NamedTuple):
    """One date that a page shows to its readers, as it is written there.

    `label` is the text in front of it in lower case, such as "published on". `region` says where it
    stands: AFTER the heading (soon after it), BEFORE it, or FAR after it.
    """

    text: str
    label: str  # the text before it, on the same line or the line above; lower case
    region: str  # AFTER the heading, BEFORE it, or FAR after it


class NearbyTexts(NamedTuple):
    """The visible texts of a page before and after the beginning of its heading, in the order of
    the page; `after` begins with the heading itself. Dates and bylines are looked for in them."""

    before: tuple[str, ...]
    after: tuple[str, ...]  # begins with the heading itself


def nearby_texts(tree: LexborHTMLParser, title: str, *, far: bool = False) -> NearbyTexts:
    """Collect the visible texts around the heading of a page, where bylines and dates are usual:
    300 characters before the heading and 650 after it, or 100,000 after it if `far`.

    The heading is the one that has the text `title`; if there is none, it is the first <h1>.
    """
    heading = _heading(tree, title)
    if heading is None:
        return NearbyTexts((), ())
    before = tuple(_texts(_previous(heading), _previous, _MAX_BEFORE))
    return NearbyTexts(before[::-1], tuple(_texts(heading, _next, _MAX_FAR if far else _MAX_AFTER)))


def find_dates(nearby: NearbyTexts, title: str) -> Iterator[VisibleDate]:
    """Yield the dates in the texts around the heading of a page, the most likely dates of
    publication first: those soon after the heading, then those before it from the nearest on, then
    those far after it.

    `title` is the text of the heading; dates in it are left out.
    """
    after = [*_dates(nearby.after, title)]
    yield from (date for date in after if date.region == AFTER)
    before = [*_dates(nearby.before, title)]
    yield from (date._replace(region=BEFORE) for date in reversed(before))
    yield from (date for date in after if date.region == FAR)


def date_of_address(url: str) -> str:
    """Return the date in a URL such as /2026/11/22/harbour or /2026/nov/22/ as "2026-11-22", else
    ""."""
    date = _DAY_IN_ADDRESS.search(url)
    if not date:
        return ""
    year = date["year"] or date["year1"]
    month = date["month"] or date["mm"] or date["mm1"]
    day = date["day"] or date["dd"] or date["dd1"]
    number = int(month) if month.isdigit() else MONTH_NAMES.get(month.lower(), 0)
    return f"{year}-{number:02}-{int(day):02}" if number else ""


def _heading(tree: LexborHTMLParser, title: str) -> LexborNode | None:
    """Find the heading with this title, else the first h1, else the body.

    Without the title the first h1 could be taken for it, which on some pages is the name of the
    site.
    """
    headings = tree.css("h1,h2")[:_MAX_HEADINGS]
    own = (node for node in headings if " ".join(node.text().split()) == title)
    first = (node for node in headings if node.tag == "h1")
    return next(own, None) or next(first, tree.body)


def _dates(texts: Iterable[str], title: str) -> Iterator[VisibleDate]:
    before, chars = "", 0
    for text in texts:
        for match in _DATE.finditer(text) if text != title and _YEAR.search(text) else ():
            month = match[1] or match[2]
            if month and month.lower() not in MONTH_NAMES:
                continue
            dated = not month and not match.start()  # "01.02.2022 The harbour reopened."
            if dated or len(text) - len(match[0]) <= _MAX_REST:
                label = text[: match.start()].strip() or before
                region = AFTER if chars <= _MAX_AFTER else FAR
                yield VisibleDate(match[0], label[-_MAX_LABEL:].lower(), region)
        before = text
        chars += len(text)


def _texts(
    node: LexborNode | None, step: Callable[[LexborNode], LexborNode | None], max_chars: int
) -> Iterator[str]:
    """Yield the texts from a node on, in the direction of `step`, until they exceed `max_chars`.

    For a <time> element with a machine-readable date, that date is yielded instead of its text.
    """
    chars = 0
    for _ in range(_MAX_NODES):
        if node is None or chars > max_chars:
            return
        if node.tag == "-text":
            text = " ".join((node.text_content or "").split())
        else:
            text = _machine_readable(node)
        if text:
            chars += len(text)
            yield text
        node = step(node)


def _machine_readable(node: LexborNode) -> str:
    return (node.attributes.get("datetime") or "")[:10] if node.tag == "time" else ""


def _next(node: LexborNode) -> LexborNode | None:
    """Return the next node in document order, without the inside of scripts and dated <time>
    elements."""
    skipped = node.tag in _SKIPPED or _machine_readable(node) != ""
    return (None if skipped else node.first_child) or _following(node)


def _following(node: LexborNode) -> LexborNode | None:
    while node.next is None:
        above = node.parent
        if above is None:
            return None
        node = above
    return node.next


def _previous(node: LexborNode) -> LexborNode | None:
    """Return the node before this one in document order."""
    before = node.prev
    if before is None:
        return node.parent
    while before.tag not in _SKIPPED and (last := before.last_child) is not None:
        before = last
    return before
