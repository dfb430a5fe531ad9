"""Evidence: an article and compiled rules come in, what speaks for each rule goes out.

The same `examine` decides in the worker, in the inline tests and in `--explain`: where a rule
does not hold, it says what was missing.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from worker.model.records import Article, Span
from worker.tag.rules.compiled_rules import Asks, Compiled, Pattern, Ready
from worker.tag.rules.fields import BODY, LEAD, TITLE, Places
from worker.tag.rules.phrases import Hit, joined, words_between
from worker.tag.rules.rule import Rule, Scoring, Weights

_MOST_MATCHES = 50  # of one regular expression in one article
# A full stop ends no sentence after an initial or a title, nor before a small letter or a figure.
_SENTENCE_ENDS = re.compile(
    r"\n|[。！？]|[!?…؟।](?=\s|$)"
    r"|(?<!\b\w)(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bMrs)\.(?=\s|$)(?!\s+[a-zß-öø-ÿа-я0-9])"
)


class Seen(NamedTuple):
    """Characters [start, end) of the places, and the scopes they are in."""

    start: int
    end: int
    scope: int


Evidence = dict[int, list[Seen]]  # by number of phrase or pattern


class Finding(NamedTuple):
    """What was found for one rule."""

    ready: Ready
    evidence: Evidence
    score: float  # 0 unless all that is asked for is there
    why_not: str  # "" when the rule fires


class View:
    """One article as rules see it: searched once, whatever their number."""

    def __init__(self, article: Article, compiled: Compiled, day: date) -> None:
        self.article = article
        self.compiled = compiled
        self.day = day  # of publication, or else of receipt
        self.places = Places(article, compiled.scopes)
        self.found: Evidence = defaultdict(list)
        scope = self.places.scope
        for number, start, end in self._hits():
            self.found[number].append(Seen(start, end, scope(start)))

    def _hits(self) -> list[Hit]:
        try:
            return self.compiled.phrases.find(self.places.text)
        except UnicodeEncodeError:  # seldom: finding out beforehand would cost each article
            self.places.make_encodable()
            return self.compiled.phrases.find(self.places.text)

    def candidates(self) -> Iterator[tuple[Ready, Evidence]]:
        """The rules for this language that may hold, with what was found of them."""
        gathered: dict[int, Evidence] = {place: {} for place in self.compiled.always}
        for number, hits in self.found.items():
            for place, scopes in self.compiled.rules_of[number]:
                if its := [seen for seen in hits if seen.scope & scopes]:
                    gathered.setdefault(place, {})[number] = its
        for place, evidence in gathered.items():
            ready = self.compiled.rules[place]
            if not ready.rule.languages or self.article.language in ready.rule.languages:
                yield ready, evidence

    def of(self, asks: Asks) -> Evidence:
        """What was found of these, where it counts."""
        evidence: Evidence = {}
        for number in self.found.keys() & asks.keys() if asks else ():
            scopes = asks[number]
            if its := [seen for seen in self.found[number] if seen.scope & scopes]:
                evidence[number] = its
        return evidence

    def matching(self, pattern: Pattern) -> list[Seen]:
        """What a regular expression finds, as whole words."""
        text = self.places.text
        matches = (
            match.span()
            for match in islice(pattern.search.finditer(text), _MOST_MATCHES)
            if not joined(text, match.start()) and not joined(text, match.end())
        )
        seen = (Seen(start, end, self.places.scope(start)) for start, end in matches)
        return [each for each in seen if each.scope & pattern.scopes]

    @cached_property
    def sentence_ends(self) -> list[int]:
        return [found.start() for found in _SENTENCE_ENDS.finditer(self.places.text)]

    def apart(self, first: Seen, second: Seen, within: str | int) -> bool:
        """Whether two hits are too far from each other; they may overlap."""
        start, end = min(first.end, second.end), max(first.start, second.start)
        if within == "sentence":
            ends = self.sentence_ends
            return bisect_right(ends, first.start) != bisect_right(ends, second.start)
        if "\n\n" in self.places.text[start:end]:
            return True
        return words_between(self.places.text, start, end) > int(within)


def examine(view: View, ready: Ready, evidence: Evidence, scoring: Scoring) -> Finding:
    """Whether a rule holds for this article, and why not; `evidence` is what was found of it."""
    evidence, why_not = _sought(view, ready, evidence)
    if not why_not and sum(map(len, evidence.values())) < ready.rule.min_count:
        there = sum(map(len, evidence.values()))
        why_not = f"found {there} times, min_count is {ready.rule.min_count}"
    if why_not:
        return Finding(ready, evidence, 0.0, why_not)
    score = ready.rule.score or _score(evidence, ready.rule, scoring, len(view.article.text))
    threshold = ready.rule.threshold or scoring.threshold
    if score < threshold:
        return Finding(ready, evidence, score, f"score {score:.2f}, the threshold is {threshold:g}")
    return Finding(ready, evidence, round(score, 3), "")


def spans(view: View, finding: Finding, most: int) -> tuple[Span, ...]:
    """The first hits of different phrases, in reading order."""
    firsts = sorted(hits[0] for hits in finding.evidence.values())
    return tuple(view.places.span(seen.start, seen.end) for seen in firsts[:most])


def _sought(view: View, ready: Ready, evidence: Evidence) -> tuple[Evidence, str]:
    """What was found of a rule's parts, and which part does not hold."""
    rule = ready.rule
    if rule.languages and view.article.language not in rule.languages:
        return {}, f"for {', '.join(rule.languages)}, the article is {view.article.language}"
    if ready.expires and view.day > ready.expires:
        return {}, f"expired {ready.expires}"
    if ready.none and (unwanted := view.of(ready.none)):
        first = min(min(hits) for hits in unwanted.values())
        return evidence, f"“{view.places.text[first.start : first.end]}” is among its `none`"
    for group in (*ready.all, *ready.near):
        if not view.of(group):
            return evidence, f"not found: {_either(view, group)}"
    if ready.near and not (close := _close(view, ready)):
        where = "in one sentence" if rule.within == "sentence" else f"within {rule.within} words"
        return evidence, f"its `near` do not stand {where}"
    if ready.near:
        evidence = {**view.of(ready.any), **close}
        for group in ready.all:
            evidence |= view.of(group)
    return _with_patterns(view, ready, evidence) if ready.patterns or ready.any else (evidence, "")


