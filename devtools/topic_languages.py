"""Train topic models for languages that have few labelled texts. (extra: bench, for scipy)

The weight of a word has three sources: the lists of words of each topic that were written for this
project, labelled sentences, and the English model, whose weights are carried over by word vectors
that are the same for all languages.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from devtools.topic_corpora import CLASSES, CODES, Row
from worker.tag.topics.topic_model import TopicModel, keys_of, weigh
from worker.tag.topics.topic_words import words

_STEPS = 60  # of L-BFGS
_RIDGE = 0.3
_CARRIED_RIDGE = 30.0  # ridge penalty of the map from word vectors to weights of the English model
_CARRIED = 0.6  # how much of the weights that the map predicts a word has before training
_WORDS_OF_TEXT = 60  # an ordinary sentence or two: for the share of texts that have a word
_DOUBT, _GROWTH = 0.06, 0.24  # as in the English model
_SMALLEST = 0.02  # share of the greatest weight; words whose weights are all smaller are left out

Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]


class WordList(NamedTuple):
    """The most frequent words of a language, with the share of all words that each has."""

    words: list[str]
    shares: NDArray[np.float64]


def topic_words(path: Path, language: str) -> list[tuple[str, int]]:
    """The words of each topic in the list for this language, with the number of the topic.

    A word with a star at its end stands for all words that begin with it.
    """
    pairs = []
    for line in path.read_text("utf-8").splitlines():
        number, code, *listed = line.split()
        if code == language:
            pairs += [(word, int(number) - 1) for word in listed]
    return pairs


def expanded(pairs: Sequence[tuple[str, int]], vocabulary: Sequence[str]) -> list[Row]:
    """A row for each word of a vocabulary that the list has, with all its topics."""
    exact: dict[str, set[int]] = {}
    stems: dict[str, set[int]] = {}
    for word, topic in pairs:
        table = stems if word.endswith("*") else exact
        table.setdefault(word.rstrip("*"), set()).add(topic)
    rows = []
    for word in vocabulary:
        prefixes = [word[:end] for end in range(len(word), 1, -1) if word[:end] in stems]
        topics = exact.get(word) or (stems[prefixes[0]] if prefixes else set())
        if topics:
            rows.append(Row(word, tuple(sorted(topics)), 1.0))
    return rows


def rarity_of(shares: NDArray[np.float64], texts: int) -> Vector:
    """Smoothed inverse document frequency, as in `texts` short texts, from the shares of words."""
    found = texts * (1 - np.exp(-_WORDS_OF_TEXT * shares))
    return (np.log((texts + 1) / (found + 1)) + 1).astype(np.float32)


def carried_weights(
    english: TopicModel, vectors: Mapping[str, Vector], language_words: Sequence[str], own: set[str]
) -> Matrix:
    """Predict the weights of words from their vectors, by a map that is fitted to the weights of
    the English model.

    `own` are the words with vectors that belong to the language; vectors are centred by language.
    """
    sources = [word for word in vectors if english.row_of(word) >= 0 and word not in own]
    rows = np.array([english.row_of(word) for word in sources])
    x = np.stack([vectors[word] for word in sources]).astype(np.float32)
    y = english.weights_of(rows)
    spread = y.std()
    x -= x.mean(0)
    map_ = np.linalg.solve(x.T @ x * 100 + _CARRIED_RIDGE * np.eye(x.shape[1]), x.T @ y * 100)
    known = [n for n, word in enumerate(language_words) if word in vectors]
    z = np.stack([vectors[language_words[n]] for n in known]).astype(np.float32)
    predicted = (z - z.mean(0)) @ map_
    result = np.zeros((len(language_words), len(CLASSES)), np.float32)
    result[known] = predicted / max(1e-9, float(predicted.std())) * spread * _CARRIED
    return result


def fit(
    rows: Sequence[Row], table: WordList, rarity: Vector, before: Matrix
) -> tuple[Matrix, Vector]:
    """Fit the weights of words and the bias of topics, starting from the weights `before`."""
    keys = keys_of(table.words)
    order = np.argsort(keys)
    ordered = keys[order]
    texts = []
    for row in rows:
        wanted = keys_of(words(row.text))
        at = np.minimum(ordered.searchsorted(wanted), len(ordered) - 1)
        texts.append(weigh(order[at[ordered[at] == wanted]], rarity))
    offsets = np.cumsum([0, *(len(r) for r, _ in texts)])
    x = csr_matrix(
        (np.concatenate([w for _, w in texts]), np.concatenate([r for r, _ in texts]), offsets),
        (len(texts), len(table.words)),
    )
    targets = np.stack([_target(row.classes) for row in rows])
    row_weights = np.array([row.weight for row in rows], np.float32)
    offset = x @ before
    shape = (len(table.words) + 1, len(CLASSES))

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        free = values.reshape(shape).astype(np.float32)
        odds = _softmax(offset + x @ free[:-1] + free[-1])
        entropy = -(row_weights * (np.log(odds + 1e-30) * targets).sum(1)).sum()
        ridge = _RIDGE * (free[:-1] ** 2).sum() / 2 + 5 * (free[-1] ** 2).sum()
        error = (odds - targets) * row_weights[:, None]
        gradient = np.concatenate(
            [x.T @ error + _RIDGE * free[:-1], error.sum(0)[None] + 10 * free[-1:]]
        )
        total = row_weights.sum()
        return float(entropy + ridge) / total, gradient.ravel().astype(np.float64) / total

    start = np.zeros(shape).ravel()
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    free = found.x.reshape(shape).astype(np.float32)
    return before + free[:-1], free[-1]


def _target(classes: Sequence[int]) -> Vector:
    target = np.zeros(len(CLASSES), np.float32)
    target[list(classes)] = 1 / len(classes)
    return target


def _softmax(scores: Matrix) -> Matrix:
    raised = np.exp(scores - scores.max(-1, keepdims=True))
    result: Matrix = raised / raised.sum(-1, keepdims=True)
    return result


def pack(
    language: str,
    version: str,
    table: WordList,
    rarity: Vector,
    weights: Matrix,
    bias: Vector,
    heat: float,
    threshold: float,
) -> dict[str, NDArray[Any]]:
    """The arrays of a model file; words with small weights only are left out."""
    weights = weights - weights.mean(1, keepdims=True)
    great = np.abs(weights).max(1)
    kept = np.flatnonzero(great > _SMALLEST * great.max())
    keys = keys_of([table.words[n] for n in kept])
    keys, first = np.unique(keys, return_index=True)
    kept = kept[first]
    scaled = weights[kept] / heat
    scales = np.abs(scaled).max(0) / 127
    return {
        "version": np.array(version),
        "languages": np.array([language]),
        "codes": np.array(CODES),
        "labels": np.array(CLASSES),
        "thresholds": np.full(len(CLASSES), threshold),
        "keys": keys,
        "rarity": rarity[kept].astype(np.float16),
        "weights": np.round(scaled / scales).astype(np.int8),
        "scales": scales.astype(np.float32),
        "bias": (bias / heat).astype(np.float32),
        "doubt": np.array(_DOUBT),
        "growth": np.array(_GROWTH),
    }
