"""Read the entries of a live blog from the metadata of its page, and add what the text lacks of
them.

Live blogs often declare all their entries in JSON-LD, as `liveBlogUpdate` of a LiveBlogPosting
(schema.org). The text of the page may lack the entries, if a script adds them later, or only their
times and headings.
"""

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from worker.clean.text.plain_text import bare

_MIN_UPDATES = 3
_MAX_UPDATES = 500
_MAX_CHARS = 20_000  # of one entry
_MIN_COMPARED = 25  # letters and digits of an entry by which it is found in a text
_COMPARED = 60
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)")
_TAG = re.compile(r"<[^<>]{0,400}>")
_BREAK = re.compile(r"<(?:br|/p|/li|/h[1-6]|/div)\b[^<>]{0,400}>", re.I)
_TIME_ABOVE = re.compile(r"\d{1,2}\s?(?:[:.h]\s?\d\d|[ap]\.?m)", re.I)
_LINES_ABOVE, _MAX_TIME_CHARS = 3, 40
_MIN_SHOWN = 0.5  # share of the entries that a text must have to be that of the live blog


class LiveUpdate(NamedTuple):
    """One entry of a live blog, as the metadata of the page declares it.

    `day` and `time` say when it was published, such as "2026-05-06" and "14:32", in the time zone
    that the page uses; both are "" if the page does not tell. `heading` is its heading, "" if it
    has none, and `lines` are the lines of its text.
    """

    day: str
    time: str
    heading: str
    lines: tuple[str, ...]


def live_updates(article: dict[str, Any]) -> tuple[LiveUpdate, ...]:
    """Return the entries of a live blog that a page declares in its metadata, in the order of the
    page. `article` is the JSON-LD object of the live blog.

    Entries without a text are left out. Returns () if fewer than three remain, because the page is
    then hardly a live blog.
    """
    declared = article.get("liveBlogUpdate")
    items = declared if isinstance(declared, list) else [declared]
    updates = [_update(item) for item in items[:_MAX_UPDATES] if isinstance(item, dict)]
    updates = [update for update in updates if update.lines]
    return tuple(updates) if len(updates) >= _MIN_UPDATES else ()


def with_live_updates(text: str, updates: Sequence[LiveUpdate]) -> str:
    """Add to the text of a live blog what it lacks of its entries, and return the result. The text
    has one paragraph on each line; `updates` are the entries that the page declares.

    If an entry is in the text without its time, its time and heading are inserted above it. If more
    than half of the entries are not in the text at all, these are appended to it, with times and
    headings. If fewer are missing, they are not added. With no `updates`, the text is returned
    unchanged.
    """
    if not updates:
        return text
    lines = [line for line in text.split("\n") if line.strip()]
    places = _places(lines, updates)
    several_days = len({update.day for update in updates if update.day}) > 1
    added: dict[int, list[str]] = {}
    for update, place in places:
        if place >= 0:
            at, parts = _missing_above(lines, place, _parts(update, dated=several_days))
            added.setdefault(at, parts)
    completed = [part for at, line in enumerate(lines) for part in (*added.get(at, ()), line)]
    missing = [update for update, place in places if place < 0]
    if len(missing) > _MIN_SHOWN * len(updates):
        for update in missing:
            completed += (*_parts(update, dated=several_days), *update.lines)
    return "\n".join(completed)


def _update(item: dict[str, Any]) -> LiveUpdate:
    written = _ISO.match(_text(item.get("datePublished")) or _text(item.get("dateModified")))
    day, time = written.groups() if written else ("", "")
    body = _text(item.get("articleBody")) or _text(item.get("text"))
    lines = tuple(_lines(body[:_MAX_CHARS]))
    heading = " ".join(_lines(_text(item.get("headline")) or _text(item.get("name"))))
    if lines and heading and bare(lines[0]).startswith(bare(heading).rstrip()):
        heading = ""  # the beginning of the text, cut
    return LiveUpdate(day, time, heading, lines)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _lines(written: str) -> Iterator[str]:
    if "<" in written:
        written = _TAG.sub("", _BREAK.sub("\n", written))
    for line in html.unescape(written).splitlines():
        if words := " ".join(line.split()):
            yield words


def _places(lines: Sequence[str], updates: Sequence[LiveUpdate]) -> list[tuple[LiveUpdate, int]]:
    """Pair each entry with the number of the line at which its text begins, -1 if it is not
    there."""
    first: dict[str, int] = {}
    for at, line in enumerate(lines):
        first.setdefault(bare(line)[:_COMPARED], at)
    pairs = []
    for update in updates:
        beginnings = (bare(text)[:_COMPARED] for text in (update.lines[0], "".join(update.lines)))
        places = (first.get(b, -1) for b in beginnings if len(b) >= _MIN_COMPARED)
        pairs.append((update, max(places, default=-1)))
    return pairs


def _missing_above(lines: Sequence[str], place: int, parts: list[str]) -> tuple[int, list[str]]:
    """Return those of the time and the heading of an entry that do not stand above its text, and
    the number of the line before which they belong."""
    above = range(max(0, place - _LINES_ABOVE), place)
    if any(len(lines[at]) <= _MAX_TIME_CHARS and _TIME_ABOVE.search(lines[at]) for at in above):
        return place, []
    heading = bare(parts[-1]) if parts else ""
    at = next((at for at in above if bare(lines[at]) == heading), place)
    return at, parts if at == place else parts[:-1]


def _parts(update: LiveUpdate, *, dated: bool) -> list[str]:
    """The time and the heading of an entry, without the one that it lacks."""
    time = f"{update.day} {update.time}" if dated and update.day else update.time
    return [part for part in (time, update.heading) if part]
