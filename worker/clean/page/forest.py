"""Evaluate forests of decision trees (boosted regression trees) in numpy, without the library that
trained them.

All trees are evaluated together, by the method QuickScorer (Lucchese and others, 2015): each
feature needs one look-up in a table, however many trees test it.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEAVES = 16  # of a tree at most: the bits of a mask

_ALL = np.uint16(0xFFFF)
_LOWEST_BIT = np.array([(n & -n).bit_length() - 1 for n in range(1 << LEAVES)], dtype=np.int64)


class FeatureConditions(NamedTuple):
    """All comparisons that the decision trees of a forest make with one feature, prepared so that
    all trees are evaluated at once.

    Each comparison asks whether the value of feature number `feature` is at most a threshold.
    `thresholds` are these values in ascending order. `left[k]` is used if the value is above
    exactly k of them: it has one 16-bit number per tree, whose bits say which leaves of the tree
    can still be reached.
    """

    feature: int
    thresholds: NDArray[np.float32]
    left: NDArray[np.uint16]  # (thresholds + 1, trees)


class Forest(NamedTuple):
    """A forest of decision trees, prepared for quick evaluation. Its result is the sum of one value
    per tree: that of the leaf to which the tests of the tree lead.

    `conditions` are the tests of all trees, by feature. `leaves` has the values of all leaves, tree
    by tree, and `bases` the index in it of each tree's first leaf.
    """

    conditions: tuple[FeatureConditions, ...]
    leaves: NDArray[np.float32]  # (trees * LEAVES)
    bases: NDArray[np.int64]  # the index of each tree's first leaf


def read_forest(arrays: Mapping[str, NDArray[np.generic]], prefix: str) -> Forest:
    """Build a forest of decision trees from the arrays of an .npz file that training wrote.

    The file has several forests; the arrays of this one have names that begin with `prefix` and
    "_".
    """
    tree, feature, threshold, mask, leaves = (
        arrays[f"{prefix}_{name}"] for name in ("tree", "feature", "threshold", "mask", "leaves")
    )
    trees = leaves.shape[0]
    conditions = []
    for number in np.unique(feature):
        nodes = np.flatnonzero(feature == number)
        nodes = nodes[np.argsort(threshold[nodes], kind="stable")]
        thresholds, positions = np.unique(threshold[nodes], return_inverse=True)
        left = np.full((len(thresholds) + 1, trees), _ALL)
        for node, at in zip(nodes, positions, strict=True):
            left[at + 1 :, tree[node]] &= mask[node]
        conditions.append(FeatureConditions(int(number), thresholds.astype(np.float32), left))
    bases = np.arange(trees, dtype=np.int64) * LEAVES
    return Forest(tuple(conditions), leaves.astype(np.float32).ravel(), bases)


def probabilities(forest: Forest, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute by a forest of decision trees how probable it is, from 0 to 1, that each text block
    of a page belongs to the article.

    `features` has one column per block, and one row per feature. Returns one probability per
    block.
    """
    bits = np.full((features.shape[1], len(forest.bases)), _ALL)
    left_over = np.empty_like(bits)
    for feature, thresholds, left in forest.conditions:
        failed = thresholds.searchsorted(features[feature])
        left.take(failed, axis=0, out=left_over, mode="clip")  # or numpy would buffer `out`
        bits &= left_over
    leaf_values = forest.leaves.take(_LOWEST_BIT.take(bits) + forest.bases)
    odds = leaf_values.sum(axis=1, dtype=np.float64)
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float32)
