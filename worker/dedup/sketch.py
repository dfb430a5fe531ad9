"""Choose the few hashes of a text by which the similarity index finds it again.

Only the first article that has a hash owns it in the index. So the chosen runs of words must be
rare, or earlier articles own them already; and they must lie all over the text, so that any third
of it keeps some. Both are needed to find a copy that was cut to a part of its original while the
index fills.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from worker.dedup.shingles import HashArray

RARE_WORDS = 2  # content words in a rare run: "of the bank" has one and occurs everywhere
POOL = 2  # the smallest hashes, so many times as many as are chosen, are looked at


def sketch_of(hashes: HashArray, content: NDArray[np.uint8], most: int) -> tuple[int, ...]:
    """Choose at most `most` of the hashes of a text's runs of words, for the similarity index.

    `hashes` has them in the order of the text, and `content` how many content words each run has
    (words such as "the" do not count). Runs with two content words or more are preferred. Of these,
    the hashes are chosen that are the smallest of the widest neighbourhood. A part of the text has
    the same neighbourhoods, so it chooses the same hashes (similar to winnowing; Schleimer et al.
    2003, doi:10.1145/872757.872770). The result is ascending.
    """
    rare = content >= RARE_WORDS
    chosen = _widest(hashes[rare], most)
    if len(chosen) < most:
        chosen = np.concatenate((chosen, _widest(hashes[~rare], most - len(chosen))))
    chosen.sort()
    return tuple(chosen.tolist())


def _widest(hashes: HashArray, most: int) -> HashArray:
    """The `most` hashes that have the greatest distance to the nearest smaller hash.

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
    pool, order = pool[: POOL * most], order[: POOL * most]
    if len(pool) <= most:
        return pool
    positions = order.astype(np.int32)
    distances = positions[:, None] - positions
    np.abs(distances, out=distances)
    distances |= _not_smaller(len(positions))
    # Of equal distances those of the smaller hashes, which come first, are chosen.
    widest = (-distances.min(axis=0)).argsort(kind="stable")[:most]
    chosen: HashArray = pool[widest]
    return chosen


@lru_cache(64)
def _not_smaller(size: int) -> NDArray[np.int32]:
    """A square that is huge but 0 where the hash of the row is smaller than that of the column.

    Both are numbered from the smallest hash on.
    """
    return np.tril(np.full((size, size), 1 << 30, np.int32))
