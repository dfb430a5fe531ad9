"""Where a hash has its owner: what the server says of its buckets comes in, keys and values go out.

A generation is a window of the server's clock. It begins with a quarter of the buckets that the one
before ended with, and has four times as many whenever they are full: a layout is a generation at
one number of buckets. What is written under one layout is moved to the next (growth.py), so at
most two of a generation are ever read.

A field is 13 bits of a hash and its value the owner: both are integers, which are small in a
listpack. Behind the owner stand the spare bits of its hash, which tell to which of the new buckets
an entry goes, and most hashes apart that have the same field. Growing uses them up: a value loses
its lowest bits with every growth, while there are so many more owners to tell apart. So values stay
below 24 bits for as long as articles have no fewer hashes than usual; larger ones take a byte more.
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
OWNER_BITS = 5  # beside those of the bucket: a full one has hashes for 2**4 articles
LEAST_SPARE_BITS = 5
MIDDLE = 1 << VALUE_BITS - 1  # an integer is signed
ID_BYTES = 7
COARSER_BITS = 4  # an article has one id for 2**4 hashes
FULL = (
    320  # hashes a bucket on average: up to 512 are in a listpack; a quarter costs few bytes more
)
STATE = "aw:buckets"

Said = Mapping[str, str]  # what the server has of its layouts


class Layout(NamedTuple):
    """A generation at 2**bits buckets."""

    generation: int
    bits: int
    first: int  # bits it began with
    base: int  # the number of the newest article when it began: owners are told from it

    @property
    def hashes(self) -> str:
        """What the keys of its hashes begin with."""
        return f"aw:h:{self.generation}:{self.bits}:"

    @property
    def ids(self) -> str:
        return f"aw:i:{self.generation}:{self.bits}:"

    @property
    def id_bits(self) -> int:
        return self.bits - COARSER_BITS

    def id_key(self, field: bytes) -> str:
        mask = (1 << self.id_bits) - 1
        return f"{self.ids}{int.from_bytes(field[:4], 'big') & mask}"

    @property
    def field(self) -> str:
        """Where the server keeps how far the move from the layout before has come."""
        return f"{self.generation}:{self.bits}"

    @property
    def grown(self) -> "Layout":
        return self._replace(bits=self.bits + GROWTH_BITS)

    @property
    def spare_bits(self) -> int:
        begun = max(LEAST_SPARE_BITS, VALUE_BITS - OWNER_BITS - self.first)
        return begun - (self.bits - self.first)

    @property
    def last(self) -> bool:
        """Whether nothing tells to which new buckets its entries would go."""
        return self.spare_bits < GROWTH_BITS

    def moved(self, value: bytes) -> tuple[int, int]:
        """To which of the new buckets that come of one does an entry go, and as which value?"""
        its = int(value) + MIDDLE
        return its & (1 << GROWTH_BITS) - 1, (its >> GROWTH_BITS) - MIDDLE

    def id_moved(self, field: bytes, value: bytes) -> tuple[int, bytes]:
        mask = (1 << GROWTH_BITS) - 1
        return int.from_bytes(field[:4], "big") >> self.id_bits & mask, value


class Move(NamedTuple):
    """From a layout to the next: its buckets are copied one after the other, then dropped."""

    old: Layout
    done: int  # buckets copied, and from 2**bits on dropped

    @property
    def copied(self) -> bool:
        return self.done >= 1 << self.old.bits

    @property
    def over(self) -> bool:
        return self.done >= 2 << self.old.bits


class Layouts(NamedTuple):
    """Those of the running generation, the newest first, then those of the one before."""

    read: tuple[Layout, ...]
    moves: tuple[Move, ...]

    @property
    def written(self) -> Layout:
        return self.read[0]

    @property
    def others(self) -> tuple[Layout, ...]:
        return self.read[1:]

    @property
    def growing(self) -> bool:
        """Whether the running generation is read from two layouts."""
        return any(layout.generation == self.written.generation for layout in self.others)


class Hashes(NamedTuple):
    """Hashes of some fingerprints, one after the other: that of the text, then its sketch."""

    fields: list[int]
    places: NDArray[np.uint64]
    bounds: list[int]  # where each fingerprint's begin, and where the last ends

    @classmethod
    def of(cls, fingerprints: Sequence[Fingerprint]) -> "Hashes":
        every = [
            hash_ for each in fingerprints for hash_ in (int(each.text_hash[:16], 16), *each.sketch)
        ]
        bounds = [0]
        for each in fingerprints:
            bounds.append(bounds[-1] + 1 + len(each.sketch))
        hashes = np.array(every, np.uint64)
        fields = (hashes & np.uint64((1 << FIELD_BITS) - 1)).astype(np.int64) - (
            1 << FIELD_BITS - 1
        )
        # A sketch is the smallest hashes, whose high bits are all zero: buckets take the low ones.
        return cls(fields.tolist(), hashes >> np.uint64(FIELD_BITS), bounds)

    def keys(self, layout: Layout) -> list[str]:
        mask, begin = np.uint64((1 << layout.bits) - 1), layout.hashes
        return [f"{begin}{bucket}" for bucket in (self.places & mask).tolist()]

    def spares(self, layout: Layout) -> list[int]:
        spares: list[int] = self._spares(layout).tolist()
        return spares

    def _spares(self, layout: Layout) -> NDArray[np.int64]:
        mask = np.uint64((1 << layout.spare_bits) - 1)
        return (self.places >> np.uint64(layout.bits) & mask).astype(np.int64)

    def values(self, layout: Layout, numbers: Sequence[int]) -> list[int]:
        """What says that these articles own their hashes."""
        owners = np.repeat(np.array(numbers, np.int64) - layout.base, np.diff(self.bounds))
        its = (owners << layout.spare_bits | self._spares(layout)) - MIDDLE
        values: list[int] = its.tolist()
        return values


def owner(value: bytes | None, spare: int, layout: Layout) -> int | None:
    """Whom a value names; None where there is none, or it is of another hash."""
    if value is None:
        return None
    said = int(value) + MIDDLE
    of_it = said & (1 << layout.spare_bits) - 1 == spare
    return (said >> layout.spare_bits) + layout.base if of_it else None


def flat(reply: Any) -> list[bytes]:
    """Of the reply to HGETALL, in RESP 2 or 3: fields and values by turns."""
    return [*chain.from_iterable(reply.items())] if isinstance(reply, dict) else reply


def said(reply: Any) -> Said:
    its = [each.decode() for each in flat(reply)]
    return dict(zip(its[::2], its[1::2], strict=True))


def layouts_at(generation: int, known: Said) -> Layouts:
    """The running generation is left out until it has begun."""
    read: list[Layout] = []
    moves: list[Move] = []
    for each in (generation, generation - 1):
        if str(each) not in known:
            continue
        base, first = map(int, known[str(each)].split(":"))
        layout = Layout(each, first, first, base)
        while (grown := layout.grown).field in known:
            move, layout = Move(layout, int(known[grown.field])), grown
        read.append(layout)
        if layout.bits > first and not move.over:
            moves.append(move)
            read += [] if move.copied else [move.old]
    return Layouts(tuple(read), tuple(moves))


def beginning(generation: int, newest: int, known: Said, least_bits: int) -> tuple[str, str]:
    """The field and the value that say that a generation has begun."""
    before = [its.bits - GROWTH_BITS for its in layouts_at(generation, known).read]
    return str(generation), f"{newest}:{max([least_bits, *before[:1]])}"


def to_open(layouts: Layouts, filled: float) -> Layout | None:
    """The layout to go on with, once the written one is full and everything was moved to it."""
    layout = layouts.written
    moving = any(move.old.generation == layout.generation for move in layouts.moves)
    return None if filled < FULL or moving or layout.last else layout.grown


def past(generation: int, known: Said) -> list[str]:
    """Fields of generations that nobody reads any more."""
    return [field for field in known if int(field.split(":")[0]) < generation - 1]
