"""Join what a rule and the topic model say of a topic to one probability.

It is a logistic regression on the log odds of the model's probability and the number of different
phrases by which the rule matches. Its weights were fitted on English texts that the model of that
fit had not seen; the score of the rule itself added nothing there (docs/models/topics.md).
"""

from math import exp, log

_INTERCEPT, _OF_MODEL, _OF_PHRASES = 0.582, 0.607, 0.758
_SMALLEST = 0.001
# A model gives nearly all probability to the main topic of a long text. So many different phrases
# of another topic are no accident: a text on talks about a war is on the war too.
_MANY_PHRASES = 5
_SMALLEST_WITH_MANY = 0.1


def joined_probability(of_model: float, phrases: int) -> float:
    """How probable a topic is, to which the model gives the probability `of_model`, and of which a
    rule finds so many different phrases in the text."""
    smallest = _SMALLEST if phrases < _MANY_PHRASES else _SMALLEST_WITH_MANY
    bounded = min(max(of_model, smallest), 1 - _SMALLEST)
    odds = (
        _INTERCEPT + _OF_MODEL * log(bounded / (1 - bounded)) + _OF_PHRASES * log(max(1, phrases))
    )
    return 1 / (1 + exp(-odds))
