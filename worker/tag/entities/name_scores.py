"""Compute the score of a name's tag: the probability that the tag is right.

It is a logistic regression on what found the name, its kind, how sure the trained model is, how
often the article has it, and the words in it and beside it. `training/entity_scores.py` fitted it
on labelled texts that the trained model had not seen; docs/models/entities.md says on which, and
how well it holds.
"""

from collections.abc import Mapping
from math import exp, log, log2
from typing import NamedTuple

from worker.tag.entities.gazetteer_evidence import LIKELY, SURE
from worker.tag.entities.mentions import ORGANISATION, PERSON, PLACE
from worker.tag.entities.name_cues import name_cues
from worker.tag.entities.name_ids import CodedName
from worker.tag.entities.name_model import ENGLISH, MODEL_LANGUAGES

OWN = "own"
OWN_SCORE = 0.99  # the operator says that the name means this
# The most of a place that is only named as a part of longer names. Readers of news found seven of
# eight such tags right; CrossNER labels hardly any, by its own rules.
_PART_SCORE = 0.8
_MOST_COUNTED = 8  # mentions; more make nothing surer
# Languages whose models have learned from no sentence that was labelled by hand, and what that
# takes from the weight of their odds for a single word. It hides those that are mentioned once.
_WITHOUT_LABELS = frozenset(("fr", "es", "it"))
_DOUBT = 0.25
_SURENESS = 0.02, 0.98  # the least and most that the trained model's score counts as


class NameFeatures(NamedTuple):
    """What the score of a name's tag is computed from.

    `found_by` is what found the name: "own" (the operator's list), "words" or "word" (the trained
    model alone, with several words or one), or the list of known names, the gazetteer: "several" by
    several words, "single" by one word that needs no evidence, "evidence" by words beside the name.
    To the last three "+" is added if the trained model found the name, too, "-" if it did not, and
    ":" if it did not read the text. `log_odds` says how sure the trained model is, 0 if it did not
    find the name. `doublings` is the binary logarithm of the number of mentions. `within` says that
    at least half of them are parts of longer names. `cues` are those of
    worker.tag.entities.name_cues, for names that the trained model alone found.
    """

    found_by: str
    log_odds: float
    doublings: float
    within: bool = False
    cues: frozenset[str] = frozenset()

    @property
    def group(self) -> str:
        """The key of the weights by which `log_odds` and `doublings` count for the score of this
        name. It depends on what found the name."""
        last = self.found_by[-1]
        return "listed:" if last == ":" else "listed" if last in "+-" else self.found_by


def name_features(name: CodedName, text: str, *, recognised: bool) -> NameFeatures:
    """Return what the score of a name in an article is computed from.

    `text` is the text in which its mentions stand. `recognised` says whether the trained model read
    the text. If not, it proves nothing that the model did not find the name.
    """
    own = listed = sure = 0.0
    words = False
    parts = 0
    for _, _, surface, _, score, method, found, within in name.mentions:
        parts += within
        if method == "own":
            own = score
        elif method == "gazetteer" and score > listed:
            listed = score
        if found > sure:
            sure = found
        if not words and " " in surface:
            words = True
    log_odds = doublings = 0.0
    if sure:
        sure = min(max(sure, _SURENESS[0]), _SURENESS[1])
        log_odds = log(sure / (1 - sure))
    if len(name.mentions) > 1:
        doublings = log2(min(len(name.mentions), _MOST_COUNTED))
    part = 2 * parts >= len(name.mentions)
    if own:
        return NameFeatures(OWN, log_odds, doublings, part)
    if not listed:
        if name.kind == PERSON:  # "Prince Naif" and "de Blasio" are no full names
            words = sum(not word.islower() for word in name.label.split()) > 1
        cues = name_cues(name.mentions[0], text)
        return NameFeatures("words" if words else "word", log_odds, doublings, part, cues)
    kind = "several" if listed == SURE else "single" if listed == LIKELY else "evidence"
    mark = (":", "-", "+")[recognised + (recognised and sure > 0)]
    return NameFeatures(kind + mark, log_odds, doublings, part)


