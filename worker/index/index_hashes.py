"""Compute which values the index stores for the text hashes of articles, and read them back.

worker.index.layout says in which Redis hashes, called buckets, the values are stored.
"""

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.index.layout import FIELD_BITS, VALUE_OFFSET, BucketLayout
from worker.model.records import Fingerprint


class IndexHashes(NamedTuple):
    """The text hashes of several articles in common arrays, to compute quickly where the index
    stores them.

    Each article has the hash of its whole text, and some hashes of runs of words. `fields` has the
    lowest 13 bits of each hash, `high_bits` the other bits. The hashes of article i are those from
    `bounds[i]` up to, but without, `bounds[i + 1]`.
    """

    fields: list[int]
    high_bits: NDArray[np.uint64]  # the bits above those of the field
    bounds: list[int]  # index of each fingerprint's first hash; at the end, the number of hashes

    @classmethod
    def of(cls, fingerprints: Sequence[Fingerprint]) -> "IndexHashes":
        return cls._of([(int(f.text_hash[:16], 16), *f.sketch) for f in fingerprints])

    @classmethod
    def of_former(cls, fingerprints: Sequence[Fingerprint]) -> "IndexHashes":
        """Return the text hashes by which a former release would have registered these articles,
        without those that `IndexHashes.of` returns.

        The index is searched by them for copies of articles that a worker of that release has
        registered.
        """
        return cls._of([sorted({*f.former_sketch} - {*f.sketch}) for f in fingerprints])

    @classmethod
    def of_alternates(
        cls, fingerprints: Sequence[Fingerprint], counts: Sequence[int]
    ) -> "IndexHashes":
        """Return the text hashes that take the place of those that earlier articles already have:
        for each article as many as `counts` says, or all alternates if it has fewer."""
        return cls._of([f.alternates[:n] for f, n in zip(fingerprints, counts, strict=True)])

    @classmethod
    def _of(cls, hashes_by_article: Sequence[Sequence[int]]) -> "IndexHashes":
        bounds = [0, *accumulate(map(len, hashes_by_article))]
        hashes = np.array([*chain.from_iterable(hashes_by_article)], np.uint64)
        fields = (hashes & np.uint64((1 << FIELD_BITS) - 1)).astype(np.int64) - (
            1 << FIELD_BITS - 1
        )
        # Sketches prefer small hashes, whose high bits are all zero: buckets take the low ones.
        return cls(fields.tolist(), hashes >> np.uint64(FIELD_BITS), bounds)

    def keys(self, layout: BucketLayout) -> list[str]:
        """Return for each text hash the key of the Redis hash where the index stores which article
        was the first with it.

        `layout` says over how many Redis hashes the entries are spread.
        """
        mask, prefix = np.uint64((1 << layout.bits) - 1), layout.hashes
        return [f"{prefix}{bucket}" for bucket in (self.high_bits & mask).tolist()]

    def spares(self, layout: BucketLayout) -> NDArray[np.int64]:
        """Return those bits of each text hash that the index stores beside an article number.

        Several text hashes may share one place in the index. These bits show to which of them a
        stored number belongs. How many bits they are depends on `layout`, the Redis hashes of the
        index.
        """
        mask = np.uint64((1 << layout.spare_bits) - 1)
        return (self.high_bits >> np.uint64(layout.bits) & mask).astype(np.int64)

    def values(self, layout: BucketLayout, numbers: Sequence[int]) -> list[int]:
        """Return for each text hash the integer that the index stores for it.

        It combines the number of the article that has the text hash with some bits of the text
        hash. `numbers` has one number for each article, in the order of the articles in this
        object. `layout` says how many bits are stored.
        """
        owners = np.repeat(np.array(numbers, np.int64) - layout.base, np.diff(self.bounds))
        packed = (owners << layout.spare_bits | self.spares(layout)) - VALUE_OFFSET
        values: list[int] = packed.tolist()
        return values


def owners_of(
    values: NDArray[np.int64], spares: NDArray[np.int64], layout: BucketLayout
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return for which text hashes the index knows the article that was the first with it, as an
    array of bools, and the numbers of these articles.

    `values` is what the index has stored in the places of the text hashes. Each contains a number
    and some bits of a text hash. If these bits differ from those in `spares`, the same bits of the
    text hash that is looked up, the value is about another text hash.
    """
    bits = values + VALUE_OFFSET
    is_same_hash = bits & (1 << layout.spare_bits) - 1 == spares
    return is_same_hash, (bits[is_same_hash] >> layout.spare_bits) + layout.base
