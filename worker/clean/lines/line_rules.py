"""A text and its line rules come in; the text without lines that are not the article's go out.

A line is a paragraph. Rules of the head look at the first lines, rules of the tail at the last:
"Follow us on the path to peace" in the middle of a speech is no prompt. What a line tells is kept:
sections become categories, credits contributors, a dateline place and agency.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from worker.clean.cleaning_rules import SHORT_LINE, CleaningRules, LineRule, Sieve
from worker.clean.lines.credits import credits_at_end, read_credits
from worker.clean.lines.datelines import read_dateline
from worker.clean.patterns import prefilter
from worker.clean.text.people import is_name, people
from worker.clean.text.plain_text import bare, split_paragraphs
from worker.model.records import Contributor, Dropped

_BETWEEN_NAMES = re.compile(r"\s*[,|;•·]\s*")
_BYLINE_MARK = re.compile(r"^\W*(?:by|von|par|por|di|da|автор:?)\s+", re.I)
_OPENING_CHARS = prefilter.CHARS + 1  # how a letter is lowered depends on the next
_MAX_ECHO_CHARS = 300
_MAX_BY_CHARS = 30  # around the names of authors
_MAX_SITE_CHARS = 60
_MAX_DATELINE_AT = 2  # a standfirst or two may stand before the dateline
_MAX_CUTS = 6
_MAX_TEASER_CHARS = 1_000  # a longer text that ends in dots may mean them


class Named(NamedTuple):
    """What is known of an article besides its text: lines that only repeat it are dropped."""

    title: str = ""
    authors: tuple[str, ...] = ()
    sites: frozenset[str] = frozenset()  # bare


class Swept(NamedTuple):
    text: str
    dropped: tuple[Dropped, ...] = ()
    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()  # of bylines
    contributors: tuple[Contributor, ...] = ()
    place: str = ""
    agency: str = ""
    truncated: bool = False


class Gone(NamedTuple):
    """A line, or the end of one, that a rule took out, and what it told."""

    rule: str
    line: str
    effect: str = "drop"
    told: tuple[str, ...] = ()
    contributors: tuple[Contributor, ...] = ()
    truncated: bool = False


def sweep(text: str, named: Named, language: str, rules: CleaningRules) -> Swept:
    """Take out what a rule names; all of it is in `dropped`.

    Order: whole lines, then what ends the last one, then the dateline of the first.
    """
    if not text:
        return Swept("")
    lines = split_paragraphs(text)
    gone = _whole_lines(lines, named, language, rules)
    kept = [line for at, line in enumerate(lines) if at not in gone]
    out = [gone[at] for at in sorted(gone)]
    out += _ends(kept, rules)
    place, agency = _dateline(kept, out, rules)
    if not out:
        return Swept(text)
    told = [g for g in out if g.told]
    return Swept(
        text="\n\n".join(kept),
        dropped=tuple([Dropped(rule=g.rule, line=g.line) for g in out]),
        categories=_told(told, "category"),
        authors=_told(told, "byline"),
        contributors=tuple({(c.name, c.role): c for g in out for c in g.contributors}.values()),
        place=place,
        agency=agency or next(iter(_told(told, "agency")), ""),
        truncated=any(g.truncated for g in out),
    )


def breaks_off(text: str) -> bool:
    """Whether a short text ends in dots after a word, as feeds cut theirs; the dots stay."""
    if len(text) > _MAX_TEASER_CHARS or not text.endswith(("…", "...")):
        return False
    return text.rstrip("….")[-1:].isalnum() or text.rstrip("….").endswith((" ", ","))


def _told(told: Sequence[Gone], effect: str) -> tuple[str, ...]:
    return tuple({name: None for g in told if g.effect == effect for name in g.told})


def _whole_lines(
    lines: list[str], named: Named, language: str, rules: CleaningRules
) -> dict[int, Gone]:
    """By the number of the line, the first rule that takes it out."""
    gone: dict[int, Gone] = {}
    sieves = rules.sieves(language)
    longest, head_lines, tail_lines = _limits(rules)
    longest_echo = _longest_echo(named) if len(lines) > 1 else 0
    tail = 0  # lines left behind this one; those that are gone do not count
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        found = None
        if len(line) <= longest:
            if len(line) <= longest_echo and (at <= _MAX_DATELINE_AT or tail < _MAX_DATELINE_AT):
                found = _repeated(line, at, tail, named)
            if not found and sieves.gate.match(_opening(line)):
                sieve = sieves.of(at < head_lines, tail < tail_lines, len(line) > SHORT_LINE)
                found = _ruled(line, at, tail, sieve)
                if not found and tail < tail_lines:
                    found = _credited(line, rules)
        if found:
            gone[at] = found
        else:
            tail += 1
    return gone


def _opening(line: str) -> str:
    """As much of a line, in lower case, as tells whether a rule may ask for it."""
    return (line[:_OPENING_CHARS] if line[:1].isalpha() else line).lower()


def _limits(rules: CleaningRules) -> tuple[int, int, int]:
    return rules.lines.max_chars, rules.lines.head_lines, rules.lines.tail_lines


def _ruled(line: str, at: int, tail: int, sieve: Sieve) -> Gone | None:
    lower = line.lower()
    match = sieve.expression.fullmatch(lower)
    if match and match.lastgroup:
        return _first_that_holds(sieve, int(match.lastgroup[1:]), line, lower, (at, tail))
    return None


def _credited(line: str, rules: CleaningRules) -> Gone | None:
    contributors = read_credits(line, rules.credits)
    return Gone("credits", line, contributors=contributors) if contributors else None


def _first_that_holds(
    sieve: Sieve, first: int, line: str, lower: str, place: tuple[int, int]
) -> Gone | None:
    """The rule whose pattern matched first may not reach this far, or find no names in it."""
    for rule, pattern in sieve.rules[first:]:
        if len(line) > rule.max_chars or not _reaches(rule, *place):
            continue
        match = pattern.fullmatch(lower)
        told = _read(rule, match, line) if match else None
        if told is not None:
            return Gone(rule.name, line, rule.effect, told, truncated=rule.truncated)
    return None


def _reaches(rule: LineRule, at: int, tail: int) -> bool:
    if not rule.within or rule.position == "any":
        return True
    return (at if rule.position == "head" else tail) < rule.within


def _read(rule: LineRule, match: re.Match[str], line: str) -> tuple[str, ...] | None:
    """What the line tells, in its own case; None when it is not what the rule is for."""
    if rule.effect == "drop":
        return ()
    # Lower case can be longer than the line it is made of: İ has two characters.
    same = len(match.string) == len(line)
    group = next((n for n in range(1, match.re.groups + 1) if match[n]), 0)
    given = (line[slice(*match.span(group))] if same else match[group]).strip(" .")
    if rule.effect == "byline":
        return people(given) or None
    if rule.effect == "agency":
        signed = is_name(given) or (given.islower() and " " not in given)  # dpa
        return (given,) if signed else None
    return tuple(name for name in _BETWEEN_NAMES.split(given) if name)


def _longest_echo(named: Named) -> int:
    """A longer line says more than what is known."""
    authors = sum(map(len, named.authors)) + _MAX_BY_CHARS if named.authors else 0
    site = _MAX_SITE_CHARS if named.sites else 0
    return min(max(2 * len(named.title), authors, site), _MAX_ECHO_CHARS)


def _repeated(line: str, at: int, tail: int, named: Named) -> Gone | None:
    """Lines that say only what is known: the title or the authors first, the site's name last."""
    may_echo = at < _MAX_DATELINE_AT and at + tail and 0 < len(line) <= 2 * len(named.title)
    if may_echo and bare(line) == bare(named.title):
        return Gone("title-echo", line)
    if at <= _MAX_DATELINE_AT and named.authors and _says_authors(line, named.authors):
        return Gone("byline-echo", line)
    may_sign = tail < _MAX_DATELINE_AT and named.sites and len(line) <= _MAX_SITE_CHARS
    return Gone("site-name", line) if may_sign and bare(line) in named.sites else None


