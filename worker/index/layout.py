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
    """Where the index stores its entries in one time window (`generation`) while it has 2**bits
    buckets.

    A bucket is a Redis hash with some of the entries. This class computes the keys of the buckets,
    and packs entries into integers. `first` is the value of `bits` with which the window began.
    `base` is the number of the newest article at that time; article numbers are stored as
    differences from it.
    """

    generation: int
    bits: int
    first: int  # bits that the generation began with
    base: int  # number of the newest article at its beginning; owners are stored relative to it

    @property
    def hashes(self) -> str:
        """The common beginning of the Redis keys that hold, for each text hash, the first article
        that had it.

        The number of a bucket (one such Redis hash) follows it.
        """
        return f"aw:h:{self.generation}:{self.bits}:"

    @property
    def ids(self) -> str:
        """The common beginning of the Redis keys that hold, for each article id, the article's
        number.

        The number of a bucket (one such Redis hash) follows it.
        """
        return f"aw:i:{self.generation}:{self.bits}:"

    @property
    def id_bits(self) -> int:
        return self.bits - COARSER_BITS

    def id_key(self, field: bytes) -> str:
        """Return the key of the Redis hash in which the number of an article is found by its id.

        `field` is the first 7 bytes of the article's id. It is also the field under which that
        Redis hash has the number.
        """
        mask = (1 << self.id_bits) - 1
        return f"{self.ids}{int.from_bytes(field[:4], 'big') & mask}"

    @property
    def field(self) -> str:
        """The field of the Redis hash aw:buckets that belongs to this time window and number of
        buckets.

        Its value tells how many of the old, fewer buckets have been moved to the present ones. A
        bucket is a Redis hash with some entries of the index.
        """
        return f"{self.generation}:{self.bits}"

    @property
    def grown(self) -> "BucketLayout":
        """The layout that follows this one: the same time window with four times as many buckets.

        A bucket is a Redis hash with some entries of the index.
        """
        return self._replace(bits=self.bits + GROWTH_BITS)

    @property
    def spare_bits(self) -> int:
        """How many of the lower bits of a stored value are taken from the text hash.

        The bits above them are the number of the owner, the first article that had this hash.
        """
        at_first = max(LEAST_SPARE_BITS, VALUE_BITS - OWNER_BITS - self.first)
        return at_first - (self.bits - self.first)

    @property
    def is_last(self) -> bool:
        """Whether the number of buckets, the Redis hashes that hold the entries, can't grow any
        more.

        When a bucket is divided into four, two bits of each entry's value tell which of the four
        gets the entry, and these bits are used up. So growing ends when fewer than two such bits
        are left.
        """
        return self.spare_bits < GROWTH_BITS

    def split(self, value: bytes) -> tuple[int, int]:
        """Return to which of four new buckets the entry of a text hash moves when its bucket is
        divided.

        `value` is the entry's value. Its two lowest bits choose the bucket (0 to 3). Returns that
        number, and the value to store there, which no longer has these two bits.
        """
        bits = int(value) + VALUE_OFFSET
        return bits & (1 << GROWTH_BITS) - 1, (bits >> GROWTH_BITS) - VALUE_OFFSET

    def split_id(self, field: bytes, value: bytes) -> tuple[int, bytes]:
        """Return to which of four new buckets the entry of an article id moves when its bucket is
        divided.

        `field` holds the first 7 bytes of the id, of which two bits choose the bucket; `value` is
        the article's number. Returns the number of the bucket (0 to 3), and `value` unchanged.
        """
        mask = (1 << GROWTH_BITS) - 1
        return int.from_bytes(field[:4], "big") >> self.id_bits & mask, value


class BucketMove(NamedTuple):
    """How far the entries of a time window have been moved from old buckets to four times as many.

    A bucket is a Redis hash with some entries of the index. `old` describes the old buckets. `done`
    first counts those that were copied to new ones and dropped. After the last one it counts on
    while all are dropped once more, because late workers may have written entries to them. The move
    is over when it is twice the number of old buckets.
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
    """Which buckets, the Redis hashes of the index, workers read and write at present.

    Each item of `read` stands for the buckets of one time window at one number of buckets: first
    the current window, to whose newest buckets workers write, then the window before. A window has
    two items while entries are moved from its old buckets to four times as many; `moves` tells how
    far such moves are.
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
        """Whether entries of the current time window are being moved to four times as many buckets.

        A bucket is a Redis hash with some entries of the index. Until all have been copied, the old
        and the new buckets are both read.
        """
        return any(layout.generation == self.written.generation for layout in self.older)


