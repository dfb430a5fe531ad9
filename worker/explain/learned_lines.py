"""List the lines that a source repeats around its articles.

Workers learn such lines and leave them out of articles. The index tells which lines are learned,
and the store which were left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from worker.clean.line_rule_config import LearnedRules
from worker.clean.lines.source_boilerplate import LEARNED, PINNED, SourceBoilerplate, line_key
from worker.store.values import RemovedLineCount


@dataclass(frozen=True, slots=True, kw_only=True)
class BoilerplateLine:
    """A line that one source repeats around its articles, and how often workers left it out.

    `how` is "learned" (left out, because workers saw it repeated), "pinned" or "refused" (always or
    never left out, by cleaning.toml), or "forgotten" (kept again, because the source no longer
    repeats it). `since` is the first day on which workers saw it, `texts` in how many different
    texts, `days` on how many days. `left_out` counts how often it was left out, the last time at
    `last`.
    """

    line: str  # as it was when it was last left out; "" if it never was
    how: str  # learned, pinned, refused, or forgotten: it was left out once and is kept now
    since: date | None = None  # first day in the learning window
    texts: int = 0  # texts that had it
    days: int = 0  # days with new texts that had it
    left_out: int = 0  # times it was left out
    last: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBoilerplateReport:
    """The lines that one source repeats around its articles, for commands and pages.

    `version` identifies the lines that workers learned from the source; it is "" if there are none.
    Learned lines come from the index; if that did not answer, `silent` is the error, else "".
    """

    version: str  # version of the learned lines; "" without any
    lines: tuple[BoilerplateLine, ...]
    silent: str = ""  # why the index did not answer; "" if it did


def repeated_lines(
    source: str,
    learned: SourceBoilerplate,
    left_out: Sequence[RemovedLineCount],
    rules: LearnedRules,
) -> SourceBoilerplateReport:
    """List all lines that one source repeats around its articles, and how often each was left out.

    `learned` has the lines that workers learned, from the index, and `rules` those that
    cleaning.toml names. `left_out` has the counts of the lines left out, from the store.
    """
    configured = [
        BoilerplateLine(line=line, how=how)
        for how, lines in ((PINNED, rules.pinned), ("refused", rules.refused))
        for line in lines.get(source, ())
    ]
    rows = _rows(source, learned, [line for line in left_out if line.rule == LEARNED])
    pinned = {line_key(source, e.line): e for e in left_out if e.rule == PINNED}
    with_counts = (
        replace(line, left_out=count.times, last=count.last)
        if (count := pinned.get(line_key(source, line.line)))
        else line
        for line in configured
    )
    return SourceBoilerplateReport(version=learned.version, lines=(*rows, *with_counts))


def lines_without_index(
    source: str, left_out: Sequence[RemovedLineCount], problem: str
) -> SourceBoilerplateReport:
    """List the lines of a source that workers left out, when the index does not answer, so that
    the learned lines are unknown. `problem` is the error of the index."""
    lines = tuple(_rows(source, SourceBoilerplate(), left_out))
    return SourceBoilerplateReport(version="", lines=lines, silent=problem)


def _rows(
    source: str, learned: SourceBoilerplate, left_out: Sequence[RemovedLineCount]
) -> Iterator[BoilerplateLine]:
    removed_by_key = {line_key(source, count.line): count for count in left_out}
    for key in dict.fromkeys((*learned.lines, *removed_by_key)):
        learned_line, removed = learned.lines.get(key), removed_by_key.get(key)
        yield BoilerplateLine(
            line=removed.line if removed else "",
            how=LEARNED if learned_line else "forgotten",
            since=date.fromordinal(learned_line.since) if learned_line else None,
            texts=learned_line.texts if learned_line else 0,
            days=learned_line.days if learned_line else 0,
            left_out=removed.times if removed else 0,
            last=removed.last if removed else None,
        )
