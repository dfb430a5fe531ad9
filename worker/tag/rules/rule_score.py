"""Compute the score of a rule from the places where its phrases and regular expressions match an
article, called the evidence for the rule."""

from typing import NamedTuple

from worker.tag.rules.fields import BODY, LEAD, TITLE
from worker.tag.rules.rule import Rule, ScopeWeights, Scoring


class ScopedMatch(NamedTuple):
    """A place where a phrase or regular expression matches an article: the characters from `start`
    up to, but without, `end` of the text to which the article's fields are joined.

    `scope` is the part of the article (title, lead, body …) in which it begins, as a bit mask.
    """

    start: int
    end: int
    scope: int


RuleEvidence = dict[int, list[ScopedMatch]]  # by number of phrase or pattern


def rule_score(evidence: RuleEvidence, rule: Rule, scoring: Scoring, chars: int) -> float:
    """Return the score of a rule, 0 to 1, by the places where its phrases match an article, its
    `evidence`: p / (p + d) for p points and doubt d.

    Points come from the matches, by their scopes; the more often a phrase may be repeated in a text
    of so many `chars`, the more repetitions count. Doubt grows with the length of the text, since a
    long text contains more phrases by chance. A title is short in any article, so the matches in
    it count without that doubt if this gives the higher score.
    """
    weights = rule.weights or scoring.weights
    most_repeats = int(scoring.max_repeats * max(1.0, chars / 1000))
    points = in_title = 0.0
    for matches in evidence.values():
        if len(matches) == 1:
            points += _weight(weights, matches[0].scope)
        else:
            points += max(_weight(weights, match.scope) for match in matches)
            points += scoring.repeat * min(len(matches) - 1, most_repeats)
        if any(match.scope == TITLE for match in matches):
            in_title += weights.title
    doubt = scoring.doubt + scoring.doubt_per_1000_chars * chars / 1000
    return max(points / (points + doubt), in_title / (in_title + scoring.doubt))


def _weight(weights: ScopeWeights, scope: int) -> float:
    if scope == TITLE:
        return weights.title
    if scope & LEAD:
        return weights.lead
    return weights.body if scope == BODY else weights.facts
