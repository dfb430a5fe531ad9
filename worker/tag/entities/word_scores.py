"""Compute how much a word supports each label (person, no name …) of itself and of the words near
it.

Such a score is the sum of the trained weights of the word's features. Weights of features that many
words have, such as "is a city", are summed in tables beforehand; only those of its spelling are
looked up word by word.
"""

from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from worker.tag.entities.hashed_keys import (
    FeaturePrefixes,
    FeatureSuffixes,
    HashedKeys,
    KeyTable,
    ModelArrays,
)
from worker.tag.entities.lexicon import Lexicon
from worker.tag.entities.word_features import (
    AFTER,
    AFTER_2,
    BEFORE,
    CAPITALS,
    FIRST_3,
    HERE,
    HYPHEN,
    LAST_2,
    LAST_3,
    LAST_4,
    LENGTH,
    NONE,
    SHAPES,
    START,
    TITLE,
    WORD,
    FeaturesByPosition,
    LexiconEntry,
    case_features,
    cluster_shape,
    features_by_position,
    is_capital,
    lexicon_features,
    neighbour_case_features,
    shape,
    shape_kind,
    word_features,
)
from worker.tag.tokens import IntArray, ends_sentence

LabelScores = NDArray[np.int16]  # sums of weights, each of which fits a byte
FloatArray = NDArray[np.float32]

# The margin from which a word is outside of any name whatever stands around it: for a word with a
# capital, and for any other.
SURE_CAPITAL, SURE = 7.0, 1.5
# The same margin by the word alone; above it not even the neighbours are looked at.
_ALONE_CAPITAL, _ALONE = 9.0, 0.0

# A feature is found by the CRC of its name, which begins with the position it is seen from.
_HERE_CRC = crc32(b"0")
_LAST_2, _FIRST_3, _LAST_4 = (crc32(f"0{name}".encode()) for name in (LAST_2, FIRST_3, LAST_4))
_LAST_3 = [crc32(f"{position}{LAST_3}".encode()) for position in "-+0"]
_LENGTHS = [crc32(f"0{LENGTH}{letters}".encode()) for letters in range(9)]
_HYPHEN = crc32(f"0{HYPHEN}".encode())
_NO_KEY = 0  # of a feature that the word lacks
_WORD_PREFIXES = FeaturePrefixes([position + WORD for position in ("0", "-", "+", "-2", "+2")])
_SHAPE_NUMBER = {name: number for number, name in enumerate(SHAPES)}
_KIND = np.array([shape_kind(name) for name in SHAPES])
_CAPITAL = frozenset(filter(is_capital, SHAPES))
_ALONE_OF, _SURE_OF = (
    np.array(
        [large if kind in (TITLE, CAPITALS) else other for kind in range(NONE + 1)], np.float32
    )
    for large, other in ((_ALONE_CAPITAL, _ALONE), (SURE_CAPITAL, SURE))
)
_LOWER = (0, 1, 2, 3, 4, -1)  # quarters of lowercase uses; -1 (unknown) comes last


class FeatureWeights:
    """The trained weights of a model that finds names: how much each feature of a word supports
    each label (person, no name …).

    A feature, such as "begins with a capital", is found by the CRC-32 of its name.
    """

    def __init__(self, arrays: ModelArrays, order: IntArray) -> None:
        """`order` lists the model's labels in the order in which `of` returns their weights."""
        self._keys = KeyTable(arrays["keys"])
        # In C order: otherwise each `take` would copy the table.
        weights = arrays["weights"][:, order].astype(np.int16, order="C")
        self._weights = np.concatenate([weights, np.zeros_like(weights[:1])])  # last: unknown

    def of(self, keys: HashedKeys) -> LabelScores:
        """Return the weights of some features, as an array with one row per feature and one column
        per label (person, no name …).

        `keys` are the CRC-32 of the features' names. A feature that the model does not know weighs
        0.
        """
        weights: LabelScores = self._weights.take(self._keys.rows(keys), 0, mode="wrap")
        return weights

    def summed(self, features: Sequence[FeaturesByPosition]) -> LabelScores:
        """Add up the weights of each word's features, for each place where the word may stand.

        `features` has for each word a tuple of feature names per place: the word is the one to be
        labelled, or the one before that, and so on. Returns an array of words x places x labels
        (person, no name …).
        """
        sums = [
            [self.of([crc32(name.encode()) for name in names]).sum(0) for names in by_position]
            for by_position in features
        ]
        return np.array(sums, np.int16)


class WordScores(NamedTuple):
    """How much each of some words supports each label (person, no name …): arrays with a row for
    each word.

    `scores` has this support for the label of the word itself and of each word near it. `kinds`
    says how the word is written, as numbers from shape_kind(). If "no name" leads by at least
    `limits`, the word is surely no part of a name. `steps` is how many places the word takes in the
    sequence that is labelled: 1, or 3 if it ends a sentence, because the end and the next beginning
    have places of their own.
    """

    scores: LabelScores  # forms x positions x labels
    kinds: IntArray  # kind of the shape
    limits: FloatArray  # margin from which the form is outside of any name
    steps: IntArray  # 1 for the word, plus the number of edges that follow it


