"""Find the dates that a page shows to its readers near its heading, as they are written there.

Bylines and their dates stand near the heading. A date further down, or inside a sentence, usually
belongs to an event that the article reports.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.clean.dates.letters import fold
from worker.clean.dates.month_names import MONTH_NAMES, MONTHS
from worker.clean.dates.native_forms import in_common_form
from worker.clean.metadata.article_scope import ArticleScope

_DATE = re.compile(
    r"(?<![\w/-])(?:([^\W\d_]{3,12})\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19[89]|20)\d\d"
    r"|\d{1,2}(?:st|nd|rd|th|er|\.)?(?: de |[ /-])?([^\W\d_]{3,12})\.?,?(?: de |[ ./-])"
    r"(?:19[89]|20)\d\d"
    r"|(?:19[89]|20)\d\d\.? ([^\W\d_]{3,12})\.? \d{1,2}\.?"
    r"|20\d\d(?:-[01]?\d-[0-3]?\d|/[01]?\d/[0-3]?\d|\. ?[01]?\d\. ?[0-3]?\d)"
    r"|20\d\d[年년] ?[01]?\d[月월] ?[0-3]?\d[日일]"
    r"|[0-3]?\d([./-])[01]?\d\4(?:20\d\d)|[0-3]?\d\. [01]?\d\. 20\d\d"
    r"|[01]?\d/[0-3]?\d/20\d\d)(?![\w/-])",
    re.I,
)
_YEAR = re.compile(r"19[89]\d|20\d\d")
# Years in the digits of other scripts, and Buddhist years.
_OTHER_YEAR = re.compile("[٢۲][٠۰][٠-٩۰-۹]{2}|२०[०-९]{2}|২০[০-৯]{2}|25[0-9]{2}|๒๕[๐-๙]{2}")
_ANY_YEAR = re.compile(f"{_YEAR.pattern}|{_OTHER_YEAR.pattern}")
_CLOCK = re.compile(r"\d{1,2}(?:[:.h]\d{2}|[時点點시])")
_UPDATED = re.compile(r"updat|modif", re.I)
_DAY_IN_ADDRESS = re.compile(
    r"/(?P<year>(?:19[89]|20)\d\d)(?:[/-](?P<month>\d\d?|[a-z]{3,9})[/-](?P<day>\d\d?)"
    r"|(?P<mm>[01]\d)(?P<dd>[0-3]\d))(?=[/_.-]|$)"
    r"|/(?P<dd1>\d\d)-(?P<mm1>\d\d)-(?P<year1>20\d\d)(?=[/_.-]|$)",
    re.I,
)
_SKIPPED = frozenset(  # also quoted posts and captions, which have dates of their own
    "script style noscript template svg select option button blockquote figcaption".split()
)
AFTER, BEFORE, FAR = "after", "before", "far"
_MAX_BEFORE, _MAX_AFTER, _MAX_FAR = 300, 650, 100_000  # characters of text from the heading
_MAX_NODES = 5_000
_MAX_REST = 40  # characters on the line besides dates and times; a longer line is a sentence
_MAX_LINE = 300
_MAX_LABEL = 40
_MAX_HEADINGS = 20
_MAX_ROWS = 20
_MAX_TIME = 40  # characters of a machine-readable date


class VisibleDate(NamedTuple):
    """One date that a page shows to its readers, as it is written there (`text`).

    `label` is the text in front of it in lower case, such as "published on". `region` is one of
    three constants: the date stands before the heading (BEFORE), soon after it (AFTER), or far
    after it (FAR). `before` and `after` are the other parts of its line, in which the time of day
    may stand. `crowded` says that the line has many other words: a date without a label is then
    only mentioned in a sentence, and is no date of publication.
    """

    text: str
    label: str  # the text before it, on the same line or the line above; lower case
    region: str  # AFTER the heading, BEFORE it, or FAR after it
    before: str = ""
    after: str = ""
    crowded: bool = False


class NearbyTexts(NamedTuple):
    """The visible texts of a page before and after the beginning of its heading, in the order of
    the page; `after` begins with the heading itself. Dates and bylines are looked for in them."""

    before: tuple[str, ...]
    after: tuple[str, ...]  # begins with the heading itself


def nearby_texts(
    tree: LexborHTMLParser, title: str, scope: ArticleScope, *, far: bool = False
) -> NearbyTexts:
    """Collect the visible texts around the heading of a page, where bylines and dates usually
    stand: 300 characters before the heading and 650 after it. With `far`, 100,000 characters after
    it are read.

    The heading is the one with the text `title`, or the first <h1> if no heading has it. `scope`
    tells which parts of the page belong to the article; other parts after the heading are left out.
    """
    heading = _heading(tree, title)
    if heading is None:
        return NearbyTexts((), ())
    before = tuple(_texts_before(heading, scope))
    after = _texts_after(heading, scope, _MAX_FAR if far else _MAX_AFTER)
    return NearbyTexts(before[::-1], tuple(after))


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
        region = AFTER if chars <= _MAX_AFTER else FAR
        if _ANY_YEAR.search(text, 0, _MAX_LINE) and text != title:
            yield from _dates_of_line(text[:_MAX_LINE], before, region)
        before = text
        chars += len(text)


def _dates_of_line(line: str, above: str, region: str) -> Iterator[VisibleDate]:
    """Yield the dates of a line that is no sentence: besides dates and times it has few words."""
    matches = _matches(line)
    if not matches and (_OTHER_YEAR.search(line) or (not line.isascii() and _YEAR.search(line))):
        line = in_common_form(line)
        matches = _matches(line)
    if not matches:
        return
    rest = len(line) - sum(len(match[0]) for match in matches)
    crowded = rest > _MAX_REST
    if crowded:
        rest -= sum(len(clock) for clock in _CLOCK.findall(line))
    ends = [0, *(match.end() for match in matches)]
    starts = [*(match.start() for match in matches[1:]), len(line)]
    for match, begin, end in zip(matches, ends, starts, strict=False):
        month = match[1] or match[2] or match[3]
        dated = not month and not match.start()  # "01.02.2022 The harbour reopened."
        if dated or rest <= _MAX_REST * len(matches):
            before = line[begin : match.start()].strip()
            label = (before or above)[-_MAX_LABEL:].lower()
            after = line[match.end() : end].strip()
            yield VisibleDate(match[0], label, region, before, after, crowded and not dated)


def _matches(line: str) -> list[re.Match[str]]:
    if not _YEAR.search(line):
        return []
    return [match for match in _DATE.finditer(line) if _has_month(match)]


def _has_month(match: re.Match[str]) -> bool:
    """Whether the word in a date is a month, if it has one."""
    word = (match[1] or match[2] or match[3] or "").lower()
    return not word or word in MONTH_NAMES or fold(word) in MONTHS


def _texts_after(heading: LexborNode, scope: ArticleScope, max_chars: int) -> Iterator[str]:
    """Yield the texts from the heading on until they exceed `max_chars` characters, without the
    inside of scripts and of parts of the page that do not belong to its article.

    For a <time> element with a machine-readable date, that date is yielded instead of its text,
    after "updated" if its class says so.
    """
    chars = 0
    node: LexborNode | None = heading
    for _ in range(_MAX_NODES):
        if node is None or chars > max_chars:
            return
        tag = node.tag or ""
        text, inner = "", None
        if tag == "-text":
            text = " ".join((node.text_content or "").split())
        elif not tag.startswith("-"):
            text = _machine_readable(node) if tag == "time" else ""
            child = None if text or tag in _SKIPPED else node.first_child
            if child is not None and not scope.is_of_others(node, tag):
                inner = None if tag == "table" and _lists_days(node) else child
        if text:
            chars += len(text)
            yield text
        node = inner or node.next or following(node)


def _texts_before(heading: LexborNode, scope: ArticleScope) -> Iterator[str]:
    """Yield the texts before the heading, the nearest first, like `_texts_after`."""
    chars = 0
    node = _previous(scope, heading)
    for _ in range(_MAX_NODES):
        if node is None or chars > _MAX_BEFORE:
            return
        tag = node.tag
        if tag == "-text":
            text = " ".join((node.text_content or "").split())
        else:
            text = _machine_readable(node) if tag == "time" else ""
        if text:
            chars += len(text)
            yield text
        node = _previous(scope, node)


def _machine_readable(time: LexborNode) -> str:
    attributes = time.attributes
    date = attributes.get("datetime")
    if not date:
        return ""
    marks = f"{attributes.get('class') or ''} {attributes.get('itemprop') or ''}"
    label = "updated " if _UPDATED.search(marks) else ""
    return f"{label}{date[:10]} {date[11:_MAX_TIME]}".strip()


def _lists_days(table: LexborNode) -> bool:
    """Whether rows of a table begin with different days, as results and programmes do."""
    cells = (row.css_first("td,th") for row in table.css("tr")[:_MAX_ROWS])
    texts = (" ".join(cell.text().split())[:_MAX_TIME] for cell in cells if cell)
    return len({text for text in texts if _DATE.fullmatch(text)}) > 1


def following(node: LexborNode) -> LexborNode | None:
    """Return the next node of a page that is not inside of `node`: its next sibling, else the next
    sibling of the nearest element around it that has one; None at the end of the page."""
    while node.next is None:
        above = node.parent
        if above is None:
            return None
        node = above
    return node.next


def _previous(scope: ArticleScope, node: LexborNode) -> LexborNode | None:
    """Return the node before this one in document order, without the inside of scripts and of parts
    of the page that do not belong to its article."""
    before = node.prev
    if before is None:
        return node.parent
    while (last := before.last_child) is not None:
        tag = before.tag or ""
        if tag in _SKIPPED or scope.is_of_others(before, tag):
            break
        before = last
    return before
