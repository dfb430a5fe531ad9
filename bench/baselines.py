"""Simple baselines that tagging is compared with."""

import re
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from devtools.topic_corpora import CLASSES, Row

Matrix = NDArray[np.float64]


class TfidfLinear:
    """The usual baseline: TF-IDF of 50,000 unigrams and bigrams, and logistic regression.

    Training stops after 60 steps. Converged, it gains .003 in the split by time and loses .04 on
    HuffPost.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.words = TfidfVectorizer(max_features=50_000, ngram_range=(1, 2), sublinear_tf=True)
        self.model = LogisticRegression(C=8, max_iter=60)
        texts = self.words.fit_transform([row.text for row in rows])
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
            self.model.fit(
                texts,
                [row.classes[0] for row in rows],
                sample_weight=[row.weight for row in rows],  # as the topic model is trained
            )

    def probabilities(self, texts: Sequence[str]) -> Matrix:
        odds = np.zeros((len(texts), len(CLASSES)))
        odds[:, self.model.classes_] = self.model.predict_proba(self.words.transform(texts))
        return odds


class NameLexicon:
    """Score a class by the words of a text that are in IPTC's name and definition of the class."""

    def __init__(self, definitions: Sequence[Row]) -> None:
        self.weights: dict[str, NDArray[np.float64]] = {}
        for row in definitions:
            for word in set(self._words(row.text)):
                self.weights.setdefault(word, np.zeros(len(CLASSES)))[row.classes[0]] += 1
        for weight in self.weights.values():
            weight /= weight.sum() ** 1.5  # a word of many classes says little

    def probabilities(self, texts: Sequence[str]) -> Matrix:
        return np.stack([self._odds(text) for text in texts])

    def _odds(self, text: str) -> NDArray[np.float64]:
        word_weights = [self.weights[w] for w in self._words(text) if w in self.weights]
        points = np.sum(word_weights, axis=0) + 1e-3 if word_weights else np.ones(len(CLASSES))
        odds: NDArray[np.float64] = points / points.sum()
        return odds

    @staticmethod
    def _words(text: str) -> list[str]:
        return [w for w in re.findall(r"[a-z]+", text.lower()) if len(w) > 3]


def plain_features(words: Sequence[str]) -> list[list[str]]:
    """The features of the textbook CRF: form, ending and case of a word and both its neighbours."""

    def features_of(word: str, prefix: str) -> list[str]:
        case = f"{word.istitle()}{word.isupper()}{word.isdigit()}"
        return [f"{prefix}w={word.lower()}", f"{prefix}3={word[-3:]}", f"{prefix}case={case}"]

    seen = []
    for at, word in enumerate(words):
        features = [*features_of(word, ""), "2=" + word[-2:]]
        features += features_of(words[at - 1], "-") if at else ["first"]
        features += features_of(words[at + 1], "+") if at + 1 < len(words) else ["last"]
        seen.append(features)
    return seen


_NAME = re.compile(r"[A-Z][\w.'-]*(?: (?:of|the|de|van|al|and) [A-Z][\w.'-]*| [A-Z][\w.'-]*)*")
_ORGANISATION = re.compile(
    r"\b(?:Party|Bank|University|Ministry|Agency|Council|Committee|Court|Army|Corp|Inc|Ltd|Group"
    r"|Company|Association|Union|League|Club|FC|Institute|Congress|Senate|Parliament)\b|^[A-Z]{2,6}$"
)


def heuristics(text: str, place_names: frozenset[str]) -> set[tuple[int, int, str]]:
    """Recognise capitalised names: places by a list, organisations by their words, and other names
    of two or three words as persons."""
    entities = set()
    for match in _NAME.finditer(text):
        name = match[0]
        if name in place_names:
            kind = "LOC"
        elif _ORGANISATION.search(name):
            kind = "ORG"
        elif name.count(" ") in (1, 2):
            kind = "PER"
        else:
            continue
        entities.add((match.start(), match.end(), kind))
    return entities
