"""Compute the input of the second stage of the classifier that finds the article on a page.

The classifier has two stages (forests of decision trees). The first one judges each text block of
the page alone. The second one reads the same features again, together with the first stage's
results for the block, for the blocks around it, and for blocks in similar elements of the page.
"""

import numpy as np
from numpy.typing import NDArray

from worker.clean.page.block_features import OWN, HolderColumns, shifted
from worker.clean.page.character_features import Floats, Ints

_SHIFTS = (1, 2, 3, -1, -2, -3)
_WINDOWS = (4, 12)  # blocks to either side
_MAX_WEIGHT = 400  # characters; a longer block has no more weight for its neighbours
_MAX_GAIN = 2_000  # characters; a longer block does not add more to the element around it
_BIASES = (0.5, 0.2)  # probability above which a block adds to the element around it
_SEEN = 0.6  # probability; from the first to the last of such blocks extends the article


def second_features(holders: HolderColumns, matrix: Floats, probability: Floats) -> Floats:
    """Compute the features by which the second of two forests of decision trees decides which text
    blocks of a page belong to the article. Returns one row per feature, one column per block.

    `matrix` has the features that the first forest read, and `probability` its results, which are
    averaged here over nearby blocks. `holders` are the elements around the blocks.
    """
    sizes = matrix[0]
    count = len(sizes)
    weights = np.minimum(sizes, _MAX_WEIGHT)
    weighted, total_weights = _running(probability * weights), _running(weights)
    order = np.arange(count)

    def mean(low: Ints, high: Ints) -> NDArray[np.float64]:
        return (weighted[high] - weighted[low]) / np.maximum(
            total_weights[high] - total_weights[low], 1e-6
        )

    columns: list[NDArray[np.float32] | NDArray[np.float64]] = [probability]
    columns += [shifted(probability, by) for by in _SHIFTS]
    first, stop = holders.first, holders.stop
    everything = weighted[-1] + 1e-6
    for holder in holders.larger:
        low, high = first[holder], stop[holder]
        columns += [mean(low, high), (weighted[high] - weighted[low]) / everything]
    columns += [weighted[1:] / everything, np.full(count, weighted[-1])]
    for size in _WINDOWS:
        columns.append(mean(np.maximum(order - size, 0), np.minimum(order + size + 1, count)))
    columns.append(np.maximum.accumulate(probability))
    columns.append(np.maximum.accumulate(probability[::-1])[::-1])
    columns += _of_same_kind(holders, weights, probability)
    columns += _of_best_holders(holders, sizes, probability)
    return np.concatenate((matrix[:OWN], np.array(columns, dtype=np.float32)))


def _running(values: Floats) -> NDArray[np.float64]:
    return np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))


def _of_same_kind(holders: HolderColumns, weights: Floats, probability: Floats) -> list[Floats]:
    """Compute features from the probabilities of all blocks in elements of the same kind: first in
    those with the same tag and class names, then in those whose parents are alike, too.

    Four features for each: mean probability, number of blocks, highest probability, and the mean
    without the block itself, -1 if it is the only one.
    """
    columns = []
    for group in _kinds(holders):
        counts = np.bincount(group)
        total_weights = np.bincount(group, weights)
        weighted = np.bincount(group, probability * weights)
        highest = np.zeros(len(counts))
        np.maximum.at(highest, group, probability)
        others = (weighted[group] - probability * weights) / np.maximum(
            total_weights[group] - weights, 1e-6
        )
        columns += [
            (weighted / np.maximum(total_weights, 1e-6))[group],
            counts[group],
            highest[group],
            np.where(counts[group] > 1, others, -1),
        ]
    return [column.astype(np.float32) for column in columns]


def _kinds(holders: HolderColumns) -> tuple[Ints, Ints]:
    """Number the kinds of elements that hold the blocks: by tag and class names, and by these of
    the element and its parent."""
    held_by, kinds = holders.larger[0], holders.kinds
    own, above = kinds[held_by], kinds[holders.parents[held_by]]
    return own, np.unique(own * (kinds.max() + 1) + above, return_inverse=True)[1]


def _of_best_holders(holders: HolderColumns, sizes: Floats, probability: Floats) -> list[Floats]:
    """Compute features from the element that is most likely the article: the one with the largest
    sum of characters, each weighted with its probability minus a bias.

    For each of two biases: whether the block is in the element, how many blocks before or after it,
    and the element's sum as a share of the page's. Last, the distance of the block from the first
    and the last block that the first forest found likely.
    """
    first, stop = holders.first, holders.stop
    order = np.arange(len(probability))
    gains = np.minimum(sizes, _MAX_GAIN)
    expected = max(1.0, float((gains * probability).sum()))
    columns: list[NDArray[np.generic]] = []
    for bias in _BIASES:
        running = np.concatenate(([0.0], np.cumsum(gains * (probability - bias), dtype=np.float64)))
        # Of equal elements, the innermost: fewer blocks of no gain are in it.
        best = int(np.argmax(running[stop] - running[first] - 1e-9 * (stop - first)))
        low, high = first[best], stop[best]
        outside = np.where(order < low, order - low, np.maximum(order - high + 1, 0))
        share = (running[high] - running[low]) / expected
        columns += [outside == 0, outside, np.full(len(order), share)]
    seen = np.flatnonzero(probability > _SEEN)
    low, high = (seen[0], seen[-1]) if len(seen) else (0, len(order) - 1)
    columns += [order - low, order - high]
    return [column.astype(np.float32) for column in columns]
