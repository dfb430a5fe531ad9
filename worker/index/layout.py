"""Compute where the index stores the owner of a hash, from the state of the buckets on the server.

The owner of a hash is the first article that had it. A bucket is a Redis hash with the owners of
some hashes. A generation is a time window of the server's clock. It begins with a quarter of the
buckets that the generation before ended with, and gets four times as many whenever they are full. A
layout is a generation while it has a certain number of buckets; it says in which bucket an entry
is, and how it is packed. When the buckets grow, the entries are moved from the old layout to the
new one (resharding.py), so at most two layouts of a generation are read at a time.

An entry of a bucket consists of a field, which is 13 bits of the hash, and a value. Both are
integers, which take little room in a Redis listpack. The upper bits of the value are the number of
the owner. The lower bits are spare bits: further bits of the hash, which tell hashes with equal
fields apart, and tell to which of four new buckets the entry moves.

Each time the buckets grow fourfold, two spare bits become part of the bucket's number, so values
lose them. Four times as many articles take two bits more for the number of the owner. So values
stay below 24 bits while articles have the usual number of hashes; larger values take a byte more.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.model.records import Fingerprint

FIELD_BITS = 13
GROWTH_BITS = 2
VALUE_BITS = 24
OWNER_BITS = 5  # besides those of the bucket: a full bucket has hashes of 2**4 articles
LEAST_SPARE_BITS = 5
VALUE_OFFSET = 1 << VALUE_BITS - 1  # stored integers are signed
ID_BYTES = 7
COARSER_BITS = 4  # an article has one id for 2**4 hashes
# Entries per bucket on average: a listpack holds up to 512, and a quarter costs few bytes more.
FULL_BUCKET = 320
STATE = "aw:buckets"

LayoutState = Mapping[str, str]
"""The content of the Redis hash STATE: which generations began, and how many buckets were moved.

A field `generation` has the value `base:bits`; a field `generation:bits` has the number of buckets.
"""


class BucketLayout(NamedTuple):
    """A generation (a time window of the index) while it has 2**bits buckets.

    It computes the keys of the buckets, and how entries are packed into integers. `first` is the
    value of `bits` with which the generation began. `base` is the number of the newest article at
    that time; owners are stored as the difference of their number from it.
    """

    generation: int
    bits: int
    first: int  # bits that the generation began with
    base: int  # number of the newest article at its beginning; owners are stored relative to it

    @property
    def hashes(self) -> str:
        """Prefix of the Redis keys whose buckets hold, for each hash, its owner: the first article
        that had it."""
        return f"aw:h:{self.generation}:{self.bits}:"

    @property
    def ids(self) -> str:
        """Prefix of the Redis keys whose buckets hold, for each article id, the article's
        number."""
        return f"aw:i:{self.generation}:{self.bits}:"

    @property
    def id_bits(self) -> int:
        return self.bits - COARSER_BITS

    def id_key(self, field: bytes) -> str:
        """The Redis key of the bucket with the number of an article.

        `field` is the first 7 bytes of the article's id, which is also the field of its entry in
        the bucket.
        """
        mask = (1 << self.id_bits) - 1
        return f"{self.ids}{int.from_bytes(field[:4], 'big') & mask}"

    @property
    def field(self) -> str:
        """The field of the Redis hash aw:buckets that says how many old buckets were moved to this
        layout."""
        return f"{self.generation}:{self.bits}"

    @property
    def grown(self) -> "BucketLayout":
        """The layout of the same generation with four times as many buckets."""
        return self._replace(bits=self.bits + GROWTH_BITS)

    @property
    def spare_bits(self) -> int:
        """How many lower bits of a stored value are bits of the hash; the bits above them are the
        owner's number."""
        at_first = max(LEAST_SPARE_BITS, VALUE_BITS - OWNER_BITS - self.first)
        return at_first - (self.bits - self.first)

    @property
    def is_last(self) -> bool:
        """Whether the number of buckets can't grow any more.

        To divide a bucket into four, two of the spare bits of each value (see the module) tell
        which of the four gets the entry, and are used up. Growing ends when a value has fewer than
        two.
        """
        return self.spare_bits < GROWTH_BITS

    def split(self, value: bytes) -> tuple[int, int]:
        """Where the entry of a hash moves when its bucket is divided into four, by the spare bits
        in its value.

        Returns which of the four buckets (0 to 3) gets the entry, and its value there, without
        those bits.
        """
        bits = int(value) + VALUE_OFFSET
        return bits & (1 << GROWTH_BITS) - 1, (bits >> GROWTH_BITS) - VALUE_OFFSET

    def split_id(self, field: bytes, value: bytes) -> tuple[int, bytes]:
        """Where the entry of an article id moves when its bucket is divided into four.

        Returns which of the four buckets (0 to 3) gets the entry, and its unchanged value.
        """
        mask = (1 << GROWTH_BITS) - 1
        return int.from_bytes(field[:4], "big") >> self.id_bits & mask, value