class WordScorer:
    """Computes the scores of words: how much each supports each label (person, no name …) of itself
    and of the words near it.

    The weights of features that many words have, such as letter case, are summed once, when the
    object is made.
    """

    def __init__(self, lexicon: Lexicon, weights: FeatureWeights, scale: float) -> None:
        self._lexicon, self._weights, self._scale = lexicon, weights, scale
        clusters = [LexiconEntry(cluster=number) for number in range(lexicon.clusters)]
        groups = [LexiconEntry(groups=group_set) for group_set in lexicon.groups]
        labels = [LexiconEntry(usual_label=label) for label in lexicon.usual_labels]
        self._by_cluster = weights.summed([*map(_of_lexicon, (*clusters, LexiconEntry()))])
        self._by_groups = weights.summed([*map(_of_lexicon, groups)])
        self._by_usual_label = weights.summed([*map(_of_lexicon, labels)])
        self._by_case = weights.summed([_of_case(name, low) for name in SHAPES for low in _LOWER])

    def edge(self) -> WordScores:
        """Return the scores of the beginning or end of a sentence, as a table with one row.

        It is treated like a word, because it also supports labels of the words next to it.
        """
        scores = self._weights.summed([word_features("", LexiconEntry())])
        return WordScores(scores, np.array([NONE]), np.zeros(1, np.float32), np.array([2]))

    def score(self, words: Sequence[str]) -> WordScores:
        """Compute how much each of these words supports each label (person, no name …) of itself
        and of the words near it. The result has one row per word."""
        text = "\n".join(words).encode("utf-8", "replace")  # lone surrogates become "?"
        words, lowered = text.decode().split("\n"), text.decode().lower().split("\n")
        shapes = [shape(word) for word in words]
        suffixes = FeatureSuffixes(lowered)
        rows = self._lexicon.look_up(suffixes.keys, [*map(crc32, text.split(b"\n"))])
        scores = self._by_cluster[rows.clusters] + self._by_groups[rows.groups]
        scores += self._by_usual_label[rows.usual_labels]
        numbers = np.array([_SHAPE_NUMBER[name] for name in shapes])
        scores += self._by_case[numbers * len(_LOWER) + rows.lower % len(_LOWER)]
        keys = _spelling_keys(words, lowered, shapes, rows.clusters.tolist())
        self._add_spelling(keys, suffixes, scores)
        steps = np.array([3 if ends_sentence(word) else 1 for word in words])
        kinds = _KIND[numbers]
        return WordScores(scores, kinds, self._limits(scores, kinds), steps)

    def _add_spelling(
        self, spelling_keys: Sequence[int], suffixes: FeatureSuffixes, scores: LabelScores
    ) -> None:
        """Add the weights of the spelling features to `scores`, in place."""
        spelling = np.array(spelling_keys, np.uint32).reshape(-1, len(scores))
        keys = np.concatenate((spelling, _WORD_PREFIXES.keys(suffixes)))
        weights = self._weights.of(keys.ravel()).reshape(*keys.shape, -1)
        scores[:, BEFORE : AFTER + 1] += weights[:2].swapaxes(0, 1)
        scores[:, START : HERE + 1] += np.add.reduce(weights[2:-4], 0, np.int16)[:, None]
        scores[:, BEFORE : AFTER_2 + 1] += weights[-4:].swapaxes(0, 1)

    def _limits(self, scores: LabelScores, kinds: IntArray) -> FloatArray:
        """The limit of each form: the margin from which the form certainly belongs to no name.

        A margin is the score of "no name" minus that of the best other label. The limit is 0 for
        forms that rarely belong to a name.
        """
        here = scores[:, START : HERE + 1]
        margins = here[..., 0] - np.maximum.reduce(here[..., 1:], 2)
        undecided = np.minimum(margins[:, 0], margins[:, 1]) * self._scale < _ALONE_OF.take(kinds)
        limits: FloatArray = undecided * _SURE_OF.take(kinds)
        return limits


def _spelling_keys(
    words: Sequence[str], lowered: Sequence[str], shapes: Sequence[str], clusters: Sequence[int]
) -> list[int]:
    """The keys (CRC-32) of the words' spelling features, as one list.

    It has the first feature of all words, then the second feature of all words, and so on. See
    spelling_features() and cluster_shape(); the first two are those that neighbouring words see.
    """
    last_3 = [word[-3:].encode() for word in lowered]
    last_4, cluster_keys, hyphens = ([_NO_KEY] * len(words) for _ in range(3))
    for number, word_shape in enumerate(shapes):
        if word_shape in _CAPITAL:
            last_4[number] = crc32((lowered[number][-4:] + word_shape).encode(), _LAST_4)
            if feature := cluster_shape(clusters[number], word_shape):
                cluster_keys[number] = crc32(feature.encode(), _HERE_CRC)
            if "-" in words[number]:
                hyphens[number] = _HYPHEN
    return [
        *[crc32(letters, prefix) for prefix in _LAST_3[:2] for letters in last_3],
        *[crc32(word[-2:].encode(), _LAST_2) for word in lowered],
        *[crc32(word[:3].encode(), _FIRST_3) for word in lowered],
        *[_LENGTHS[min(len(word), 8)] for word in words],
        *(*last_4, *cluster_keys, *hyphens),
        *[crc32(letters, _LAST_3[2]) for letters in last_3],
    ]


def _of_lexicon(entry: LexiconEntry) -> FeaturesByPosition:
    features = lexicon_features(entry)
    return features_by_position(here=features, near=features)


def _of_case(word_shape: str, lower: int) -> FeaturesByPosition:
    return features_by_position(
        start=case_features(word_shape, lower, "^"),
        inside=case_features(word_shape, lower),
        near=neighbour_case_features(word_shape, lower),
    )
