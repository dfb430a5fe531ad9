"""Learn which lines a source repeats around its articles, such as "Subscribe to our newsletter",
and remove them from its later articles.

`sighting` hashes the first and last lines of each article. `learn` decides from these hashes, day
by day, which lines are repeated, and `leave_out` removes those from an article.

A line is learned only if several new articles had it on several days, so that a daily column or one
busy day teaches nothing.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from worker.clean.line_rule_config import LearnedRules
from worker.clean.lines.html_lines import without_lines
from worker.clean.text.language import count_words
from worker.clean.text.people import people
from worker.model.records import Article, Dropped

LEARNED, PINNED = "learned", "pinned"  # names of rules, stored with the lines they removed

_FIGURES = re.compile(r"\d+")
_KEY_BYTES = 6
_MAX_NAMES_CHARS = 100
_ANY_TEXT = b"\0" * _KEY_BYTES  # key of a virtual line that each text has: counts all texts
_BY = re.compile(r"^\W*(?:by|von|par|por|di|da|автор:?)\s+", re.I)

DayNumber = int  # ordinal of a UTC date
LineSighting = bytes  # of a line in a text: line key, a hash byte of the article, one of the text


class RepeatedLine(NamedTuple):
    """How often a line that a source repeats was seen: in `texts` texts since the day `since` (the
    ordinal number of a date).

    `days` counts only the days on which several new texts had the line.
    """

    since: DayNumber
    texts: int
    days: int  # with at least min_texts new texts


class SourceBoilerplate(NamedTuple):
    """The lines that are removed from the texts of one source, because its earlier articles
    repeated them.

    `lines` maps the hash of each line (`line_key`) to how often it was seen. `version` identifies
    this set of lines: it has the last day that was learned from; "" if there are no lines.
    """

    lines: Mapping[bytes, RepeatedLine] = {}
    version: str = ""  # the last day of sightings and a digest of the lines; "" without lines


@lru_cache(maxsize=4096)  # each line is hashed twice: to remove it, and to note it
def line_key(source: str, line: str) -> bytes:
    """Hash a line of a source's article to 6 bytes, to count in how many articles of the source it
    stands without storing its words.

    Lines that differ only in letter case, white space or numbers have equal hashes; equal lines of
    different sources have different ones.
    """
    plain, figures = _FIGURES.subn("0", " ".join(line.casefold().split()))
    keyed = f"{source}\0{plain}".encode("utf-8", "replace")
    key = bytearray(blake2b(keyed, digest_size=_KEY_BYTES).digest())
    key[-1] = key[-1] & ~1 | bool(figures)
    return bytes(key)


def sighting(
    article: Article, learned: SourceBoilerplate, rules: LearnedRules
) -> list[LineSighting]:
    """Hash the short lines at the beginning and the end of an article, so that `learn` can count
    later in how many articles of the source each line stood.

    Returns one record for each line, and one that counts the article itself. A record is the hash
    and two bytes made of the article's key and longest line, by which `learn` tells different
    articles apart. `learned` are the lines already known to be repeated; `rules` say how many lines
    are read.
    """
    lines = article.text.split("\n\n")
    main = max(lines, key=len)
    if not main or not rules.head_lines + rules.tail_lines:
        return []
    mark = _byte(article.key) + _byte(_FIGURES.sub("0", main.casefold()))
    around = (lines[at] for at in _around(lines, article.source, learned, rules))
    # Without authors, a line that is only a name may be the byline.
    candidates = (line for line in around if article.authors or not _names_people(line))
    keys = (line_key(article.source, line) for line in candidates if line is not main)
    return [key + mark for key in dict.fromkeys((_ANY_TEXT, *keys))]


def learn(
    source: str,
    noted: Mapping[DayNumber, Iterable[LineSighting]],
    rules: LearnedRules,
    last: DayNumber,
) -> SourceBoilerplate:
    """Decide which lines a source repeats so often that they are removed from its later articles.

    `noted` has for each day the records that `sighting` made of that day's articles. `last` is the
    last of these days; it becomes part of the result's version.
    """
    by_line: dict[bytes, dict[DayNumber, list[LineSighting]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for day in sorted(noted):
        for entry in noted[day]:
            by_line[entry[:_KEY_BYTES]][day].append(entry[_KEY_BYTES:])
    all_texts = by_line.pop(_ANY_TEXT, {})
    texts = max(1, len({mark for marks in all_texts.values() for mark in marks}))
    refused = {line_key(source, line) for line in rules.refused.get(source, ())}
    repeated_lines = {
        key: repeated
        for key, days in sorted(by_line.items())
        if key not in refused and (repeated := _repeated(days, rules)).days >= rules.min_days
        if repeated.texts / texts >= _share_of(key, rules)
    }
    digest = blake2b(b"".join(repeated_lines), digest_size=4).hexdigest()
    version = f"{date.fromordinal(last)}.{digest}" if repeated_lines else ""
    return SourceBoilerplate(repeated_lines, version)


def leave_out(article: Article, learned: SourceBoilerplate, rules: LearnedRules) -> Article:
    """Return the article without the lines that its source repeats.

    Lines in `learned` are removed near the beginning and the end. If they are more than the share
    `rules.max_body_share` of the text, none is removed, because it may be a short article. Lines
    that an operator listed for the source (`rules.pinned`) are removed always.
    """
    pinned = {line_key(article.source, line) for line in rules.pinned.get(article.source, ())}
    if not learned.lines and not pinned:
        return article
    lines = article.text.split("\n\n")
    around = _around(lines, article.source, learned, rules)
    removed = {at: LEARNED for at in around if line_key(article.source, lines[at]) in learned.lines}
    if sum(len(lines[at]) for at in removed) > rules.max_body_share * len(article.text):
        removed = {}
    if pinned:
        keys = [line_key(article.source, line) for line in lines]
        removed |= {at: PINNED for at, key in enumerate(keys) if key in pinned}
    if not removed:
        return replace(article, learned=learned.version)
    text = "\n\n".join(line for at, line in enumerate(lines) if at not in removed)
    dropped = [Dropped(rule=removed[at], line=lines[at]) for at in sorted(removed)]
    return replace(
        article,
        text=text,
        words=count_words(text, article.language),
        html=without_lines(article.html, [lines[at] for at in sorted(removed)]),
        dropped=(*article.dropped, *dropped),
        learned=learned.version,
    )


def learned_before(article: Article) -> SourceBoilerplate:
    """Return the repeated lines that were removed from this stored article.

    They are needed when the article is cleaned again: `leave_out` then removes the same lines as
    before, so that its text changes only if the rules have changed.
    """
    removed = (line_key(article.source, d.line) for d in article.dropped if d.rule == LEARNED)
    return SourceBoilerplate(dict.fromkeys(removed, RepeatedLine(0, 0, 0)), article.learned)


def _around(
    lines: list[str], source: str, learned: SourceBoilerplate, rules: LearnedRules
) -> Iterator[int]:
    """Yield the indexes of the short lines at the head and the tail of a text.

    Learned lines do not count towards the limits of head and tail, so that the lines next to them
    are reached, too.
    """
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


def _repeated(days: Mapping[DayNumber, list[LineSighting]], rules: LearnedRules) -> RepeatedLine:
    """Count the texts that had a line, and the days on which at least `min_texts` new texts had it.

    A text is new if neither its article nor its words were seen on an earlier day.
    """
    articles: set[int] = set()
    texts: set[int] = set()
    busy = 0
    for day in sorted(days):
        new_articles = {mark[0] for mark in days[day]} - articles
        new_texts = {mark[1] for mark in days[day]} - texts
        busy += min(len(new_articles), len(new_texts)) >= rules.min_texts
        articles |= new_articles
        texts |= new_texts
    marks = {mark for day_marks in days.values() for mark in day_marks}
    return RepeatedLine(since=min(days), texts=len(marks), days=busy)


def _names_people(line: str) -> bool:
    """Whether a line consists of personal names. A one-word name is that of an agency: it gives
    False."""
    return " " in line and len(line) <= _MAX_NAMES_CHARS and bool(people(_BY.sub("", line)))


def _share_of(key: bytes, rules: LearnedRules) -> float:
    return rules.min_share_figures if key[-1] & 1 else rules.min_share


def _byte(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=1).digest()