def name_score(kind: str, features: NameFeatures, language: str = ENGLISH) -> float:
    """Return the probability that a name is right as the tag of an article, as a person,
    organisation or place (`kind`). `features` are the facts from which it is computed, and
    `language` is that of the article: the English model is right more often than others."""
    found_by, log_odds, doublings, within, cues = features
    if found_by == OWN:
        return _PART_SCORE if within else OWN_SCORE
    other = language in MODEL_LANGUAGES and language != ENGLISH and found_by[-1] != ":"
    intercepts, weights = (_OTHER_INTERCEPTS, _OTHER_WEIGHTS) if other else (_INTERCEPTS, _WEIGHTS)
    of_odds, of_doublings = weights[features.group]
    if language in _WITHOUT_LABELS and found_by == "word":
        of_odds -= _DOUBT
    total = intercepts[kind][found_by] + of_odds * log_odds + of_doublings * doublings
    if cues and language == ENGLISH:
        of_cues = _CUES[kind]
        total += sum([of_cues[cue] for cue in cues])
    score = round(1 / (1 + exp(-total)), 3)
    return min(score, _PART_SCORE) if within else score


def method_of(features: NameFeatures) -> str:
    """Return what found a name, as its tag says it: "own" (the operator's list), "gazetteer"
    (the list of known names), or "crf" (the trained model alone)."""
    if features.found_by == OWN:
        return OWN
    return "gazetteer" if features.found_by[-1] in "+-:" else "crf"


# Fitted by training/entity_scores.py. Log-odds by kind and what found the name.
_INTERCEPTS: Mapping[str, Mapping[str, float]] = {
    PERSON: {
        "several+": 1.33,
        "several-": 2.6,
        "several:": 3.59,
        "single+": 0.97,
        "single-": 0.58,
        "single:": 1.62,
        "evidence+": 1.16,
        "evidence-": 0.65,
        "evidence:": 0.65,
        "words": -0.04,
        "word": -2.2,  # fitted: 0.31; of 26 that readers of news saw 5 were no half name
    },
    ORGANISATION: {
        "several+": 1.06,
        "several-": 1.58,
        "several:": 1.56,
        "single+": 1.93,
        "single-": 1.08,  # fitted: 1.00; .98 of the labelled mentions of large companies are right
        "single:": 1.56,
        "evidence+": -0.58,
        "evidence-": 0.65,
        "evidence:": 0.65,
        "words": -1.5,
        "word": 1.36,
    },
    PLACE: {
        "several+": 0.85,
        "several-": 0.55,
        "several:": 1.66,
        "single+": 1.07,
        "single-": -0.13,
        "single:": 1.22,
        "evidence+": 0.16,
        "evidence-": 0.65,
        "evidence:": 0.65,
        "words": -2.07,
        "word": 0.81,
    },
}
# By group of what found it: what a unit of log-odds of the trained model weighs, and a doubling.
_WEIGHTS: Mapping[str, tuple[float, float]] = {
    "listed": (0.54, -0.06),
    "listed:": (0.0, 0.4),
    "word": (-0.1, 0.69),
    "words": (0.67, 0.3),
}
# By kind what each cue adds, in log-odds.
_CUES: Mapping[str, Mapping[str, float]] = {
    PERSON: {
        "body": -1.53,
        "hyphen": -0.42,
        "genitive": 0.97,
        "part": -0.25,
        "acts": 0.18,
        "located": 0.3,
        "quoted": -2.61,
    },
    ORGANISATION: {
        "body": 1.02,
        "hyphen": -1.07,
        "genitive": -0.99,
        "part": -1.24,
        "acts": 0.51,
        "located": -0.16,
        "quoted": -0.6,
    },
    PLACE: {
        "body": -0.11,
        "hyphen": -1.27,
        "genitive": -0.69,
        "part": -0.94,
        "acts": -0.15,
        "located": 0.99,
        "quoted": -3.73,
    },
}
# The same for the models of the other languages, which read all their texts.
_OTHER_INTERCEPTS: Mapping[str, Mapping[str, float]] = {
    PERSON: {
        "several+": 1.85,
        "several-": 1.61,
        "single+": 1.16,
        "single-": 2.17,
        "evidence+": 0.98,
        "evidence-": 0.14,
        "words": -1.11,
        "word": -1.9,
    },
    ORGANISATION: {
        "several+": 2.19,
        "several-": 1.7,
        "single+": 0.34,
        "single-": 0.79,
        "evidence+": 1.5,
        "evidence-": 0.14,
        "words": -2.19,
        "word": -2.81,
    },
    PLACE: {
        "several+": 0.67,
        "several-": 0.53,
        "single+": 0.73,
        "single-": 0.78,
        "evidence+": -0.53,
        "evidence-": 0.14,
        "words": -2.04,
        "word": -2.32,
    },
}
_OTHER_WEIGHTS: Mapping[str, tuple[float, float]] = {
    "listed": (0.34, 0.91),
    "word": (0.82, 0.47),
    "words": (0.85, 0.51),
}
