"""Compute how probable a topic is from two facts: how probable the topic model finds it, and by how
many phrases a rule finds it.

It is a logistic regression on the log odds of the model's probability and the number of different
phrases. Its weights were fitted on English texts on which the model had not been trained. The score
of the rule is not used, because it added nothing there (docs/models/topics.md).
"""

from math import exp, log

_INTERCEPT, _OF_MODEL, _OF_PHRASES = 0.582, 0.607, 0.758
_SMALLEST = 0.001
# A model gives nearly all probability to the main topic of a long text. So many different phrases
# of another topic are no accident: a text on talks about a war is on the war too.
_MANY_PHRASES = 5
_SMALLEST_WITH_MANY = 0.1


def joined_probability(of_model: float, phrases: int) -> float:
    """Return how probable a topic is, if the topic model gives it the probability `of_model`,
    and a rule for it finds `phrases` different phrases in the text."""
    smallest = _SMALLEST if phrases < _MANY_PHRASES else _SMALLEST_WITH_MANY
    bounded = min(max(of_model, smallest), 1 - _SMALLEST)
    odds = (
        _INTERCEPT + _OF_MODEL * log(bounded / (1 - bounded)) + _OF_PHRASES * log(max(1, phrases))
    )
    return 1 / (1 + exp(-odds))