def _says_authors(line: str, authors: tuple[str, ...]) -> bool:
    if len(line) > sum(map(len, authors)) + _MAX_BY_CHARS:
        return False
    said = people(_BYLINE_MARK.sub("", line))
    known = {bare(author) for author in authors}
    return bool(said) and all(bare(name) in known for name in said)


def _ends(kept: list[str], rules: CleaningRules) -> list[Gone]:
    """Cut from the end of the last line: "… (Reporting by A) The post X appeared first on Y"."""
    cuts: list[Gone] = []
    while kept and len(cuts) < _MAX_CUTS and (cut := _end(kept[-1], rules)):
        start, gone = cut
        cuts.append(gone)
        kept[-1:] = filter(None, [kept[-1][:start].rstrip()])
    return cuts


def _end(line: str, rules: CleaningRules) -> tuple[int, Gone] | None:
    lower = line[-rules.end_chars :].lower()
    for rule, expression in rules.ends:
        tail = lower[-rule.max_chars :]
        if rule.hints and not any(map(tail.__contains__, rule.hints)):
            continue
        if match := expression.search(tail):
            start = max(0, len(line) - len(tail) + match.start())
            return start, Gone(rule.name, line[start:].strip(), truncated=rule.truncated)
    start, contributors = credits_at_end(line, rules.credits)
    if contributors:
        return start, Gone("credits", line[start:].strip(), contributors=contributors)
    return None


def _dateline(kept: list[str], out: list[Gone], rules: CleaningRules) -> tuple[str, str]:
    for at, line in enumerate(kept[: _MAX_DATELINE_AT + 1]):
        if found := read_dateline(line, rules.datelines):
            out.append(Gone("dateline", line[: found.end].strip()))
            kept[at] = line[found.end :]
            return found.place, found.agency
    return "", ""