class BucketMove(NamedTuple):
    """The progress of moving all entries of a generation from its old buckets to four times as
    many.

    Old buckets are copied and dropped in the order of their numbers. After the last one they are
    dropped once more, with the entries that late workers wrote to them.
    """

    old: BucketLayout
    done: int  # buckets copied; from 2**bits on, 2**bits more than the buckets dropped

    @property
    def copied(self) -> bool:
        return self.done >= 1 << self.old.bits

    @property
    def over(self) -> bool:
        return self.done >= 2 << self.old.bits


class ActiveLayouts(NamedTuple):
    """In which buckets the entries of the index are now, and which moves to more buckets are
    unfinished.

    Each layout in `read` stands for the buckets of one generation (a time window) while it has a
    certain number of them. First come those of the current time window, newest first, then those of
    the one before. A generation has two while its entries are moved.
    """

    read: tuple[BucketLayout, ...]
    moves: tuple[BucketMove, ...]

    @property
    def written(self) -> BucketLayout:
        return self.read[0]

    @property
    def older(self) -> tuple[BucketLayout, ...]:
        return self.read[1:]

    @property
    def growing(self) -> bool:
        """Whether entries of the current generation are being moved to four times as many buckets.

        Old and new buckets are both read then.
        """
        return any(layout.generation == self.written.generation for layout in self.older)


class IndexHashes(NamedTuple):
    """The hashes of several fingerprints in common arrays, to compute keys and values for all at
    once.

    Each fingerprint contributes the hash of its whole text, then its sketch: the smallest hashes of
    its shingles. For each hash, `fields` has the lowest 13 bits, the field of its entry in a
    bucket, and `high_bits` all bits above them. `bounds` has the position of each fingerprint's
    first hash, and at the end the number of hashes.
    """

    fields: list[int]
    high_bits: NDArray[np.uint64]  # the bits above those of the field
    bounds: list[int]  # index of each fingerprint's first hash; at the end, the number of hashes

    @classmethod
    def of(cls, fingerprints: Sequence[Fingerprint]) -> "IndexHashes":
        combined = [h for f in fingerprints for h in (int(f.text_hash[:16], 16), *f.sketch)]
        bounds = [0]
        for fingerprint in fingerprints:
            bounds.append(bounds[-1] + 1 + len(fingerprint.sketch))
        hashes = np.array(combined, np.uint64)
        fields = (hashes & np.uint64((1 << FIELD_BITS) - 1)).astype(np.int64) - (
            1 << FIELD_BITS - 1
        )
        # A sketch is the smallest hashes, whose high bits are all zero: buckets take the low ones.
        return cls(fields.tolist(), hashes >> np.uint64(FIELD_BITS), bounds)

    def keys(self, layout: BucketLayout) -> list[str]:
        """The Redis key of the bucket that holds each hash in this layout."""
        mask, prefix = np.uint64((1 << layout.bits) - 1), layout.hashes
        return [f"{prefix}{bucket}" for bucket in (self.high_bits & mask).tolist()]

    def spares(self, layout: BucketLayout) -> list[int]:
        """The spare bits of each hash in this layout: bits that neither the key nor the field of
        its entry has.

        They are stored in the entry's value. If they differ from those in the value found there
        (`owner_of`), the value belongs to another hash with the same key and field.
        """
        spares: list[int] = self._spares(layout).tolist()
        return spares

    def _spares(self, layout: BucketLayout) -> NDArray[np.int64]:
        mask = np.uint64((1 << layout.spare_bits) - 1)
        return (self.high_bits >> np.uint64(layout.bits) & mask).astype(np.int64)

    def values(self, layout: BucketLayout, numbers: Sequence[int]) -> list[int]:
        """The values to store so that articles become the owners of their hashes: each packs the
        number of the article and spare bits of the hash into an integer.

        `numbers` holds the article number of each fingerprint.
        """
        owners = np.repeat(np.array(numbers, np.int64) - layout.base, np.diff(self.bounds))
        packed = (owners << layout.spare_bits | self._spares(layout)) - VALUE_OFFSET
        values: list[int] = packed.tolist()
        return values


