"""Label sentences, and frequent words, of languages for which there are no labelled corpora.

    python -m training.encoder_names --ner FOLDER --sib FOLDER --out FOLDER

A multilingual sentence encoder is trained to label names on English and Portuguese corpora, and
then labels the training sentences of SIB-200 (sentences-LANGUAGE.jsonl), and the most frequent
words of each language, each after the word "and" (kinds-LANGUAGE.npz: the probabilities of no name,
person, organisation and place). It knows German names at F1 .73 without having seen a German
sentence. (environment: training/requirements.txt; half an hour on two cores)
"""

import argparse
import csv
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from wordfreq import top_n_list

from training.entities import Sentence, corpus, iob2, split
from training.sentence_encoder import PackedEncoder, TokenLabeller, padded

_LABELS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
_ENGLISH = ("wikigold", "ewt_dev", "pol_train", "pol_dev")
_PORTUGUESE = "other-languages/pt_bosque_train.iob2.gz"
_SENTENCES = {"de": "deu", "fr": "fra", "es": "spa", "pt": "por", "it": "ita"}
_AND = {"de": "und", "fr": "et", "es": "y", "pt": "e", "it": "e"}
# Words of a language that are labelled; more of those in which the models are measured.
_WORDS = {"de": 40_000, "pt": 40_000, "fr": 12_000, "es": 12_000, "it": 12_000}
_LAYERS, _FROZEN = 9, 3
_NAMELESS = 0.2  # share of the sentences without names that are used
_LONGEST, _LONGEST_WORD = 45, 12  # words of a sentence, pieces of a word
_BATCH, _EPOCHS, _WARM_UP = 32, 1.6, 60
_RATE, _HEAD_RATE = 1.5e-4, 2e-3
_IGNORED = -100
_RANDOM = random.Random(0)  # noqa: S311 (the order of sentences is no secret)


class Labeller:
    """The encoder with labels of names, and the pieces of words that it reads."""

    def __init__(self) -> None:
        self._packed = PackedEncoder()
        self._tokenizer = self._packed.tokenizer()
        self._model = TokenLabeller(self._packed, len(_LABELS), _LAYERS, _FROZEN)

    def _pieces(self, words: Sequence[str]) -> tuple[list[int], list[int]]:
        """The numbers of the pieces of all words, and where the first piece of each word is."""
        ids, first = [self._packed.first], []
        for word in self._tokenizer.encode_batch(list(words), add_special_tokens=False):
            first.append(len(ids))
            ids += word.ids[:_LONGEST_WORD] or [self._packed.unknown]
        return [*ids, self._packed.last], first

    def train(self, sentences: Sequence[Sentence]) -> None:
        examples = []
        for sentence in sentences:
            ids, first = self._pieces([word for word, _ in sentence])
            target = [_IGNORED] * len(ids)
            for at, (_, label) in zip(first, sentence, strict=True):
                target[at] = _LABELS.index(label)
            examples.append((ids, target))
        steps = int(_EPOCHS * len(examples) / _BATCH)
        head = list(self._model.head.parameters())
        body = [p for p in self._model.layers.parameters() if p.requires_grad]
        groups = [{"params": body, "lr": _RATE}, {"params": head, "lr": _HEAD_RATE}]
        optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
        rate = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: min(1, step / _WARM_UP) * max(0.02, 1 - step / steps)
        )
        self._model.train()
        for _, batch in zip(range(steps), _batches(examples), strict=False):
            scores = self._scores([ids for ids, _ in batch])
            target = padded([target for _, target in batch], _IGNORED)
            loss = functional.cross_entropy(
                scores.flatten(0, 1), target.flatten(), ignore_index=_IGNORED
            )
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_([*body, *head], 1.0)
            optimiser.step()
            rate.step()
        self._model.eval()

    def _scores(self, rows: Sequence[Sequence[int]]) -> torch.Tensor:
        ids = padded(rows, self._packed.padding)
        return self._model(ids, ids != self._packed.padding)

    def label(self, sentences: Sequence[Sequence[str]]) -> Iterator[np.ndarray]:
        """Yield for each sentence the probabilities of the labels: words x labels."""
        with torch.inference_mode():
            for at in range(0, len(sentences), _BATCH):
                pieces = [self._pieces(words) for words in sentences[at : at + _BATCH]]
                scores = self._scores([ids for ids, _ in pieces]).softmax(-1).numpy()
                for row, (_, first) in zip(scores, pieces, strict=True):
                    yield row[first]


def _batches(examples: list) -> Iterator[list]:
    """Batches of sentences of about the same length, in random order, again and again."""
    while True:
        examples = sorted(examples, key=lambda example: len(example[0]) + 4 * _RANDOM.random())
        batches = [examples[at : at + _BATCH] for at in range(0, len(examples), _BATCH)]
        _RANDOM.shuffle(batches)
        yield from batches


def training_sentences(ner: Path) -> list[Sentence]:
    sentences = [s for name in _ENGLISH for s in corpus(ner / f"{name}.bio.tsv")]
    sentences += iob2(ner / _PORTUGUESE)
    return [
        [(word, label if label in _LABELS else "O") for word, label in sentence[:_LONGEST]]
        for sentence in sentences
        if any(label in _LABELS[1:] for _, label in sentence) or _RANDOM.random() < _NAMELESS
    ]


def write_sentences(labeller: Labeller, path: Path, out: Path) -> None:
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    sentences = [words for row in rows for words in split(row["text"])]
    with out.open("w", encoding="utf-8") as file:
        for words, odds in zip(sentences, labeller.label(sentences), strict=True):
            labels = [_LABELS[number] for number in odds.argmax(1)]
            sure = [round(float(best), 3) for best in odds.max(1)]
            file.write(json.dumps([words, labels, sure], ensure_ascii=False) + "\n")


def write_kinds(labeller: Labeller, language: str, out: Path) -> None:
    words = [w for w in top_n_list(language, 2 * _WORDS[language]) if w.isalpha() and len(w) > 1]
    words = words[: _WORDS[language]]
    contexts = [["…", _AND[language], w[0].upper() + w[1:], "."] for w in words]
    odds = np.array([rows[2] for rows in labeller.label(contexts)])
    kinds = np.stack([odds[:, 0], *(odds[:, at] + odds[:, at + 1] for at in (1, 3, 5))], 1)
    np.savez_compressed(out, words=np.array(words), probs=kinds.astype(np.float16))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--ner", "--sib", "--out"):
        parser.add_argument(name, type=Path, required=True)
    options = parser.parse_args()
    torch.manual_seed(0)
    labeller = Labeller()
    labeller.train(training_sentences(options.ner))
    for language, code in _SENTENCES.items():
        sentences = options.out / f"sentences-{language}.jsonl"
        write_sentences(labeller, options.sib / f"{code}_Latn.tsv", sentences)
        write_kinds(labeller, language, options.out / f"kinds-{language}.npz")


if __name__ == "__main__":
    main()
