"""Compute where the owner of a hash is stored, from the state of the buckets on the server.

The owner of a hash is the first article that had it. A bucket is a Redis hash with the owners of
some hashes. A generation is a window of the server's clock. It begins with a quarter of the buckets
that the generation before ended with, and gets four times as many whenever they are full. A layout
is a generation at one number of buckets. Entries of a layout are moved to the next one
(resharding.py), so at most two layouts of a generation are read at a time.

A field is 13 bits of a hash, and its value is the owner: both are integers, which are small in a
listpack. Below the owner, a value holds spare bits of its hash. They tell to which new bucket an
entry moves, and tell most hashes with equal fields apart. A value loses its lowest bits each time
the buckets grow, when there are that many more owners to tell apart. So values stay below 24 bits
while articles have the usual number of hashes; larger values take a byte more.
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

    It tells the keys of the buckets and how their entries are packed.
    """

    generation: int
    bits: int
    first: int  # bits that the generation began with
    base: int  # number of the newest article at its beginning; owners are stored relative to it

    @property
    def hashes(self) -> str:
        """Prefix of the keys that hold the owners of hashes."""
        return f"aw:h:{self.generation}:{self.bits}:"

    @property
    def ids(self) -> str:
        """Prefix of the keys that hold the numbers of article ids."""
        return f"aw:i:{self.generation}:{self.bits}:"

    @property
    def id_bits(self) -> int:
        return self.bits - COARSER_BITS

    def id_key(self, field: bytes) -> str:
        """The key that holds the number of an article id; `field` is its first bytes."""
        mask = (1 << self.id_bits) - 1
        return f"{self.ids}{int.from_bytes(field[:4], 'big') & mask}"

    @property
    def field(self) -> str:
        """The field of STATE that tells how many buckets were moved to this layout."""
        return f"{self.generation}:{self.bits}"

    @property
    def grown(self) -> "BucketLayout":
        """The layout of the same generation with four times as many buckets."""
        return self._replace(bits=self.bits + GROWTH_BITS)

    @property
    def spare_bits(self) -> int:
        """Number of bits of the hash that a value holds below the number of the owner."""
        at_first = max(LEAST_SPARE_BITS, VALUE_BITS - OWNER_BITS - self.first)
        return at_first - (self.bits - self.first)

    @property
    def is_last(self) -> bool:
        """Whether this layout can't grow: values have too few spare bits to divide its buckets."""
        return self.spare_bits < GROWTH_BITS

    def split(self, value: bytes) -> tuple[int, int]:
        """Where an entry moves when its bucket is divided into four.

        Returns which of the four buckets (0 to 3) gets the entry, and its value there.
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
    """The progress of moving the entries of a layout to the next one, with four times the buckets.

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
    """The layouts that are read and written now, and the unfinished moves between them.

    `read` has the layouts of the running generation, newest first, then those of the one before.
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
        """Whether the running generation is read from two layouts."""
        return any(layout.generation == self.written.generation for layout in self.older)


class IndexHashes(NamedTuple):
    """The hashes of several fingerprints, as arrays, to compute keys and values for all at once.

    Each fingerprint contributes the hash of its whole text, then the hashes of its sketch.
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
        """The spare bits of each hash, which tell its value from that of another hash.

        `owner_of` compares them with the spare bits in a stored value.
        """
        spares: list[int] = self._spares(layout).tolist()
        return spares

    def _spares(self, layout: BucketLayout) -> NDArray[np.int64]:
        mask = np.uint64((1 << layout.spare_bits) - 1)
        return (self.high_bits >> np.uint64(layout.bits) & mask).astype(np.int64)

    def values(self, layout: BucketLayout, numbers: Sequence[int]) -> list[int]:
        """The values to store so that articles become the owners of their hashes in this layout.

        `numbers` holds the article number of each fingerprint.
        """
        owners = np.repeat(np.array(numbers, np.int64) - layout.base, np.diff(self.bounds))
        packed = (owners << layout.spare_bits | self._spares(layout)) - VALUE_OFFSET
        values: list[int] = packed.tolist()
        return values


def owner_of(value: bytes | None, spare: int, layout: BucketLayout) -> int | None:
    """The number of the article that owns a hash, read from the stored value of the hash's field.

    None when the field is empty, or holds another hash, whose spare bits differ from `spare`.
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
    """Decode a reply to HGETALL of the key STATE, which tells how far buckets were moved."""
    texts = [text.decode() for text in flat_reply(reply)]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def active_layouts(generation: int, state: LayoutState) -> ActiveLayouts:
    """The layouts to read while `generation` runs: its own, and those of the generation before.

    Its own are left out until `state` has an entry for it, which its first article makes.
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
    """The field and value to write to STATE to begin a generation.

    `newest` is the number of the newest article; there are 2**least_bits buckets or more.
    """
    smaller = [layout.bits - GROWTH_BITS for layout in active_layouts(generation, state).read]
    return str(generation), f"{newest}:{max([least_bits, *smaller[:1]])}"


def next_layout(layouts: ActiveLayouts, entries_per_bucket: float) -> BucketLayout | None:
    """The layout with four times the buckets, if it should be opened now, else None.

    It should be when the buckets are full and no earlier move of buckets is unfinished.
    """
    layout = layouts.written
    moving = any(move.old.generation == layout.generation for move in layouts.moves)
    if entries_per_bucket < FULL_BUCKET or moving or layout.is_last:
        return None
    return layout.grown


def expired_fields(generation: int, state: LayoutState) -> list[str]:
    """The fields of STATE that can be removed, because their generations are read no longer."""
    return [field for field in state if int(field.split(":")[0]) < generation - 1]
