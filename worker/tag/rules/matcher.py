"""Decide which rules give an article their tag, by the places where their phrases and regular
expressions match it.

These matches are called the evidence for a rule. evaluate_rule() decides by them, and says what is
missing if a rule gives no tag. It is used for tagging, for the tests of examples in rule files, and
for the option `--explain`.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from itertools import islice
from math import floor
from typing import NamedTuple

from worker.model.plurals import several
from worker.model.records import Article, Span
from worker.tag.rules.compiled_rules import (
    CompiledPattern,
    CompiledRule,
    CompiledRules,
    PhraseScopes,
)
from worker.tag.rules.fields import JoinedFields
from worker.tag.rules.phrases import PhraseMatch, inside_word, words_between
from worker.tag.rules.rule import Scoring, Within
from worker.tag.rules.rule_score import RuleEvidence, ScopedMatch, rule_score

_MAX_REGEX_MATCHES = 50  # of one regular expression in one article
# A full stop does not end a sentence after an initial or a title, nor before a small letter or a
# digit.
_SENTENCE_ENDS = re.compile(
    r"\n|[。！？]|[!?…؟।](?=\s|$)"
    r"|(?<!\b\w)(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bMrs)\.(?=\s|$)(?!\s+[a-zß-öø-ÿа-я0-9])"
)


class RuleResult(NamedTuple):
    """Whether one rule gives an article its tag: `why_not` is "" if it does, else the reason why
    not.

    `evidence` has the places where its phrases and regular expressions match. `score`, from 0 to 1,
    says how strong they are; 0 if a condition of the rule does not hold.
    """

    rule: CompiledRule
    evidence: RuleEvidence
    score: float  # 0 while a part of the rule is missing
    why_not: str  # "" if the rule fires

    def is_in(self, scope: int) -> bool:
        """Whether a phrase of the rule stands in this part of the article, such as TITLE."""
        return any(match.scope & scope for matches in self.evidence.values() for match in matches)


class MatchContext:
    """One article, with all places where phrases of any rule match it, for deciding which rules
    give it their tag.

    The article is searched only once, when this object is made.
    """

    def __init__(self, article: Article, compiled: CompiledRules, day: date) -> None:
        """Search the article for all phrases of the rules.

        `day` is the day of publication or, if unknown, of receipt; it decides which rules are
        expired.
        """
        self.article = article
        self.compiled = compiled
        self.day = day
        self.fields = JoinedFields(article, compiled.scopes)
        self.matches: RuleEvidence = defaultdict(list)
        scope_at = self.fields.scope_at
        for number, start, end in self._phrase_matches():
            self.matches[number].append(ScopedMatch(start, end, scope_at(start)))

    def _phrase_matches(self) -> list[PhraseMatch]:
        try:
            return self.compiled.phrases.find(self.fields.text)
        except UnicodeEncodeError:  # rare: a test beforehand would cost time for each article
            self.fields.make_encodable()
            return self.compiled.phrases.find(self.fields.text)

    def candidates(self) -> Iterator[tuple[CompiledRule, RuleEvidence]]:
        """Yield the rules that may give this article their tag, each with the places where its
        phrases match.

        They are rules for the article's language. Rules that need a phrase are left out if none of
        their phrases is in the article; a rule with a regular expression may need none.
        """
        gathered: dict[int, RuleEvidence] = {index: {} for index in self.compiled.phraseless}
        for number, matches in self.matches.items():
            for index, scopes in self.compiled.rules_of[number]:
                if in_scope := [match for match in matches if match.scope & scopes]:
                    gathered.setdefault(index, {})[number] = in_scope
        for index, evidence in gathered.items():
            rule = self.compiled.rules[index]
            languages = rule.definition.languages
            if not languages or self.article.language in languages:
                yield rule, evidence

    def evidence_for(self, phrases: PhraseScopes) -> RuleEvidence:
        """Return where these phrases match the article, as a dict from a phrase's number to its
        matches.

        `phrases` maps the number of each phrase to the parts of the article (title, body …, as a
        bit mask) in which its matches count; matches in other parts are left out.
        """
        evidence: RuleEvidence = {}
        for number in self.matches.keys() & phrases.keys() if phrases else ():
            scopes = phrases[number]
            if in_scope := [match for match in self.matches[number] if match.scope & scopes]:
                evidence[number] = in_scope
        return evidence

    def pattern_matches(self, pattern: CompiledPattern) -> list[ScopedMatch]:
        """Find where a rule's regular expression matches the article, for example in its title.

        Left out are matches in parts of the article where the rule does not count them, and matches
        that begin or end inside a word.
        """
        text = self.fields.text
        spans = (
            match.span()
            for match in islice(pattern.regex.finditer(text), _MAX_REGEX_MATCHES)
            if not inside_word(text, match.start()) and not inside_word(text, match.end())
        )
        matches = (ScopedMatch(start, end, self.fields.scope_at(start)) for start, end in spans)
        return [match for match in matches if match.scope & pattern.scopes]

    @cached_property
    def sentence_ends(self) -> list[int]:
        """Where sentences of the article end: offsets in the text to which its fields are joined,
        ascending."""
        return [match.start() for match in _SENTENCE_ENDS.finditer(self.fields.text)]

    def too_far_apart(self, one: ScopedMatch, other: ScopedMatch, within: Within) -> bool:
        """Whether two matches are too far apart for a rule which demands that its phrases stand
        near each other.

        If `within` is "sentence", they must be in the same sentence. If it is a number, at most so
        many words may stand between them, and no blank line or end of a field. With both, both must
        hold.
        """
        if isinstance(within, tuple):
            return any(self.too_far_apart(one, other, part) for part in within)
        if within == "sentence":
            offsets = self.sentence_ends
            return bisect_right(offsets, one.start) != bisect_right(offsets, other.start)
        start, end = min(one.end, other.end), max(one.start, other.start)
        if "\n\n" in self.fields.text[start:end]:
            return True
        return words_between(self.fields.text, start, end) > int(within)


def evaluate_rule(
    context: MatchContext, rule: CompiledRule, evidence: RuleEvidence, scoring: Scoring
) -> RuleResult:
    """Decide whether a rule gives an article its tag, and compute its score.

    `evidence` has the matches of the rule's phrases, by the numbers of the phrases; those in the
    rule's condition `none`, which must not match, are looked for here. `scoring` has the weights
    and the threshold for a rule that sets none itself.
    """
    evidence, why_not = _check_parts(context, rule, evidence)
    definition = rule.definition
    if not why_not and (count := sum(map(len, evidence.values()))) < definition.min_count:
        why_not = f"found {several(count, 'time')}, min_count is {definition.min_count}"
    if why_not:
        return RuleResult(rule, evidence, 0.0, why_not)
    score = definition.score or rule_score(evidence, definition, scoring, len(context.article.text))
    threshold = definition.threshold or scoring.threshold
    if score < threshold:
        shown = floor(score * 100) / 100  # rounded up, it could equal the threshold
        why_not = f"score {shown:.2f}, the threshold is {threshold:g}"
        return RuleResult(rule, evidence, score, why_not)
    return RuleResult(rule, evidence, round(score, 3), "")


def evidence_spans(context: MatchContext, result: RuleResult, most: int) -> tuple[Span, ...]:
    """Return passages of an article that show why a rule gives it its tag, in reading order.

    There is one for each phrase or regular expression of the rule that matches: its first match.
    Only the first `most` of these passages are returned.
    """
    firsts = sorted(matches[0] for matches in result.evidence.values())
    return tuple(context.fields.span(match.start, match.end) for match in firsts[:most])


def _check_parts(
    context: MatchContext, rule: CompiledRule, evidence: RuleEvidence
) -> tuple[RuleEvidence, str]:
    """Check each part of a rule: languages, expiry, `none`, `all`, `near`, `any` and `regex`.

    Returns the matches that support the rule, and a sentence on the first part that fails, or "".
    """
    definition = rule.definition
    if definition.languages and context.article.language not in definition.languages:
        languages = ", ".join(definition.languages)
        return {}, f"for {languages}, the article is {context.article.language}"
    if rule.expires and context.day > rule.expires:
        return {}, f"expired {rule.expires}"
    if rule.none and (unwanted := context.evidence_for(rule.none)):
        first = min(min(matches) for matches in unwanted.values())
        return evidence, f"“{context.fields.text[first.start : first.end]}” is among its `none`"
    for group in (*rule.all, *rule.near):
        if not context.evidence_for(group):
            return evidence, f"not found: {_alternatives(context, group)}"
    if rule.near:
        near = _near_matches(context, rule)
        if not near:
            return evidence, f"its `near` do not stand {_distance(definition.within)}"
        evidence = {**context.evidence_for(rule.any), **near}
        for group in rule.all:
            evidence |= context.evidence_for(group)
    return _add_patterns(context, rule, evidence) if rule.patterns or rule.any else (evidence, "")


def _add_patterns(
    context: MatchContext, rule: CompiledRule, evidence: RuleEvidence
) -> tuple[RuleEvidence, str]:
    """Check `any` and `regex` of a rule, of which one match together is enough.

    Returns as _check_parts() does, which calls it last because regular expressions cost most.
    """
    by_pattern = {
        p.number: matches for p in rule.patterns if (matches := context.pattern_matches(p))
    }
    # In a rule without `all` and `near`, all evidence is of `any`.
    of_any = context.evidence_for(rule.any) if rule.all or rule.near or not evidence else evidence
    if not by_pattern and not of_any:
        regex = "a match of its `regex`" if rule.patterns else ""
        return evidence, f"not found: {_alternatives(context, rule.any, regex)}"
    return {**evidence, **by_pattern}, ""


def _near_matches(context: MatchContext, rule: CompiledRule) -> RuleEvidence:
    """The matches of a rule's `near` phrases that stand close to each other.

    A match of the first part of `near` counts if a match of every other part is close to it.
    """
    parts = [
        [(number, m) for number, matches in context.evidence_for(group).items() for m in matches]
        for group in rule.near
    ]
    within = rule.definition.within
    near: dict[int, set[ScopedMatch]] = defaultdict(set)
    for number, match in parts[0]:
        others = [
            [(n, m) for n, m in part if m != match and not context.too_far_apart(match, m, within)]
            for part in parts[1:]
        ]
        if all(others):
            for n, m in ((number, match), *(one for part in others for one in part)):
                near[n].add(m)
    return {number: sorted(matches) for number, matches in near.items()}


def _distance(within: Within) -> str:
    if isinstance(within, tuple):
        return " and ".join(_distance(part) for part in within)
    return "in one sentence" if within == "sentence" else f"within {several(int(within), 'word')}"


def _alternatives(context: MatchContext, phrases: PhraseScopes, other: str = "") -> str:
    """Some phrases for a message: the first three, how many more there are, and what `other` says
    could be in their place."""
    shown = [f"“{context.compiled.phrase_texts[number]}”" for number in islice(phrases, 3)]
    if len(phrases) > len(shown):
        shown.append(f"{len(phrases) - len(shown)} more")
    return " or ".join([*shown, other] if other else shown)
