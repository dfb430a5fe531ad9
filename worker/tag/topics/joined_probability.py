"""Join what a rule and the topic model say of a topic to one probability.

It is a logistic regression with three inputs: the log odds of the model's probability, the log odds
of the rule's score, and the length of the text. Its weights were fitted on English texts that the
model of that fit had not seen (docs/models/topics.md).
"""

from math import exp, log

from worker.model.records import Article

_INTERCEPT, _OF_MODEL, _OF_RULE = 0.9, 0.6, 0.5
_SMALLEST = 0.001


def joined_probability(of_model: float, rule_score: float, article: Article) -> float:
    """How probable a topic is, to which the model gives the probability `of_model` and a rule the
    score `rule_score`."""
    odds = _INTERCEPT + _OF_MODEL * _log_odds(of_model) + _OF_RULE * _log_odds(rule_score)
    return 1 / (1 + exp(-odds))


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, _SMALLEST), 1 - _SMALLEST)
    return log(bounded / (1 - bounded))
