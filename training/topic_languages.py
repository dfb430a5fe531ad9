"""Train the topic models of German, French, Spanish, Portuguese and Italian, and write them to
worker/tag/data/topics-LANGUAGE.npz.

    python -m training.topic_languages --sib FOLDER --vectors shared-vectors.npz --version 2026.12

FOLDER has the training sentences of SIB-200, one file a language. `python -m training.shared_words`
makes the vectors. The words of each topic are in training/labels/topic-words.txt and config/rules/.
The method is described in devtools/topic_languages.py. (environment: training/requirements.txt)
"""

import argparse
import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from wordfreq import top_n_list, word_frequency

from devtools.topic_corpora import CODES, Row
from devtools.topic_languages import (
    Matrix,
    WordList,
    carried_weights,
    expanded,
    fit,
    pack,
    rarity_of,
    topic_words,
)
from devtools.topic_training import calibration_error
from worker.config.loader import load_config
from worker.tag.rules.taxonomy import Taxonomy
from worker.tag.topics.topic_model import TopicModel, shipped
from worker.tag.topics.topic_words import words

_FOLDER = Path(__file__).parent / "labels"
_LABELS = _FOLDER / "topic-words.txt"
_FILES = {"de": "deu_Latn", "fr": "fra_Latn", "es": "spa_Latn", "pt": "por_Latn", "it": "ita_Latn"}
# The topics of SIB-200 that are top-level Media Topics too. Sentences on geography are left out.
_TOPICS = {
    "science/technology": "medtop:13000000",
    "travel": "medtop:10000000",
    "politics": "medtop:11000000",
    "sports": "medtop:15000000",
    "health": "medtop:07000000",
    "entertainment": "medtop:01000000",
}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_FREQUENT_WORDS = 40_000
_TEXTS = 48_000  # as many as the English model is trained on: rarity is on the same scale
_SENTENCE_WEIGHT, _PHRASE_WEIGHT, _NOTICE_WEIGHT = 6.0, 0.6, 30.0
_ALL = tuple(range(len(CODES)))  # the topics of a text that says nothing of any
_NEARLY = 0.03  # calibration error above the best that a more doubtful temperature may have
_THRESHOLD = 0.35  # nine of ten sentences get a topic
_RAREST = 1e-8  # share of a word that the frequency lists lack


def sentences(folder: Path, language: str) -> list[Row]:
    """The labelled sentences of a language whose topic is a Media Topic."""
    with (folder / f"{_FILES[language]}.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Row(row["text"], (CODES.index(_TOPICS[row["category"]]),), _SENTENCE_WEIGHT)
        for row in rows
        if row["category"] in _TOPICS
    ]


def phrases(taxonomy: Taxonomy, language: str) -> Iterator[Row]:
    """The labels and phrases of the taxonomy in a language, each as a row of its broadest topic."""
    for topic in taxonomy.topics:
        top = next((c for c in (topic.code, *taxonomy.ancestors(topic.code)) if c in CODES), "")
        if not top:
            continue
        found = [topic.labels.get(language, "")]
        for rule in topic.rules:
            found += rule.any if language in rule.languages else ()
        for phrase in filter(None, found):
            yield Row(phrase.strip("*").split(":")[-1], (CODES.index(top),), _PHRASE_WEIGHT)


def notices(language: str) -> list[Row]:
    """Texts that are no news, each as a row of all topics alike."""
    lines = (_FOLDER / "no-topic.txt").read_text("utf-8").splitlines()
    texts = (line.split(" ", 1) for line in lines)
    return [Row(text, _ALL, _NOTICE_WEIGHT) for code, text in texts if code == language]


def vocabulary(language: str, rows: Sequence[Row]) -> WordList:
    """The most frequent words of a language and all words of the rows."""
    frequent = [w for w in top_n_list(language, _FREQUENT_WORDS) if len(w) > 1]
    listed = [word for word in frequent if _WORD.fullmatch(word)]
    listed += sorted({w for row in rows for w in words(row.text)} - set(listed))
    shares = [word_frequency(word, language) or _RAREST for word in listed]
    return WordList(listed, np.array(shares))


def predicted(model: TopicModel, rows: Sequence[Row]) -> Matrix:
    """The probabilities that a model gives: texts x topics."""
    return np.stack([model.probabilities(words(row.text)) for row in rows])


class Trainer:
    """Trains the model of one language."""

    def __init__(self, language: str, taxonomy: Taxonomy, folder: Path, vectors: Path) -> None:
        self.language = language
        self.sentences = sentences(folder, language)
        self.phrases = list(phrases(taxonomy, language))
        self.table = vocabulary(language, [*self.sentences, *self.phrases])
        self.listed = expanded(topic_words(_LABELS, language), self.table.words)
        self.rarity = rarity_of(self.table.shares, _TEXTS)
        self.phrases += notices(language)
        stored = np.load(vectors)
        known = dict(zip(map(str, stored["words"]), stored["vectors"], strict=True))
        own = {
            word
            for word, share in zip(*self.table, strict=True)
            if word in known and share > word_frequency(word, "en")
        }
        self.before = carried_weights(shipped(), known, self.table.words, own)

    def trained(self, rows: Sequence[Row], version: str, heat: float = 1.0) -> TopicModel:
        """Train on these sentences and on all words and phrases."""
        weights, bias = fit(
            [*rows, *self.listed, *self.phrases], self.table, self.rarity, self.before
        )
        self.arrays = pack(
            self.language,
            version,
            self.table,
            self.rarity,
            weights,
            bias,
            heat=heat,
            threshold=_THRESHOLD,
        )
        return TopicModel(self.arrays)

    def temperature(self) -> tuple[float, float]:
        """The temperature for a good calibration error on a quarter of the sentences, for a model
        of the rest, and the share of them whose likeliest topic is right.

        Of temperatures that are nearly as good as the best the highest is taken, because news is
        less like the sentences than these are like each other.
        """
        apart = self.sentences[::4]
        kept = [row for n, row in enumerate(self.sentences) if n % 4]
        odds = predicted(self.trained(kept, "trial"), apart)
        trust = odds.sum(1, keepdims=True)
        logs = np.log(odds / trust + 1e-12)
        right = np.mean([t == row.classes[0] for t, row in zip(odds.argmax(1), apart, strict=True)])
        errors = {}
        for heat in np.arange(0.4, 1.2, 0.05):
            powers = np.exp(logs / heat)
            scaled = powers / powers.sum(1, keepdims=True) * trust
            errors[float(heat)] = calibration_error(scaled, apart)
        best = min(errors.values())
        return max(h for h, error in errors.items() if error <= best + _NEARLY), float(right)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sib", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--out", type=Path, default=Path("worker/tag/data"))
    options = parser.parse_args()
    taxonomy = load_config().tagging.taxonomy
    for language in _FILES:
        trainer = Trainer(language, taxonomy, options.sib, options.vectors)
        heat, right = trainer.temperature()
        trainer.trained(trainer.sentences, options.version, heat)
        path = options.out / f"topics-{language}.npz"
        np.savez_compressed(path, **trainer.arrays)
        size = path.stat().st_size / 1e6
        print(
            f"{path}: {size:.2f} MB, temperature {heat:.2f}, held-out sentences right {right:.3f}"
        )


if __name__ == "__main__":
    main()
