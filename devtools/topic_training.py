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
from worker.tag.topics.topic_model import TopicModel, keys_of, weigh, words

_DIMENSIONS = 256
_STEPS = 100  # of L-BFGS; while it has made fewer, HuffPost swings by .02 from ten to ten
_FREE, _TOLD = 1.0, 12.0  # ridge on the two kinds of weights
_FLOOR = 0.01  # of all weight: the least that a class has
_DOUBT = 0.06  # that no class takes from a headline: publishers differ. Set on HuffPost's
_LOWEST, _HIGHEST, _STEP = 0.15, 0.9, 0.05  # thresholds that are tried
_FEWEST = 5  # held-out texts of a class that one is set by
_GROWTH = 0.24  # with the number of words, as a power: scores gain, doubt loses. Set with _NEARLY
_NEARLY = 0.02  # calibration error above the best that a more doubtful temperature may have. Both
# set on later news, HuffPost, and full articles in three folds, by models that saw none of them

Vector = NDArray[np.float32]
Matrix = NDArray[np.float64] | Vector


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
    keys = keys_of(words(text))
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


def fit(real: Sequence[Row], extra: Sequence[Row], vocabulary: Words) -> Trained:
    """L-BFGS from zero: the same model in each run."""
    rows = [*real, *floored(real, extra)]
    texts = [rows_of(row.text, vocabulary) for row in rows]
    rare = rarity(texts[: len(real)], len(vocabulary.keys))
    seen = _matrix([weigh(text, rare) for text in texts], len(vocabulary.keys))
    loss = _Loss(
        words=seen,
        told=seen @ vocabulary.vectors,
        targets=np.stack([_target(row.classes) for row in rows]),
        stress=np.array([row.weight for row in rows], np.float32),
    )
    start = np.zeros(loss.shape).ravel()
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    free, told, bias = loss.parts(found.x)
    return Trained(rare, free + vocabulary.vectors @ told, bias)


def floored(real: Sequence[Row], extra: Sequence[Row]) -> list[Row]:
    """The extra rows, those of a class weighing more where the real ones have little of it."""
    has, adds = (
        np.bincount([r.classes[0] for r in rows], [r.weight for r in rows], len(CLASSES))
        for rows in (real, extra)
    )
    times = np.maximum(1, (_FLOOR * has.sum() - has) / np.maximum(adds, 1e-9))
    return [row._replace(weight=row.weight * times[row.classes[0]]) for row in extra]


class _Loss(NamedTuple):
    """Cross entropy and ridge, and their slope."""

    words: csr_matrix  # texts, words
    told: Vector  # texts, dimensions: what the vectors of their words add up to
    targets: Vector
    stress: Vector

    @property
    def shape(self) -> tuple[int, int]:
        return self.words.shape[1] + self.told.shape[1] + 1, self.targets.shape[1]

    def parts(self, values: NDArray[np.float64]) -> tuple[Vector, Vector, Vector]:
        """Free weights, weights of dimensions, bias."""
        its = values.reshape(self.shape).astype(np.float32)
        return its[: self.words.shape[1]], its[self.words.shape[1] : -1], its[-1]

    def __call__(self, values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        free, told, bias = self.parts(values)
        odds = _softmax(self.words @ free + self.told @ told + bias)
        missed = -(self.stress * (np.log(odds + 1e-30) * self.targets).sum(1)).sum()
        ridge = (_FREE * (free**2).sum() + _TOLD * (told**2).sum()) / 2
        error = (odds - self.targets) * self.stress[:, None]
        slope = (self.words.T @ error + _FREE * free, self.told.T @ error + _TOLD * told)
        total = self.stress.sum()
        flat = np.concatenate([*slope, error.sum(0)[None]]).ravel().astype(np.float64)
        return float(missed + ridge) / total, flat / total


def _target(classes: Sequence[int]) -> Vector:
    """Seven tenths for the main class, the rest for the others."""
    target = np.zeros(len(CLASSES), np.float32)
    target[list(classes)] = 0.3 / max(1, len(classes) - 1)
    target[classes[0]] = 0.7 if len(classes) > 1 else 1
    return target


def _matrix(texts: Sequence[tuple[NDArray[np.int64], Vector]], size: int) -> csr_matrix:
    ends = np.cumsum([0, *(len(rows) for rows, _ in texts)])
    columns = np.concatenate([rows for rows, _ in texts])
    weights = np.concatenate([weights for _, weights in texts])
    return csr_matrix((weights, columns, ends), (len(texts), size))


def _softmax(scores: Vector) -> Vector:
    raised = np.exp(scores - scores.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def calibration_error(odds: Matrix, rows: Sequence[Row]) -> float:
    """How far the likeliest class is from being right as often as it says, in ten bins."""
    sure = odds.max(1)
    right = np.array([t in row.classes for t, row in zip(odds.argmax(1), rows, strict=True)])
    bins = np.minimum((sure * 10).astype(int), 9)
    apart = [abs((right - sure)[bins == n].sum()) for n in np.unique(bins)]
    return float(sum(apart) / len(rows))


def judged(model: TopicModel, rows: Sequence[Row]) -> Vector:
    """What a model makes of texts: texts, classes."""
    return np.stack([model.probabilities(words(row.text)) for row in rows])


def temperature(model: TopicModel, rows: Sequence[Row]) -> float:
    """What to divide scores by, so that probabilities are as often right as they say; of what is
    nearly as good, the most doubtful: other publishers surprise."""
    odds = judged(model, rows)
    trust = odds.sum(1, keepdims=True)
    logs = np.log(odds / trust + 1e-12)
    errors = {
        t: calibration_error(_softmax(logs / t) * trust, rows) for t in np.arange(0.6, 1.5, 0.025)
    }
    return float(max(t for t, error in errors.items() if error <= min(errors.values()) + _NEARLY))


def thresholds(odds: Matrix, rows: Sequence[Row]) -> Vector:
    """By class, the probability from which on tags of these texts get the best F1; texts count by
    their weight, and a class of which there are hardly any is hardly given."""
    weights = np.array([row.weight for row in rows])
    said = np.stack([[n in row.classes for n in range(len(CLASSES))] for row in rows])
    chosen = np.full(len(CLASSES), _HIGHEST, np.float32)
    for number in np.flatnonzero(said.sum(0) >= _FEWEST):
        its, odd = said[:, number] * weights, odds[:, number]
        scores = {
            lowest: its[odd >= lowest].sum() / (weights[odd >= lowest].sum() + its.sum())
            for lowest in np.arange(_LOWEST, _HIGHEST, _STEP)
        }
        chosen[number] = max(scores, key=scores.__getitem__)
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
        "doubt": np.array(_DOUBT),
        "growth": np.array(_GROWTH),
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
    trained = fit(kept, extra, vocabulary)
    heat = temperature(TopicModel(pack(trained, vocabulary, version)), apart)
    arrays = pack(trained, vocabulary, version, heat)
    limits = thresholds(judged(TopicModel(arrays), apart), apart)
    return Calibrated({**arrays, "thresholds": limits}, heat)


def build(
    real: Sequence[Row], extra: Sequence[Row], vocabulary: Words, version: str
) -> dict[str, NDArray[Any]]:
    """Calibrate on a tenth with a model of the rest, then train on all."""
    trial = calibrated(real, extra, vocabulary, version)
    every = fit(real, extra, vocabulary)
    return pack(every, vocabulary, version, trial.heat, trial.arrays["thresholds"])
