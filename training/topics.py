"""Train the topic model: corpora and word vectors come in, worker/tag/data/topics.npz goes out.

    python -m training.topics --current-events FILE --huffpost FILE --wcxb FOLDER --iptc FILE \\
        --vectors vectors.npz --version 2026.11

Multinomial logistic regression over single words, whose weights are W + s E M: W is free, E M is
what the word's vector says. So a word that training never saw has a weight as well. Numpy alone.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.corpora import (
    CLASSES,
    CODES,
    Row,
    compositions,
    definitions,
    pages,
    phrases,
    sentences,
)
from worker.tag.topic_model import TopicModel, keys_of, weigh, words

_LENGTHS = (120, 400)  # words: an opening and a whole article; a text is seen as either
_DIMENSIONS = 128
_EPOCHS = 5
_BATCH = 64
_TARGET = 0.7  # precision that a class's threshold must reach on held-out texts
_LOWEST, _HIGHEST = 0.25, 0.9  # of a threshold

Vector = NDArray[np.float32]


class Words(NamedTuple):
    """The vocabulary: its keys ascending, and the vectors in their order."""

    keys: NDArray[np.uint32]
    vectors: Vector


def load_words(path: Path) -> Words:
    """Vectors centred, turned so that the first dimensions say most, cut, of length one."""
    stored = np.load(path)
    keys = keys_of([str(w) for w in stored["words"]])
    keys, first = np.unique(keys, return_index=True)
    vectors = stored["vectors"][first].astype(np.float32)
    vectors -= vectors.mean(0)
    axes = np.linalg.svd(vectors.T @ vectors)[0][:, :_DIMENSIONS]
    turned = vectors @ axes
    return Words(keys, turned / (np.linalg.norm(turned, axis=1, keepdims=True) + 1e-9))


def rows_of(text: str, vocabulary: Words) -> NDArray[np.int64]:
    """The row of each word of a text that the vocabulary has."""
    keys = keys_of(words(text)[: max(_LENGTHS)])
    at = np.minimum(np.searchsorted(vocabulary.keys, keys), len(vocabulary.keys) - 1)
    return at[vocabulary.keys[at] == keys]


def rarity(texts: Sequence[NDArray[np.int64]], size: int) -> Vector:
    """Smoothed inverse document frequency; a word no text has is less rare than the rarest."""
    counts = np.zeros(size)
    for rows in texts:
        counts[np.unique(rows)] += 1
    its = np.log((len(texts) + 1) / (counts + 1)) + 1
    return np.where(counts, its, its.max() * 0.7).astype(np.float32)


class Trained(NamedTuple):
    """A model before it is packed."""

    rarity: Vector
    weights: Vector
    bias: Vector


def fit(rows: Sequence[Row], vocabulary: Words, seed: int = 0) -> Trained:
    """AdaGrad over batches; a text is seen as its opening or whole, by chance."""
    rng = np.random.default_rng(seed)
    texts = [rows_of(row.text, vocabulary) for row in rows]
    rare = rarity(
        [t for t, row in zip(texts, rows, strict=True) if row.weight >= 1], len(vocabulary.keys)
    )
    seen = [[weigh(text[:most], rare) for text in texts] for most in _LENGTHS]
    targets = np.stack([_target(row.classes) for row in rows])
    stress = np.array([row.weight for row in rows], np.float32)
    size, classes = len(vocabulary.keys), len(CLASSES)
    free, free_sum = np.zeros((size, classes), np.float32), np.full((size, 1), 1e-3, np.float32)
    told, told_sum = (
        np.zeros((_DIMENSIONS, classes), np.float32),
        np.full((_DIMENSIONS, classes), 1e-2, np.float32),
    )
    bias = np.zeros(classes, np.float32)
    for _ in range(_EPOCHS):
        order = rng.permutation(len(rows))
        for at in range(0, len(order), _BATCH):
            batch = order[at : at + _BATCH]
            chosen = seen[0] if rng.random() < 0.6 else seen[1]
            columns, values = _dense([chosen[n] for n in batch])
            dense = values @ vocabulary.vectors[columns]
            scores = values @ free[columns] * 2 + dense @ told + bias
            error = (_softmax(scores) - targets[batch]) * stress[batch][:, None] / 8
            slope = values.T @ error * 2 + 1e-3 * free[columns]
            free_sum[columns] += (slope**2).mean(1, keepdims=True)
            free[columns] -= 0.15 * slope / np.sqrt(free_sum[columns])
            slope = dense.T @ error
            told_sum += slope**2
            told -= 0.15 * slope / np.sqrt(told_sum)
            bias -= 0.01 * error.sum(0)
    return Trained(rare, 2 * free + vocabulary.vectors @ told, bias)


def _target(classes: Sequence[int]) -> Vector:
    """Seven tenths for the main class, the rest for the others."""
    target = np.zeros(len(CLASSES), np.float32)
    target[list(classes)] = 0.3 / max(1, len(classes) - 1)
    target[classes[0]] = 0.7 if len(classes) > 1 else 1
    return target


def _dense(texts: Sequence[tuple[NDArray[np.int64], Vector]]) -> tuple[NDArray[np.int64], Vector]:
    """The columns a batch has, and its matrix over these."""
    columns, place = np.unique(np.concatenate([rows for rows, _ in texts]), return_inverse=True)
    matrix = np.zeros((len(texts), len(columns)), np.float32)
    at = np.repeat(np.arange(len(texts)), [len(rows) for rows, _ in texts])
    matrix[at, place] = np.concatenate([weights for _, weights in texts])
    return columns, matrix


def _softmax(scores: Vector) -> Vector:
    raised = np.exp(scores - scores.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def temperature(model: TopicModel, rows: Sequence[Row]) -> float:
    """What to divide scores by, so that probabilities are as often right as they say."""
    logs = np.log(np.stack([model.probabilities(words(r.text)) for r in rows]) + 1e-12)
    right = np.array([row.classes[0] for row in rows])
    losses = {
        t: -np.log(_softmax(logs / t)[np.arange(len(rows)), right]).mean()
        for t in np.arange(0.6, 2.0, 0.05)
    }
    return float(min(losses, key=losses.__getitem__))


def thresholds(model: TopicModel, rows: Sequence[Row]) -> Vector:
    """By class, the lowest probability from which tags are right often enough."""
    odds = np.stack([model.probabilities(words(row.text)) for row in rows])
    said = np.stack([[n in row.classes for n in range(len(CLASSES))] for row in rows])
    chosen = np.full(len(CLASSES), _HIGHEST, np.float32)
    for number in range(len(CLASSES)):
        for lowest in np.arange(_LOWEST, _HIGHEST, 0.05):
            tagged = odds[:, number] >= lowest
            if tagged.sum() >= 5 and said[tagged, number].mean() >= _TARGET:
                chosen[number] = lowest
                break
    return chosen


def pack(
    trained: Trained,
    vocabulary: Words,
    version: str,
    heat: float = 1.0,
    limits: Vector | None = None,
) -> dict[str, NDArray[Any]]:
    """The arrays of a model file: weights as bytes with a scale per class."""
    weights = trained.weights / heat
    scales = np.abs(weights).max(0) / 127
    return {
        "version": np.array(version),
        "languages": np.array(["en"]),
        "codes": np.array(CODES),
        "labels": np.array(CLASSES),
        "thresholds": np.full(len(CLASSES), 0.5) if limits is None else limits,
        "keys": vocabulary.keys,
        "rarity": trained.rarity.astype(np.float16),
        "weights": np.round(weights / scales).astype(np.int8),
        "scales": scales.astype(np.float32),
        "bias": (trained.bias / heat).astype(np.float32),
    }


def held_out(rows: Sequence[Row], each: int = 10) -> tuple[list[Row], list[Row]]:
    """Every tenth row apart, to set temperature and thresholds by."""
    kept = [row for n, row in enumerate(rows) if n % each]
    return kept, list(rows[::each])


class Calibrated(NamedTuple):
    """A model that a tenth was held back from, and what that tenth set."""

    arrays: dict[str, NDArray[Any]]
    heat: float


def calibrated(
    real: Sequence[Row], extra: Sequence[Row], vocabulary: Words, version: str
) -> Calibrated:
    """Train on nine tenths; the last sets how sure the model may be, and where tags begin."""
    kept, apart = held_out(real)
    trained = fit([*kept, *extra], vocabulary)
    heat = temperature(TopicModel(pack(trained, vocabulary, version)), apart)
    arrays = pack(trained, vocabulary, version, heat)
    return Calibrated({**arrays, "thresholds": thresholds(TopicModel(arrays), apart)}, heat)


def build(
    real: Sequence[Row], extra: Sequence[Row], vocabulary: Words, version: str
) -> dict[str, NDArray[Any]]:
    """Calibrate on a tenth with a model of the rest, then train on all."""
    trial = calibrated(real, extra, vocabulary, version)
    every = fit([*real, *extra], vocabulary)
    return pack(every, vocabulary, version, trial.heat, trial.arrays["thresholds"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("current-events", "huffpost", "wcxb", "iptc", "vectors"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--out", type=Path, default=Path("worker/tag/data/topics.npz"))
    options = parser.parse_args()
    news = sentences(options.current_events)
    real = [*news, *sentences(options.huffpost), *pages(options.wcxb)]
    extra = [*definitions(options.iptc), *phrases(), *compositions(news, 5000)]
    arrays = build(real, extra, load_words(options.vectors), options.version)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(options.out, **arrays)
    print(
        f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB, thresholds",
        dict(zip(CODES, arrays["thresholds"].round(2).tolist(), strict=True)),
    )


if __name__ == "__main__":
    main()
