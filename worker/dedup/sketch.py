"""Choose the few hashes of a text by which the similarity index finds its copies.

The index leads from a hash only to the first article that had it. So the chosen runs of words must
be rare, or they lead to other articles. They must also be spread over the text, so that a copy of a
third of it still has some of them.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from worker.dedup.hash_arrays import HashArray

RARE_WORDS = 2  # content words in a rare run: "of the bank" has one and occurs everywhere
POOL = 48  # the smallest hashes, of which a sketch is chosen; it has at most half of them


def sketch_of(
    hashes: HashArray, content: NDArray[np.uint8], most: int, alternates: int = 0
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Choose at most `most` of the hashes of a text's runs of words, by which the similarity index
    finds its copies. Returns them in ascending order, and then up to `alternates` further ones, the
    best first, for use in place of hashes that earlier articles have already.

    `hashes` are in the order of the text. `content` has the number of content words (all but words
    such as "the") in each run; runs with two or more come first. A hash is chosen if it is the
    smallest of a long part of the text, because a copy of that part then has the same one.
    """
    rare = content >= RARE_WORDS
    pool = max(POOL, 2 * most)
    ranked = _widest(hashes[rare], pool)
    chosen, further = ranked[:most], ranked[most : most + alternates]
    if len(chosen) < most:
        common = _widest(hashes[~rare], pool - 2 * len(chosen))
        chosen = np.concatenate((chosen, common[: most - len(chosen)]))
    chosen.sort()
    return tuple(chosen.tolist()), tuple(further.tolist())


def _widest(hashes: HashArray, pool_size: int) -> HashArray:
    """The smallest `pool_size` hashes, those first that have the greatest distance to the nearest
    smaller hash.

    The distance is counted in runs of words. It is only computed for the smallest hashes, because
    larger ones have smaller ones near them. Repetitions of a hash are left out.
    """
    order = hashes.argsort()
    pool = hashes[order]
    repeated = pool[1:] == pool[:-1]
    if repeated.any():
        order = hashes.argsort(kind="stable")  # to keep the first of equal hashes
        first = np.concatenate(([True], ~repeated))
        pool, order = pool[first], order[first]
    pool, order = pool[:pool_size], order[:pool_size]
    positions = order.astype(np.int32)
    distances = positions[:, None] - positions
    np.abs(distances, out=distances)
    distances |= _not_smaller(len(positions))
    # Of equal distances those of the smaller hashes, which come first, are chosen.
    ranked: HashArray = pool[(-distances.min(axis=0, initial=1 << 30)).argsort(kind="stable")]
    return ranked


@lru_cache(64)
def _not_smaller(size: int) -> NDArray[np.int32]:
    """A square that is huge but 0 where the hash of the row is smaller than that of the column.

    Both are numbered from the smallest hash on.
    """
    return np.tril(np.full((size, size), 1 << 30, np.int32))
