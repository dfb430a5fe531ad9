"""Lines that a source repeats around its articles: articles come in, and go out without them.

    sighting(article)   what is noted of a text: which lines stand around it
    learn(sightings)    decides on what was noted, day by day, which of them are no part of any
    leave_out(article)  takes those out of a text that comes later

A line is learned when on `min_days` days it stood in `min_texts` texts that were not there before:
a daily column brings one a day, a burst lasts a day, and what is published again is not new,
neither under another id nor with other words. All of it depends on nothing but what was noted.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from worker.clean.cleaning_rules import LearnedRules
from worker.clean.lines.html_lines import without_lines
from worker.clean.text.language import count_words
from worker.clean.text.people import people
from worker.model.records import Article, Dropped

LEARNED, PINNED = "learned", "pinned"  # rules, as stored with the lines they took out

_FIGURES = re.compile(r"\d+")
_KEY_BYTES = 6
_MAX_NAMES_CHARS = 100
_EVERY_TEXT = b"\0" * _KEY_BYTES  # stands for a line that every text has: what shares are of
_BY = re.compile(r"^\W*(?:by|von|par|por|di|da|автор:?)\s+", re.I)

Day = int  # ordinal of a UTC date
Entry = bytes  # of a line in a text: the line's key, a byte of its article, a byte of its text


class RepeatedLine(NamedTuple):
    """What is known of a learned line."""

    since: Day
    texts: int
    days: int  # that brought texts not seen before


class SourceBoilerplate(NamedTuple):
    """What is left out of the texts of one source on one day."""

    lines: Mapping[bytes, RepeatedLine] = {}
    version: str = ""  # the last day that counted and a digest of the lines; "" without any


@lru_cache(maxsize=4096)  # a line is looked at when it may be left out, and when it is noted
def line_key(source: str, line: str) -> bytes:
    """Equal for lines of a source that differ in case, spaces and figures only. The last bit tells
    whether there are figures in it."""
    plain, figures = _FIGURES.subn("0", " ".join(line.casefold().split()))
    whole = f"{source}\0{plain}".encode("utf-8", "replace")
    key = bytearray(blake2b(whole, digest_size=_KEY_BYTES).digest())
    key[-1] = key[-1] & ~1 | bool(figures)
    return bytes(key)


def sighting(article: Article, learned: SourceBoilerplate, rules: LearnedRules) -> list[Entry]:
    """What is noted of a text: one entry for itself, one for each short line around it."""
    lines = article.text.split("\n\n")
    main = max(lines, key=len)
    if not main or not rules.head_lines + rules.tail_lines:
        return []
    mark = _byte(article.key) + _byte(_FIGURES.sub("0", main.casefold()))
    around = (lines[at] for at in _around(lines, article.source, learned, rules))
    # A line with nothing but a name may be all that tells who wrote it.
    said = (line for line in around if article.authors or not _names_people(line))
    keys = (line_key(article.source, line) for line in said if line is not main)
    return [key + mark for key in dict.fromkeys((_EVERY_TEXT, *keys))]


def learn(
    source: str, noted: Mapping[Day, Iterable[Entry]], rules: LearnedRules, last: Day
) -> SourceBoilerplate:
    """The lines of a source that are learned from what was noted up to the day `last`."""
    by_line: dict[bytes, dict[Day, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for day in sorted(noted):
        for entry in noted[day]:
            by_line[entry[:_KEY_BYTES]][day].append(entry[_KEY_BYTES:])
    every = by_line.pop(_EVERY_TEXT, {})
    texts = max(1, len({mark for marks in every.values() for mark in marks}))
    refused = {line_key(source, line) for line in rules.refused.get(source, ())}
    found = {
        key: repeated
        for key, days in sorted(by_line.items())
        if key not in refused and (repeated := _repeated(days, rules)).days >= rules.min_days
        if repeated.texts / texts >= _share_of(key, rules)
    }
    digest = blake2b(b"".join(found), digest_size=4).hexdigest()
    return SourceBoilerplate(found, f"{date.fromordinal(last)}.{digest}" if found else "")


def leave_out(article: Article, learned: SourceBoilerplate, rules: LearnedRules) -> Article:
    """The article without lines that are learned or pinned. Would too much of its text go by what
    is learned, then all of that stays: the text is short, or repeats are all there is of it."""
    pinned = {line_key(article.source, line) for line in rules.pinned.get(article.source, ())}
    if not learned.lines and not pinned:
        return article
    lines = article.text.split("\n\n")
    around = _around(lines, article.source, learned, rules)
    gone = {at: LEARNED for at in around if line_key(article.source, lines[at]) in learned.lines}
    if sum(len(lines[at]) for at in gone) > rules.max_body_share * len(article.text):
        gone = {}
    if pinned:
        every = enumerate(lines)
        gone |= {at: PINNED for at, line in every if line_key(article.source, line) in pinned}
    if not gone:
        return replace(article, learned=learned.version)
    text = "\n\n".join(line for at, line in enumerate(lines) if at not in gone)
    dropped = [Dropped(rule=gone[at], line=lines[at]) for at in sorted(gone)]
    return replace(
        article,
        text=text,
        words=count_words(text, article.language),
        html=without_lines(article.html, [each.line for each in dropped]),
        dropped=(*article.dropped, *dropped),
        learned=learned.version,
    )


def learned_before(article: Article) -> SourceBoilerplate:
    """The lines that were left out of it."""
    gone = (line_key(article.source, d.line) for d in article.dropped if d.rule == LEARNED)
    return SourceBoilerplate(dict.fromkeys(gone, RepeatedLine(0, 0, 0)), article.learned)


def _around(
    lines: list[str], source: str, learned: SourceBoilerplate, rules: LearnedRules
) -> Iterator[int]:
    """The first and the last lines; what is learned does not count, so that what stands behind it
    comes into view."""
    head = tail = 0
    first, last = 0, len(lines) - 1
    while first <= last and head < rules.head_lines:
        short = len(lines[first]) <= rules.max_chars
        if short:
            yield first
        head += not (short and _is_learned(lines[first], source, learned))
        first += 1
    while last >= first and tail < rules.tail_lines:
        short = len(lines[last]) <= rules.max_chars
        if short:
            yield last
        tail += not (short and _is_learned(lines[last], source, learned))
        last -= 1


def _is_learned(line: str, source: str, learned: SourceBoilerplate) -> bool:
    return bool(learned.lines) and line_key(source, line) in learned.lines


def _repeated(days: Mapping[Day, list[Entry]], rules: LearnedRules) -> RepeatedLine:
    """A text is as new as its article and its words are: of both, what came before is not."""
    articles: set[int] = set()
    texts: set[int] = set()
    busy = 0
    for day in sorted(days):
        new_articles = {mark[0] for mark in days[day]} - articles
        new_texts = {mark[1] for mark in days[day]} - texts
        busy += min(len(new_articles), len(new_texts)) >= rules.min_texts
        articles |= new_articles
        texts |= new_texts
    marks = {mark for its in days.values() for mark in its}
    return RepeatedLine(since=min(days), texts=len(marks), days=busy)


def _names_people(line: str) -> bool:
    """Of one word are agencies."""
    return " " in line and len(line) <= _MAX_NAMES_CHARS and bool(people(_BY.sub("", line)))


def _share_of(key: bytes, rules: LearnedRules) -> float:
    return rules.min_share_figures if key[-1] & 1 else rules.min_share


def _byte(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=1).digest()
