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
    gone = _matches(lines, language, rules)
    echo = _echoes(lines, title)
    kept = [line for at, line in enumerate(lines) if at not in gone and at not in echo]
    matches = [*((gone[at], lines[at]) for at in sorted(gone) if at not in echo)]
    matches += _cut(kept, rules)
    return Swept(
        text="\n\n".join(kept),
        dropped=(
            *(Dropped(rule="title-echo", line=lines[at]) for at in echo),
            *(Dropped(rule=rule.name, line=line) for rule, line in matches),
        ),
        categories=tuple(name for rule, line in matches for name in _categories(rule, line)),
        truncated=any(rule.truncated for rule, _ in matches),
    )


def _matches(lines: list[str], language: str, rules: CleaningRules) -> dict[int, LineRule]:
    """Rules by the number of the line they take out, the first rule that matches."""
    head, anywhere, tail = (rules.sieve(language, where) for where in ("head", "any", "tail"))
    gone: dict[int, LineRule] = {}
    left = rules.lines.tail_lines
    for at in reversed(range(len(lines))):
        line = lines[at].lower() if len(lines[at]) <= rules.lines.max_chars else ""
        if line:
            rule = _rule_of(line, head) if at < rules.lines.head_lines else None
            rule = rule or _rule_of(line, anywhere) or (_rule_of(line, tail) if left > 0 else None)
            if rule:
                gone[at] = rule
        # Lines that are gone do not count: a tail is as long as its boilerplate.
        left -= at not in gone
    return gone


def _rule_of(line: str, sieve: Sieve) -> LineRule | None:
    match = sieve.expression.fullmatch(line)
    if not match or not match.lastgroup:
        return None
    rule = sieve.rules[int(match.lastgroup[1:])]
    return rule if len(line) <= rule.max_chars else None


def _echoes(lines: list[str], title: str) -> tuple[int, ...]:
    """The first line when it says what the title says and text follows."""
    first = lines[0]
    echo = len(lines) > 1 and len(first) <= 2 * len(title) and bare(first) == bare(title)
    return (0,) if echo and first else ()


def _cut(kept: list[str], rules: CleaningRules) -> list[tuple[LineRule, str]]:
    """Cut from the end of the last line, rule by rule: "… The post X appeared first on Y"."""
    cuts: list[tuple[LineRule, str]] = []
    for rule, expression in rules.cuts:
        tail = kept[-1][-rule.max_chars :].lower() if kept else ""
        hinted = not rule.hints or any(hint in tail for hint in rule.hints)
        match = expression.search(tail) if hinted else None
        if match:
            start = len(kept[-1]) - len(tail) + match.start()
            cuts.append((rule, kept[-1][start:].strip()))
            kept[-1:] = filter(None, [kept[-1][:start].rstrip()])
    return cuts


def _categories(rule: LineRule, line: str) -> list[str]:
    match = re.fullmatch(rule.pattern, line, re.I) if rule.effect == "category" else None
    return [name for name in _BETWEEN_NAMES.split(match[1].strip(" .")) if name] if match else []
