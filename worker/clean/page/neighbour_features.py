"""Compute the features by which the second of two forests of decision trees decides which blocks
(passages of text) of a page belong to the article.

They are the features of the block itself, and the first forest's probabilities for it and the
blocks around it.
"""

import numpy as np
from numpy.typing import NDArray

from worker.clean.page.block_features import OWN, HolderLevels, shifted
from worker.clean.page.blocks import Blocks
from worker.clean.page.character_features import Floats, Ints

_SHIFTS = (1, 2, 3, -1, -2, -3)
_WINDOWS = (4, 12)  # blocks to either side
_MAX_WEIGHT = 400  # characters; a longer block has no more weight for its neighbours


def second_features(
    blocks: Blocks, larger: HolderLevels, matrix: Floats, probability: Floats
) -> Floats:
    """Compute the features by which the second of two forests of decision trees decides which text
    blocks of a page belong to the article. Returns one row per feature, one column per block.

    `matrix` has the features that the first forest read, and `probability` its results, which are
    averaged here over nearby blocks. `larger` has for each block the indexes of four elements
    around it, from small to large.
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
    first, stop = np.array(blocks.holders.first), np.array(blocks.holders.stop)
    everything = weighted[-1] + 1e-6
    for holder in larger:
        low, high = first[holder], stop[holder]
        columns += [mean(low, high), (weighted[high] - weighted[low]) / everything]
    columns += [weighted[1:] / everything, np.full(count, weighted[-1])]
    for size in _WINDOWS:
        columns.append(mean(np.maximum(order - size, 0), np.minimum(order + size + 1, count)))
    columns.append(np.maximum.accumulate(probability))
    columns.append(np.maximum.accumulate(probability[::-1])[::-1])
    return np.concatenate((matrix[:OWN], np.array(columns, dtype=np.float32)))


def _running(values: Floats) -> NDArray[np.float64]:
    return np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
