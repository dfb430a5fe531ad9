"""Train and calibrate the topic model on labelled rows of text. (extra: bench, for scipy)

The model is a multinomial logistic regression over single words. Its weights are W + E M: W holds a
free weight for each word, and E M is computed from the vector of the word. So a word that no
training text contains has a weight as well. A class that is rare in the real texts still gets a
hundredth of the total weight, from its definitions and phrases.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from devtools.topic_corpora import CLASSES, CODES, Row
from worker.tag.topics.topic_model import TopicModel, keys_of, weigh
from worker.tag.topics.topic_words import words

_DIMENSIONS = 256
_STEPS = 100  # of L-BFGS; while it has made fewer, HuffPost swings by .02 from ten to ten
_FREE_RIDGE, _EMBEDDING_RIDGE = 1.0, 12.0  # ridge penalty of the two kinds of weights
_FLOOR = 0.01  # minimum share of the total weight for each class
_DOUBT = 0.06  # probability of no class for a headline: publishers differ. Tuned on HuffPost
_LOWEST, _HIGHEST, _STEP = 0.5, 0.9, 0.05  # thresholds that are tried: more likely than not
_FEWEST = 5  # held-out texts of a class that one is set by
_GROWTH = 0.24  # with the number of words, as a power: scores gain, doubt loses. Set with _NEARLY
_NEARLY = 0.02  # calibration error above the best that a more doubtful temperature may have. Both
# set on later news, HuffPost, and full articles in three folds, by models that saw none of them

Vector = NDArray[np.float32]
Matrix = NDArray[np.float64] | Vector


class WordVectors(NamedTuple):
    """The vocabulary: ascending keys of its words, and their vectors in the same order."""

    keys: NDArray[np.uint32]
    vectors: Vector


def load_words(path: Path) -> WordVectors:
    """Load vectors, centre them, reduce them to their principal components, and normalise them."""
    stored = np.load(path)
    keys = keys_of([str(w) for w in stored["words"]])
    keys, first = np.unique(keys, return_index=True)
    vectors = stored["vectors"][first].astype(np.float32)
    vectors -= vectors.mean(0)
    axes = np.linalg.svd(vectors.T @ vectors)[0][:, :_DIMENSIONS]
    turned = vectors @ axes
    return WordVectors(keys, turned / (np.linalg.norm(turned, axis=1, keepdims=True) + 1e-9))


def rows_of(text: str, vocabulary: WordVectors) -> NDArray[np.int64]:
    """Rows of the words of a text that are in the vocabulary."""
    keys = keys_of(words(text))
    at = np.minimum(np.searchsorted(vocabulary.keys, keys), len(vocabulary.keys) - 1)
    return at[vocabulary.keys[at] == keys]


def rarity(texts: Sequence[NDArray[np.int64]], size: int) -> Vector:
    """Smoothed inverse document frequency; 0.7 of the maximum for words that no text contains."""
    counts = np.zeros(size)
    for rows in texts:
        counts[np.unique(rows)] += 1
    frequency = np.log((len(texts) + 1) / (counts + 1)) + 1
    return np.where(counts, frequency, frequency.max() * 0.7).astype(np.float32)


class Trained(NamedTuple):
    """The parameters of a model before they are packed."""

    rarity: Vector
    weights: Vector
    bias: Vector


def fit(real: Sequence[Row], extra: Sequence[Row], vocabulary: WordVectors) -> Trained:
    """Fit with L-BFGS from zero, so that each run gives the same model."""
    rows = [*real, *floored(real, extra)]
    texts = [rows_of(row.text, vocabulary) for row in rows]
    rare = rarity(texts[: len(real)], len(vocabulary.keys))
    seen = _matrix([weigh(text, rare) for text in texts], len(vocabulary.keys))
    loss = _Loss(
        words=seen,
        embeddings=seen @ vocabulary.vectors,
        targets=np.stack([_target(row.classes) for row in rows]),
        row_weights=np.array([row.weight for row in rows], np.float32),
    )
    start = np.zeros(loss.shape).ravel()
    result = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    free, embedding, bias = loss.parts(result.x)
    return Trained(rare, free + vocabulary.vectors @ embedding, bias)


def floored(real: Sequence[Row], extra: Sequence[Row]) -> list[Row]:
    """The extra rows, with higher weights for classes that are rare in the real rows."""
    has, adds = (
        np.bincount([r.classes[0] for r in rows], [r.weight for r in rows], len(CLASSES))
        for rows in (real, extra)
    )
    times = np.maximum(1, (_FLOOR * has.sum() - has) / np.maximum(adds, 1e-9))
    return [row._replace(weight=row.weight * times[row.classes[0]]) for row in extra]


class _Loss(NamedTuple):
    """Cross entropy plus ridge penalty, with its gradient."""

    words: csr_matrix  # texts x words
    embeddings: Vector  # texts x dimensions: sums of the vectors of their words
    targets: Vector  # texts x classes
    row_weights: Vector

    @property
    def shape(self) -> tuple[int, int]:
        return self.words.shape[1] + self.embeddings.shape[1] + 1, self.targets.shape[1]

    def parts(self, values: NDArray[np.float64]) -> tuple[Vector, Vector, Vector]:
        """Split the parameters into free weights, weights of dimensions, and bias."""
        rows = values.reshape(self.shape).astype(np.float32)
        return rows[: self.words.shape[1]], rows[self.words.shape[1] : -1], rows[-1]

    def __call__(self, values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        free, embedding, bias = self.parts(values)
        odds = _softmax(self.words @ free + self.embeddings @ embedding + bias)
        cross_entropy = -(self.row_weights * (np.log(odds + 1e-30) * self.targets).sum(1)).sum()
        ridge = (_FREE_RIDGE * (free**2).sum() + _EMBEDDING_RIDGE * (embedding**2).sum()) / 2
        error = (odds - self.targets) * self.row_weights[:, None]
        gradient = (
            self.words.T @ error + _FREE_RIDGE * free,
            self.embeddings.T @ error + _EMBEDDING_RIDGE * embedding,
        )
        total = self.row_weights.sum()
        flat = np.concatenate([*gradient, error.sum(0)[None]]).ravel().astype(np.float64)
        return float(cross_entropy + ridge) / total, flat / total


def _target(classes: Sequence[int]) -> Vector:
    """The target distribution of a row: 0.7 for the main class, the rest for the others."""
    target = np.zeros(len(CLASSES), np.float32)
    target[list(classes)] = 0.3 / max(1, len(classes) - 1)
    target[classes[0]] = 0.7 if len(classes) > 1 else 1
    return target


def _matrix(texts: Sequence[tuple[NDArray[np.int64], Vector]], size: int) -> csr_matrix:
    offsets = np.cumsum([0, *(len(rows) for rows, _ in texts)])
    columns = np.concatenate([rows for rows, _ in texts])
    weights = np.concatenate([weights for _, weights in texts])
    return csr_matrix((weights, columns, offsets), (len(texts), size))


def _softmax(scores: Vector) -> Vector:
    raised = np.exp(scores - scores.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def calibration_error(odds: Matrix, rows: Sequence[Row]) -> float:
    """Expected calibration error of the likeliest class, in ten bins."""
    sure = odds.max(1)
    right = np.array([t in row.classes for t, row in zip(odds.argmax(1), rows, strict=True)])
    bins = np.minimum((sure * 10).astype(int), 9)
    apart = [abs((right - sure)[bins == n].sum()) for n in np.unique(bins)]
    return float(sum(apart) / len(rows))


def predicted(model: TopicModel, rows: Sequence[Row]) -> Vector:
    """The probabilities of a model: texts x classes."""
    return np.stack([model.probabilities(words(row.text)) for row in rows])


def temperature(model: TopicModel, rows: Sequence[Row]) -> float:
    """The temperature that scores are divided by for the best calibration error.

    Of temperatures that are nearly as good the highest is taken, because texts of other publishers
    are less certain.
    """
    odds = predicted(model, rows)
    trust = odds.sum(1, keepdims=True)
    logs = np.log(odds / trust + 1e-12)
    errors = {
        t: calibration_error(_softmax(logs / t) * trust, rows) for t in np.arange(0.6, 1.5, 0.025)
    }
    return float(max(t for t, error in errors.items() if error <= min(errors.values()) + _NEARLY))


def thresholds(odds: Matrix, rows: Sequence[Row]) -> Vector:
    """The threshold of each class with the best F1 on these rows, which count by their weights.

    A class with fewer than five rows gets the highest threshold.
    """
    weights = np.array([row.weight for row in rows])
    labels = np.stack([[n in row.classes for n in range(len(CLASSES))] for row in rows])
    chosen = np.full(len(CLASSES), _HIGHEST, np.float32)
    for number in np.flatnonzero(labels.sum(0) >= _FEWEST):
        gold, odd = labels[:, number] * weights, odds[:, number]
        scores = {
            lowest: gold[odd >= lowest].sum() / (weights[odd >= lowest].sum() + gold.sum())
            for lowest in np.arange(_LOWEST, _HIGHEST, _STEP)
        }
        chosen[number] = max(scores, key=scores.__getitem__)
    return chosen


def pack(
    trained: Trained,
    vocabulary: WordVectors,
    version: str,
    heat: float = 1.0,
    limits: Vector | None = None,
) -> dict[str, NDArray[Any]]:
    """The arrays of a model file: weights as bytes, with a scale for each class."""
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
        "doubt": np.array(_DOUBT),
        "growth": np.array(_GROWTH),
    }


def held_out(rows: Sequence[Row], step: int = 10) -> tuple[list[Row], list[Row]]:
    """Split off one row in ten, by which temperature and thresholds are set."""
    kept = [row for n, row in enumerate(rows) if n % step]
    return kept, list(rows[::step])


class Calibrated(NamedTuple):
    """A model trained on nine tenths of the rows, and the temperature set on the last tenth."""

    arrays: dict[str, NDArray[Any]]
    heat: float


def calibrated(
    real: Sequence[Row], extra: Sequence[Row], vocabulary: WordVectors, version: str
) -> Calibrated:
    """Train on nine tenths of the rows; set temperature and thresholds on the last tenth."""
    kept, apart = held_out(real)
    trained = fit(kept, extra, vocabulary)
    heat = temperature(TopicModel(pack(trained, vocabulary, version)), apart)
    arrays = pack(trained, vocabulary, version, heat)
    limits = thresholds(predicted(TopicModel(arrays), apart), apart)
    return Calibrated({**arrays, "thresholds": limits}, heat)


def build(
    real: Sequence[Row], extra: Sequence[Row], vocabulary: WordVectors, version: str
) -> dict[str, NDArray[Any]]:
    """Calibrate on a tenth of the rows with a model of the rest, then train on all rows."""
    trial = calibrated(real, extra, vocabulary, version)
    trained = fit(real, extra, vocabulary)
    return pack(trained, vocabulary, version, trial.heat, trial.arrays["thresholds"])