def owner_of(value: bytes | None, spare: int, layout: BucketLayout) -> int | None:
    """The number of the article that owns a hash (had it first), read from the value found for the
    hash.

    None if there is no value, or if its spare bits differ from `spare`, those of the hash: the
    value then belongs to another hash with the same key and field.
    """
    if value is None:
        return None
    bits = int(value) + VALUE_OFFSET
    is_same_hash = bits & (1 << layout.spare_bits) - 1 == spare
    return (bits >> layout.spare_bits) + layout.base if is_same_hash else None


def flat_reply(reply: Any) -> list[bytes]:
    """Turn a reply to HGETALL, in RESP version 2 or 3, into a list: field, value, field, value …"""
    return [*chain.from_iterable(reply.items())] if isinstance(reply, dict) else reply


def layout_state(reply: Any) -> LayoutState:
    """Decode a reply to HGETALL of the Redis key aw:buckets: which generations began, and how many
    of their buckets were moved."""
    texts = [text.decode() for text in flat_reply(reply)]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def active_layouts(generation: int, state: LayoutState) -> ActiveLayouts:
    """Which buckets are read during the time window with number `generation`: its own and those of
    the window before.

    `state` is the content of the Redis hash aw:buckets. It has nothing about the window until the
    first article of the window is registered; the window's own buckets are left out until then.
    """
    read: list[BucketLayout] = []
    moves: list[BucketMove] = []
    for g in (generation, generation - 1):
        if str(g) not in state:
            continue
        base, first = map(int, state[str(g)].split(":"))
        layout = BucketLayout(g, first, first, base)
        while (grown := layout.grown).field in state:
            move, layout = BucketMove(layout, int(state[grown.field])), grown
        read.append(layout)
        if layout.bits > first and not move.over:
            moves.append(move)
            read += [] if move.copied else [move.old]
    return ActiveLayouts(tuple(read), tuple(moves))


def new_generation(
    generation: int, newest: int, state: LayoutState, least_bits: int
) -> tuple[str, str]:
    """The field and value to write to the Redis hash aw:buckets when a generation (a time window)
    begins.

    They say with how many buckets it begins: a quarter of those of the generation before, but at
    least 2**least_bits. `newest` is the number of the newest article.
    """
    smaller = [layout.bits - GROWTH_BITS for layout in active_layouts(generation, state).read]
    return str(generation), f"{newest}:{max([least_bits, *smaller[:1]])}"


def next_layout(layouts: ActiveLayouts, entries_per_bucket: float) -> BucketLayout | None:
    """The layout with four times as many buckets, if workers should begin to use it now, else None.

    They should when the buckets are full (320 entries on average) and no earlier move of buckets is
    unfinished.
    """
    layout = layouts.written
    moving = any(move.old.generation == layout.generation for move in layouts.moves)
    if entries_per_bucket < FULL_BUCKET or moving or layout.is_last:
        return None
    return layout.grown


def expired_fields(generation: int, state: LayoutState) -> list[str]:
    """The fields of the Redis hash aw:buckets that can be removed, because they describe
    generations (time windows) before the previous one, which are no longer read."""
    return [field for field in state if int(field.split(":")[0]) < generation - 1]
