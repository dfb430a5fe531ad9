"""Compute how probable a topic is from what the topic model and a rule find in an article.

These are: how probable the model finds it, by how many phrases the rule finds it, and whether one
of the phrases stands in the title.

It is a logistic regression on the log odds of the model's probability, the logarithm of the number
of different phrases, and the title. Its weights were fitted on the topics that readers judged in
300 English news texts on which the model had not been trained (`training/topic_scores.py`). Without
the title the regression is worse: of the topics with a phrase in the title .97 were right there, of
the others .79. The score of the rule, the lead and the number of all matches added nothing.
"""

from math import exp, log

_INTERCEPT, _OF_MODEL, _OF_PHRASES, _OF_TITLE = -0.596, 0.385, 1.858, 2.048
_SMALLEST = 0.001
# A model gives nearly all probability to the main topic of a long text. So many different phrases
# of another topic are no accident: a text on talks about a war is on the war too.
_MANY_PHRASES = 5
_SMALLEST_WITH_MANY = 0.1


def joined_probability(of_model: float, phrases: int, *, is_prominent: bool) -> float:
    """Return how probable a topic is, if the topic model gives it the probability `of_model`, and a
    rule for it finds `phrases` different phrases in the text.

    `is_prominent` says that one of them stands in the title or, in a text without title, in its
    opening.
    """
    smallest = _SMALLEST if phrases < _MANY_PHRASES else _SMALLEST_WITH_MANY
    bounded = min(max(of_model, smallest), 1 - _SMALLEST)
    odds = (
        _INTERCEPT
        + _OF_MODEL * log(bounded / (1 - bounded))
        + _OF_PHRASES * log(max(1, phrases))
        + _OF_TITLE * is_prominent
    )
    return 1 / (1 + exp(-odds))