def _with_patterns(view: View, ready: Ready, evidence: Evidence) -> tuple[Evidence, str]:
    """Last, for they cost most: `regex` counts as `any`."""
    matched = {p.number: seen for p in ready.patterns if (seen := view.matching(p))}
    # Where `any` is all that is asked for, what was found is of it.
    of_any = view.of(ready.any) if ready.all or ready.near or not evidence else evidence
    if not matched and not of_any:
        written = [p.written for p in ready.patterns]
        return evidence, f"not found: {_either(view, ready.any, written)}"
    return {**evidence, **matched}, ""


def _close(view: View, ready: Ready) -> Evidence:
    """The hits of `near` that stand together: around each hit of the first part, the others."""
    parts = [
        [(number, seen) for number, hits in view.of(group).items() for seen in hits]
        for group in ready.near
    ]
    close: dict[int, set[Seen]] = defaultdict(set)
    for number, seen in parts[0]:
        others = [
            [(n, s) for n, s in part if s != seen and not view.apart(seen, s, ready.rule.within)]
            for part in parts[1:]
        ]
        if all(others):
            for n, s in ((number, seen), *(one for part in others for one in part)):
                close[n].add(s)
    return {number: sorted(seen) for number, seen in close.items()}


def _either(view: View, asks: Asks, patterns: Sequence[str] = ()) -> str:
    said = [*(view.compiled.said[number] for number in asks), *patterns]
    named = " or ".join(f"“{each}”" for each in said[:3])
    return named + (f" or {len(said) - 3} more" if len(said) > 3 else "")


def _score(evidence: Evidence, rule: Rule, scoring: Scoring, chars: int) -> float:
    """Points against doubt: p / (p + d). A long text meets more phrases by chance, so d grows."""
    weights = rule.weights or scoring.weights
    points = 0.0
    for hits in evidence.values():
        if len(hits) == 1:
            points += _weight(weights, hits[0].scope)
            continue
        points += max(_weight(weights, seen.scope) for seen in hits)
        points += scoring.repeat * min(len(hits) - 1, scoring.max_repeats)
    doubt = scoring.doubt + scoring.doubt_per_1000_chars * chars / 1000
    return points / (points + doubt)


def _weight(weights: Weights, scope: int) -> float:
    if scope == TITLE:
        return weights.title
    if scope & LEAD:
        return weights.lead
    return weights.body if scope == BODY else weights.facts
