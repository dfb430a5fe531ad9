"""A text and its line rules come in; the text without lines that are not the article's go out.

A line is a paragraph. Rules of the head look at the first lines, rules of the tail at the last:
"Follow us on the path to peace" in the middle of a speech is no prompt.
"""

import re
from typing import NamedTuple

from worker.clean.rules import CleaningRules, LineRule, Sieve
from worker.clean.text import bare
from worker.models import Dropped

_BETWEEN_NAMES = re.compile(r"\s*[,|;•·]\s*")


class Swept(NamedTuple):
    text: str
    dropped: tuple[Dropped, ...] = ()
    categories: tuple[str, ...] = ()
    truncated: bool = False


def sweep(text: str, title: str, language: str, rules: CleaningRules) -> Swept:
    """Take out the lines that a rule names; every one of them is in `dropped`.

    Order: echo of the title, head, anywhere, tail, and last what is cut from the end.
    """
    lines = text.split("\n\n")
    gone: dict[int, tuple[LineRule, str]] = {}
    _match(
        lines, range(min(rules.lines.head_lines, len(lines))), rules.sieve(language, "head"), gone
    )
    _match(lines, range(len(lines)), rules.sieve(language, "any"), gone)
    _match_tail(lines, rules.lines.tail_lines, rules.sieve(language, "tail"), gone)
    echo = _echoes(lines, title)
    kept = [line for at, line in enumerate(lines) if at not in gone and at not in echo]
    cuts = _cut(kept, rules.sieve(language, "cut"))
    matches = [*(gone[at] for at in sorted(gone) if at not in echo), *cuts]
    return Swept(
        text="\n\n".join(kept),
        dropped=(
            *(Dropped(rule="title-echo", line=lines[at]) for at in echo),
            *(Dropped(rule=rule.name, line=line) for rule, line in matches),
        ),
        categories=tuple(name for rule, line in matches for name in _categories(rule, line)),
        truncated=any(rule.truncated for rule, _ in matches),
    )


def _match(
    lines: list[str], where: range, sieve: Sieve, gone: dict[int, tuple[LineRule, str]]
) -> None:
    for at in where:
        if at not in gone and (rule := _rule_of(lines[at], sieve)):
            gone[at] = (rule, lines[at])


def _match_tail(
    lines: list[str], tail_lines: int, sieve: Sieve, gone: dict[int, tuple[LineRule, str]]
) -> None:
    """Walk up from the end; lines that are gone do not count."""
    for at in reversed(range(len(lines))):
        if tail_lines <= 0:
            return
        if at not in gone and (rule := _rule_of(lines[at], sieve)):
            gone[at] = (rule, lines[at])
        tail_lines -= at not in gone


def _rule_of(line: str, sieve: Sieve) -> LineRule | None:
    if len(line) > sieve.max_chars:
        return None
    match = sieve.expression.fullmatch(line)
    if not match or not match.lastgroup:
        return None
    rule = sieve.rules[int(match.lastgroup[1:])]
    return rule if len(line) <= rule.max_chars else None


def _echoes(lines: list[str], title: str) -> tuple[int, ...]:
    """The first line when it says what the title says and text follows."""
    first = lines[0]
    echo = len(lines) > 1 and len(first) <= 2 * len(title) and bare(first) == bare(title)
    return (0,) if echo and title else ()


def _cut(kept: list[str], sieve: Sieve) -> list[tuple[LineRule, str]]:
    """Cut from the end of the last line, again and again: "… [&hellip;] Read more"."""
    cuts: list[tuple[LineRule, str]] = []
    while kept and len(cuts) < len(sieve.rules):
        tail = kept[-1][-sieve.max_chars :] if sieve.max_chars else ""
        match = sieve.expression.search(tail)
        if not match or not match.lastgroup or not match[0]:
            break
        cuts.append((sieve.rules[int(match.lastgroup[1:])], match[0].strip()))
        kept[-1] = kept[-1][: len(kept[-1]) - len(tail) + match.start()].rstrip()
        if not kept[-1]:
            kept.pop()
    return cuts


def _categories(rule: LineRule, line: str) -> list[str]:
    match = re.fullmatch(rule.pattern, line, re.I) if rule.effect == "category" else None
    return [name for name in _BETWEEN_NAMES.split(match[1].strip(" .")) if name] if match else []