class IndexHashes(NamedTuple):
    """The text hashes of several articles in common arrays, to compute where all are stored at
    once.

    Of each article there is the hash of its whole text, then its sketch, the smallest hashes of its
    three-word sequences. For each hash, `fields` has the lowest 13 bits, its field in a Redis hash,
    and `high_bits` all bits above them, which choose the Redis hash. `bounds` has the position of
    each article's first hash, and at the end the number of hashes.
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
        """Return for each text hash the key of the Redis hash that stores which article had it
        first.

        `layout` tells how many such Redis hashes, called buckets, there are. The hash's bits above
        the lowest 13 choose one of them.
        """
        mask, prefix = np.uint64((1 << layout.bits) - 1), layout.hashes
        return [f"{prefix}{bucket}" for bucket in (self.high_bits & mask).tolist()]

    def spares(self, layout: BucketLayout) -> list[int]:
        """Return for each text hash those of its bits that are stored in the value of its entry.

        Neither the Redis key nor the field of the entry has these bits. If they differ from those
        in a value that was found there, the value belongs to another text hash with the same key
        and field.
        """
        spares: list[int] = self._spares(layout).tolist()
        return spares

    def _spares(self, layout: BucketLayout) -> NDArray[np.int64]:
        mask = np.uint64((1 << layout.spare_bits) - 1)
        return (self.high_bits >> np.uint64(layout.bits) & mask).astype(np.int64)

    def values(self, layout: BucketLayout, numbers: Sequence[int]) -> list[int]:
        """Return for each text hash the integer to store, which says that its article was the first
        to have it.

        It packs the number of the article and some bits of the hash. `numbers` has the article
        number of each fingerprint from which these hashes were made.
        """
        owners = np.repeat(np.array(numbers, np.int64) - layout.base, np.diff(self.bounds))
        packed = (owners << layout.spare_bits | self._spares(layout)) - VALUE_OFFSET
        values: list[int] = packed.tolist()
        return values


def owner_of(value: bytes | None, spare: int, layout: BucketLayout) -> int | None:
    """Return the number of the first article that had a text hash, from the value stored for the
    hash.

    `spare` has the bits of the hash that the value must contain. Returns None if there is no value,
    or if it has other bits: then it belongs to another hash with the same key and field.
    """
    if value is None:
        return None
    bits = int(value) + VALUE_OFFSET
    is_same_hash = bits & (1 << layout.spare_bits) - 1 == spare
    return (bits >> layout.spare_bits) + layout.base if is_same_hash else None


def flat_reply(reply: Any) -> list[bytes]:
    """Turn the server's reply to HGETALL into a list: field, value, field, value …

    The reply is a dict in version 3 of the Redis protocol, and such a list already in version 2.
    """
    return [*chain.from_iterable(reply.items())] if isinstance(reply, dict) else reply


def layout_state(reply: Any) -> LayoutState:
    """Decode the content of the Redis hash aw:buckets, which describes the buckets of the index.

    It tells which time windows began with how many buckets (Redis hashes with entries), and how
    many of these were moved when their number grew. `reply` is the server's reply to HGETALL.
    """
    texts = [text.decode() for text in flat_reply(reply)]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def active_layouts(generation: int, state: LayoutState) -> ActiveLayouts:
    """Return which buckets workers read in the time window with number `generation`.

    A bucket is a Redis hash with entries of the index. The buckets of this window and of the one
    before are read. `state` is the content of the Redis hash aw:buckets, which lists the buckets of
    each window. It does not name a window before the window's first article is registered; until
    then only the buckets of the window before are returned.
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
    """Return the field and value to write to the Redis hash aw:buckets when a time window begins.

    `generation` is the number of the window, `newest` that of the newest article, and `state` the
    present content of aw:buckets. The value says with how many buckets (Redis hashes with entries)
    the window begins: a quarter of those of the window before, but at least 2**least_bits.
    """
    smaller = [layout.bits - GROWTH_BITS for layout in active_layouts(generation, state).read]
    return str(generation), f"{newest}:{max([least_bits, *smaller[:1]])}"


def next_layout(layouts: ActiveLayouts, entries_per_bucket: float) -> BucketLayout | None:
    """Return the layout with four times as many buckets if workers should use it from now on, else
    None.

    A bucket is a Redis hash with entries of the index. Workers should when the buckets have 320
    entries on average or more (`entries_per_bucket`), their number can still grow, and no earlier
    move of entries to more buckets is unfinished.
    """
    layout = layouts.written
    moving = any(move.old.generation == layout.generation for move in layouts.moves)
    if entries_per_bucket < FULL_BUCKET or moving or layout.is_last:
        return None
    return layout.grown


def expired_fields(generation: int, state: LayoutState) -> list[str]:
    """Return the fields of the Redis hash aw:buckets that can be removed.

    They describe the buckets of time windows that end before the window `generation - 1` begins,
    which are read no longer. `state` is the present content of aw:buckets.
    """
    return [field for field in state if int(field.split(":")[0]) < generation - 1]
