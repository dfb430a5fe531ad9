"""Remove the lines of a text that are not part of its article, such as "Follow us on Facebook".

A line is a paragraph. Most rules apply only to the first or the last lines of a text, because a
similar line in the middle may be part of the article. The facts in a removed line are stored, for
example the people that it credits. The module is a little long because all its functions are steps
of one walk over the lines, which give each other removed lines with their rule and facts.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from worker.clean.cleaning_rules import SHORT_LINE, CleaningRules, RuleSet
from worker.clean.line_rule_config import LineRule
from worker.clean.lines.credits import credits_at_end, read_credits
from worker.clean.lines.datelines import read_dateline
from worker.clean.patterns import prefilter
from worker.clean.text.people import is_name, people
from worker.clean.text.plain_text import bare, split_paragraphs
from worker.model.records import Contributor, Dropped

_BETWEEN_NAMES = re.compile(r" ?[,|;•·] ?")  # in a line, which has single spaces
_BYLINE_MARK = re.compile(r"^\W*(?:by|von|par|por|di|da|автор:?)\s+", re.I)
_PREFIX_CHARS = prefilter.PREFIX_CHARS + 1  # lower case of a letter may depend on the next one
_MAX_ECHO_CHARS = 300
_MAX_BY_CHARS = 30  # around the names of authors
_MAX_SITE_CHARS = 60
_MAX_DATELINE_LINE = 2  # one or two lines of summary may precede the dateline
_MAX_CUTS = 6
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
_MAX_PROMPT_CHARS, _MIN_SENTENCES, _MAX_SENTENCES = 300, 2, 8
_MAX_TEASER_CHARS = 1_000  # a longer text that ends in dots may be complete


class ArticleMetadata(NamedTuple):
    """Title, authors and names of the site of an article. Lines of its text that only repeat one of
    them are removed.

    The names in `sites` have only lower-case letters and digits, so that spellings make no
    difference.
    """

    title: str = ""
    authors: tuple[str, ...] = ()
    sites: frozenset[str] = frozenset()  # as `bare` makes them


class SweptText(NamedTuple):
    """A text without the lines that are not part of its article (`text`), the removed lines
    (`dropped`), and the facts found in these: categories, authors, contributors such as
    photographers, the place from which the article was written, and the news agency.

    `truncated` says that a removed line, such as "Continue reading", proves the text to be a
    teaser, `paywalled` that one proves the article to be for subscribers.
    """

    text: str
    dropped: tuple[Dropped, ...] = ()
    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()  # of bylines
    contributors: tuple[Contributor, ...] = ()
    place: str = ""
    agency: str = ""
    truncated: bool = False
    paywalled: bool = False


class RemovedLine(NamedTuple):
    """A line, or the end of one, that cleaning removed from a text, with the name of the rule that
    did it and the facts found in the line.

    `effect` says what the names in `captured` are: categories ("category"), authors ("byline") or
    an agency ("agency"); "drop" if there are none. `contributors` are people in credits, such as
    photographers. `truncated` says that the line proves the text to be a teaser, `paywalled` that
    it proves the article to be for subscribers.
    """

    rule: str
    line: str
    effect: str = "drop"
    captured: tuple[str, ...] = ()
    contributors: tuple[Contributor, ...] = ()
    truncated: bool = False
    paywalled: bool = False


def sweep(text: str, metadata: ArticleMetadata, language: str, rules: CleaningRules) -> SweptText:
    """Remove the lines of a text that are not part of its article, such as "Follow us on Facebook",
    and list them in `dropped` of the result.

    First complete lines are removed, then boilerplate and credits at the end of the last line, then
    the dateline at the start of the text.
    """
    if not text:
        return SweptText("")
    lines = split_paragraphs(text)
    by_index = _complete_lines(lines, metadata, language, rules)
    kept = [line for at, line in enumerate(lines) if at not in by_index]
    removals = [by_index[at] for at in sorted(by_index)]
    removals += _cut_ends(kept, rules)
    place, agency = _dateline(kept, removals, rules)
    if not removals:
        return SweptText(text)
    captured = [removed for removed in removals if removed.captured]
    contributors = {(c.name, c.role): c for removed in removals for c in removed.contributors}
    return SweptText(
        text="\n\n".join(kept),
        dropped=tuple([Dropped(rule=removed.rule, line=removed.line) for removed in removals]),
        categories=_captured(captured, "category"),
        authors=_captured(captured, "byline"),
        contributors=tuple(contributors.values()),
        place=place,
        agency=agency or next(iter(_captured(captured, "agency")), ""),
        truncated=any(removed.truncated for removed in removals),
        paywalled=any(removed.paywalled for removed in removals),
    )


def breaks_off(text: str) -> bool:
    """Whether a short text was cut by its feed, so that the article has more: it ends in dots after
    a word, a space or a comma."""
    if len(text) > _MAX_TEASER_CHARS or not text.endswith(("…", "...")):
        return False
    return text.rstrip("….")[-1:].isalnum() or text.rstrip("….").endswith((" ", ","))


def _captured(lines: Sequence[RemovedLine], effect: str) -> tuple[str, ...]:
    """Return the names or categories captured from lines with this effect, each once."""
    return tuple({name: None for line in lines if line.effect == effect for name in line.captured})


def _complete_lines(
    lines: list[str], metadata: ArticleMetadata, language: str, rules: CleaningRules
) -> dict[int, RemovedLine]:
    """Find the lines that a rule removes completely; return them by their index in `lines`."""
    removed: dict[int, RemovedLine] = {}
    rule_sets = rules.rule_sets(language)
    longest, head_lines, tail_lines = _limits(rules)
    longest_echo = _longest_echo(metadata) if len(lines) > 1 else 0
    tail = 0  # kept lines after this one
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        removal = None
        if len(line) <= longest:
            if len(line) <= longest_echo and (
                at <= _MAX_DATELINE_LINE or tail < _MAX_DATELINE_LINE
            ):
                removal = _removed_echo(line, at, tail, metadata)
            if not removal and rule_sets.prefix_filter.match(_prefix(line)):
                rule_set = rule_sets.select(
                    at < head_lines, tail < tail_lines, len(line) > SHORT_LINE
                )
                removal = _removed_by_rule(line, at, tail, rule_set)
                if not removal and tail < tail_lines:
                    removal = _removed_credits(line, rules)
        if removal:
            removed[at] = removal
        else:
            tail += 1
    return removed


def _prefix(line: str) -> str:
    """Return the beginning of a line in lower case, as far as the prefix filter needs it.

    That is the complete line if it does not begin with a letter.
    """
    return (line[:_PREFIX_CHARS] if line[:1].isalpha() else line).lower()


def _limits(rules: CleaningRules) -> tuple[int, int, int]:
    return rules.lines.max_chars, rules.lines.head_lines, rules.lines.tail_lines


def _removed_by_rule(line: str, at: int, tail: int, rule_set: RuleSet) -> RemovedLine | None:
    lower = line.lower()
    match = rule_set.expression.fullmatch(lower)
    if match and match.lastgroup:
        return _first_valid(rule_set, int(match.lastgroup[1:]), line, lower, at, tail)
    return _removed_by_sentences(line, lower, rule_set)


def _removed_by_sentences(line: str, lower: str, rule_set: RuleSet) -> RemovedLine | None:
    """Return a line as removed if each of its sentences is matched by a rule for sentences, as in
    "Already a subscriber? Log in."; None for any other line."""
    sentences = _SENTENCE_END.split(lower, _MAX_SENTENCES) if len(line) <= _MAX_PROMPT_CHARS else []
    if len(sentences) < _MIN_SENTENCES or not all(map(rule_set.sentence.fullmatch, sentences)):
        return None
    matched = [
        next(rule for rule, pattern in rule_set.rules if _matches(rule, pattern, sentence))
        for sentence in sentences
    ]
    truncated, paywalled = (any(r.truncated for r in matched), any(r.paywalled for r in matched))
    return RemovedLine(matched[0].name, line, truncated=truncated, paywalled=paywalled)


def _matches(rule: LineRule, pattern: re.Pattern[str], sentence: str) -> bool:
    return rule.sentences and pattern.fullmatch(sentence) is not None


def _removed_credits(line: str, rules: CleaningRules) -> RemovedLine | None:
    contributors = read_credits(line, rules.credits)
    return RemovedLine("credits", line, contributors=contributors) if contributors else None


def _first_valid(
    rule_set: RuleSet, first: int, line: str, lower: str, at: int, tail: int
) -> RemovedLine | None:
    """Apply the rules of a set in turn, beginning with index `first`, until one removes the line.

    A rule removes the line if it applies at this position, its pattern matches the line, and the
    facts it needs can be read. `at` counts lines from the start of the text, `tail` from its end.
    """
    for rule, pattern in rule_set.rules[first:]:
        if len(line) > rule.max_chars or not _in_range(rule, at, tail):
            continue
        match = pattern.fullmatch(lower)
        captured = _read_captured(rule, match, line) if match else None
        if captured is not None:
            return RemovedLine(
                rule.name,
                line,
                rule.effect,
                captured,
                truncated=rule.truncated,
                paywalled=rule.paywalled,
            )
    return None


def _in_range(rule: LineRule, at: int, tail: int) -> bool:
    if not rule.within or rule.position == "any":
        return True
    return (at if rule.position == "head" else tail) < rule.within


def _read_captured(rule: LineRule, match: re.Match[str], line: str) -> tuple[str, ...] | None:
    """Return the names or categories in a line that a rule matches, written as in the line.

    () for a rule that only drops the line; None if the line of a byline or agency rule has no name.
    """
    if rule.effect == "drop":
        return ()
    # Lower case can be longer than the line: that of İ has two characters.
    same_length = len(match.string) == len(line)
    group = next((n for n in range(1, match.re.groups + 1) if match[n]), 0)
    text = (line[slice(*match.span(group))] if same_length else match[group]).strip(" .")
    if rule.effect == "byline":
        return people(text) or None
    if rule.effect == "agency":
        signed = is_name(text) or (text.islower() and " " not in text)  # dpa
        return (text,) if signed else None
    return tuple(name for name in _BETWEEN_NAMES.split(text) if name)


def _longest_echo(metadata: ArticleMetadata) -> int:
    """Return the length of the longest line that may be a mere repetition of the metadata."""
    authors = sum(map(len, metadata.authors)) + _MAX_BY_CHARS if metadata.authors else 0
    site = _MAX_SITE_CHARS if metadata.sites else 0
    return min(max(2 * len(metadata.title), authors, site), _MAX_ECHO_CHARS)


def _removed_echo(line: str, at: int, tail: int, metadata: ArticleMetadata) -> RemovedLine | None:
    """Return the line as removed if it only repeats metadata, else None.

    At the head that is the title or the authors, at the tail the name of the site.
    """
    may_echo = at < _MAX_DATELINE_LINE and at + tail and 0 < len(line) <= 2 * len(metadata.title)
    if may_echo and bare(line) == bare(metadata.title):
        return RemovedLine("title-echo", line)
    if at <= _MAX_DATELINE_LINE and metadata.authors and _names_authors(line, metadata.authors):
        return RemovedLine("byline-echo", line)
    may_sign = tail < _MAX_DATELINE_LINE and metadata.sites and len(line) <= _MAX_SITE_CHARS
    return RemovedLine("site-name", line) if may_sign and bare(line) in metadata.sites else None


def _names_authors(line: str, authors: tuple[str, ...]) -> bool:
    if len(line) > sum(map(len, authors)) + _MAX_BY_CHARS:
        return False
    names = people(_BYLINE_MARK.sub("", line))
    expected = {bare(author) for author in authors}
    return bool(names) and all(bare(name) in expected for name in names)


def _cut_ends(kept: list[str], rules: CleaningRules) -> list[RemovedLine]:
    """Cut boilerplate from the end of the last line, again and again: "… (Reporting by A) The post
    X appeared first on Y" has two. Changes `kept`, and returns what was cut."""
    cuts: list[RemovedLine] = []
    while kept and len(cuts) < _MAX_CUTS and (cut := _cut_end(kept[-1], rules)):
        start, removed = cut
        cuts.append(removed)
        kept[-1:] = filter(None, [kept[-1][:start].rstrip()])
    return cuts


def _cut_end(line: str, rules: CleaningRules) -> tuple[int, RemovedLine] | None:
    lower = line[-rules.end_chars :].lower()
    for rule, expression in rules.end_rules:
        tail = lower[-rule.max_chars :]
        if rule.hints and not any(map(tail.__contains__, rule.hints)):
            continue
        if match := expression.search(tail):
            start = max(0, len(line) - len(tail) + match.start())
            return start, RemovedLine(rule.name, line[start:].strip(), truncated=rule.truncated)
    start, contributors = credits_at_end(line, rules.credits)
    if contributors:
        return start, RemovedLine("credits", line[start:].strip(), contributors=contributors)
    return None


def _dateline(
    kept: list[str], removals: list[RemovedLine], rules: CleaningRules
) -> tuple[str, str]:
    for at, line in enumerate(kept[: _MAX_DATELINE_LINE + 1]):
        if dateline := read_dateline(line, rules.datelines):
            removals.append(RemovedLine("dateline", line[: dateline.end].strip()))
            kept[at] = line[dateline.end :]
            return dateline.place, dateline.agency
    return "", ""
