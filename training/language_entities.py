"""Train the recognisers of names in German, French, Spanish, Portuguese and Italian, and write them
to worker/tag/data/entities-LANGUAGE.npz.

    python -m training.language_entities --ner FOLDER --lists FOLDER --encoded FOLDER \\
        --version 2026.12 de fr es pt it

FOLDER of --ner has the files of Universal NER: Portuguese Bosque, and half of the German PUD. There
are no labelled sentences in French, Spanish and Italian: these recognisers learn from sentences
that `training.encoder_names` labelled (--encoded), and from Portuguese ones, of which they see
only what is alike in all languages. With --folds, three German models that have each not seen one
third of the labelled sentences are written as well, to measure and calibrate.
Environment: training/requirements.txt; some minutes for each language.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pycrfsuite

from training.entities import Sentence, iob2, pack
from training.language_words import LanguageWords
from worker.tag.entities.word_features import SPELLING_PREFIXES

_BLOCK = 10  # sentences that are kept back together
FOLDS = 3
_SURE = 0.45  # least probability of all labels of a sentence that the encoder labelled
_LABELLED = {"de": "de_pud_half.iob2", "pt": "pt_bosque_train.iob2.gz"}
_SHARED = "pt_bosque_train.iob2.gz"
# Of the Portuguese sentences, one in so many; languages without labelled ones learn from all.
_EVERY = {"de": 4, "fr": 1, "es": 1, "it": 1}
_COPIES = {"de": 2, "pt": 1}  # of sentences labelled by hand
_SPELLING = tuple(
    f"{place}{prefix}" for place in ("0", "-", "+", "-2", "+2") for prefix in SPELLING_PREFIXES
)
# Words that the corpora write apart, in two, and texts as one.
_JOINED = {
    "de": """in dem im|an dem am|zu dem zum|zu der zur|von dem vom|bei dem beim|in das ins|
        an das ans""",
    "pt": """de o do|de a da|de os dos|de as das|em o no|em a na|em os nos|em as nas|a o ao|
        a os aos|a a à|a as às|por o pelo|por a pela|por os pelos|por as pelas|de este deste|
        de esta desta|de esse desse|de essa dessa|de ele dele|de ela dela|em um num|em uma numa|
        em este neste|em esta nesta""",
}
Features = list[tuple[list[list[str]], list[str]]]


def as_written(sentences: Sequence[Sentence], language: str) -> Iterator[Sentence]:
    """The sentences, every second one with prepositions and articles as texts write them: "im"."""
    triples = (each.split() for each in _JOINED.get(language, "").split("|") if each.strip())
    joined = {(first, second): whole for first, second, whole in triples}
    for number, sentence in enumerate(sentences):
        yield list(_joined(sentence, joined)) if number % 2 else sentence


def _joined(sentence: Sentence, joined: dict[tuple[str, str], str]) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(sentence):
        (word, label), (after, next_label) = sentence[at], (*sentence, ("", ""))[at + 1]
        whole = joined.get((word.lower(), after))
        if whole and label == next_label == "O":
            yield (whole.capitalize() if word[0].isupper() else whole), "O"
            at += 2
        else:
            yield word, label
            at += 1


def encoded(path: Path) -> list[Sentence]:
    """The sentences that the encoder labelled, of which it was sure enough."""
    rows = map(json.loads, path.read_text("utf-8").splitlines())
    return [
        list(zip(words, labels, strict=True)) for words, labels, sure in rows if min(sure) >= _SURE
    ]


def features(words: LanguageWords, sentences: Sequence[Sentence]) -> Features:
    """The features and labels of the words of each sentence."""
    return [
        (words.sentence([word for word, _ in s], thorough=False), [label for _, label in s])
        for s in sentences
    ]


def without_spelling(examples: Features) -> Features:
    """The same without the letters of words, which say little about another language."""
    return [
        ([[name for name in word if not name.startswith(_SPELLING)] for word in sentence], labels)
        for sentence, labels in examples
    ]


def train(examples: Features, model: Path) -> "pycrfsuite.Tagger":
    """A CRF with elastic-net regularisation."""
    trainer = pycrfsuite.Trainer(verbose=False)
    for sentence, labels in examples:
        trainer.append(sentence, labels)
    trainer.select("lbfgs")
    trainer.set_params(
        {"c1": 0.12, "c2": 0.2, "max_iterations": 50, "feature.possible_transitions": True}
    )
    trainer.train(str(model))
    tagger = pycrfsuite.Tagger()
    tagger.open(str(model))
    return tagger


class LanguageTrainer:
    """Trains the recogniser of one language."""

    def __init__(self, language: str, options: argparse.Namespace, version: str) -> None:
        stored = np.load(options.encoded / f"kinds-{language}.npz")
        kinds = dict(zip(stored["words"].tolist(), stored["probs"], strict=True))
        self.words = LanguageWords(language, options.lists, kinds)
        self.version = version
        ner: Path = options.ner
        labelled = iob2(ner / _LABELLED[language]) if language in _LABELLED else []
        self.labelled = features(self.words, list(as_written(labelled, language)))
        silver = encoded(options.encoded / f"sentences-{language}.jsonl")
        self.others = features(self.words, silver)
        if language in _EVERY:
            shared = np.load(options.encoded / "kinds-pt.npz")
            kinds = dict(zip(shared["words"].tolist(), shared["probs"], strict=True))
            portuguese = LanguageWords("pt", options.lists, kinds)
            sentences = iob2(ner / _SHARED)[:: _EVERY[language]]
            self.others += without_spelling(features(portuguese, sentences))
        self.copies = _COPIES.get(language, 0)

    def write(self, out: Path, fold: int = -1) -> None:
        """Train on all labelled sentences, or on those that are not of this fold, and write."""
        seen = [s for n, s in enumerate(self.labelled) if n // _BLOCK % FOLDS != fold]
        with tempfile.TemporaryDirectory() as folder:
            tagger = train([*seen * self.copies, *self.others], Path(folder, "model"))
            arrays = pack([tagger], self.words, self.version, thorough=False)
        np.savez_compressed(out, **arrays)
        size = out.stat().st_size / 1e6
        print(f"{out}: {size:.2f} MB, {len(arrays['keys'])} features", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("languages", nargs="+")
    for name in ("--ner", "--lists", "--encoded"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--folds", type=Path, help="folder for the models of German folds")
    parser.add_argument("--out", type=Path, default=Path("worker/tag/data"))
    options = parser.parse_args()
    for language in options.languages:
        trainer = LanguageTrainer(language, options, options.version)
        trainer.write(options.out / f"entities-{language}.npz")
        if language == "de" and options.folds:
            for fold in range(FOLDS):
                trainer.write(options.folds / f"entities-de-{fold}.npz", fold)


if __name__ == "__main__":
    main()
