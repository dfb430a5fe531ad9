"""Compute where the index stores which article was the first with a text hash.

That article is called the owner of the hash. Owners are stored in buckets, which are Redis hashes.
Each time window of the server's clock, a generation, has buckets of its own; when these are full,
it gets four times as many. A layout means the buckets of one window while they have a certain
number. After each growth, resharding.py moves the entries from the old layout to the new one.

An entry of a bucket is a pair of integers, field and value. The field has 13 bits of the text hash.
The upper bits of the value are the number of the owner. The lower bits are called spare bits:
further bits of the text hash, which tell hashes with equal fields apart, and which choose the new
bucket when the buckets grow.
"""

from collections.abc import Mapping
from itertools import chain
from typing import Any, NamedTuple

from worker.model.text_hashes import SKETCH_VERSION

# Each time the buckets grow fourfold, two spare bits become part of the bucket's number, so values
# lose them. Four times as many articles take two bits more for the number of the owner. So values
# stay below 24 bits while articles have the usual number of hashes; larger ones take a byte more.
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

A field `generation` has the value `base:bits`; a field `generation:bits` has the number of buckets;
a field `generation:sketch` has the version of the sketches by which its articles are registered.
"""


class BucketLayout(NamedTuple):
    """Over how many Redis hashes, called buckets, the index spreads its entries for one time
    window.

    There are 2**bits buckets; when they are full, `bits` grows. `generation` is the number of the
    window. When it began, `bits` was `first`, and `base` was the number of the newest article;
    entries store article numbers minus `base`, which take less space. `sketch_version` says how the
    text hashes with entries were chosen; 1 stands for a choice of a former release.
    """

    generation: int
    bits: int
    first: int  # bits that the generation began with
    base: int  # number of the newest article at its beginning; owners are stored relative to it
    sketch_version: int = 1

    @property
    def hashes(self) -> str:
        """How the Redis keys begin under which the index stores its entries about text hashes.

        An entry says which article was the first with a text hash. The entries are spread over many
        Redis hashes; the key of each is this text and the number of the Redis hash.
        """
        return f"aw:h:{self.generation}:{self.bits}:"

    @property
    def ids(self) -> str:
        """How the Redis keys begin under which the index stores the numbers of articles.

        The numbers are spread over many Redis hashes; the key of each is this text and the number
        of the Redis hash.
        """
        return f"aw:i:{self.generation}:{self.bits}:"

    @property
    def id_bits(self) -> int:
        return self.bits - COARSER_BITS

    def id_key(self, field: bytes) -> str:
        """Return the key of the Redis hash in which the number of an article is stored.

        `field` is the first 7 bytes of the article's id. It chooses the Redis hash, and is the name
        of the entry in it.
        """
        mask = (1 << self.id_bits) - 1
        return f"{self.ids}{int.from_bytes(field[:4], 'big') & mask}"

    @property
    def field(self) -> str:
        """The name under which the Redis hash aw:buckets stores how far the index has grown to
        these buckets (the Redis hashes with its entries): how many of the former ones were moved.

        It consists of the number of the time window and `bits`, such as `1234:14`.
        """
        return f"{self.generation}:{self.bits}"

    @property
    def grown(self) -> "BucketLayout":
        """What this layout becomes when the index grows: the same time window, with four times as
        many buckets (the Redis hashes with the entries of the index)."""
        return self._replace(bits=self.bits + GROWTH_BITS)

    @property
    def spare_bits(self) -> int:
        """How many bits of a text hash the index stores together with the number of an article.

        An entry of the index is one integer: the upper bits are the number of the article that was
        the first with the text hash, and the lower bits are these.
        """
        at_first = max(LEAST_SPARE_BITS, VALUE_BITS - OWNER_BITS - self.first)
        return at_first - (self.bits - self.first)

    @property
    def is_last(self) -> bool:
        """Whether the index can't grow any more in this time window, because it has the greatest
        possible number of buckets (Redis hashes) already."""
        return self.spare_bits < GROWTH_BITS

    def split(self, value: bytes) -> tuple[int, int]:
        """Compute to which new Redis hash an entry moves when the index grows.

        Growth divides each Redis hash into four. `value` is the stored integer, which tells which
        article was the first with a certain text hash. Returns which of the four gets the entry (0
        to 3), and the integer to store there; it has two bits of the text hash less.
        """
        bits = int(value) + VALUE_OFFSET
        return bits & (1 << GROWTH_BITS) - 1, (bits >> GROWTH_BITS) - VALUE_OFFSET

    def split_id(self, field: bytes, value: bytes) -> tuple[int, bytes]:
        """Compute to which new Redis hash the number of an article moves when the index grows.

        Growth divides each Redis hash into four. `field` is the first 7 bytes of the article's id,
        and `value` its number. Returns which of the four gets the number (0 to 3), and `value`
        unchanged.
        """
        mask = (1 << GROWTH_BITS) - 1
        return int.from_bytes(field[:4], "big") >> self.id_bits & mask, value


class BucketMove(NamedTuple):
    """How far the entries of one time window have been moved to four times as many Redis hashes.

    `old` describes the old Redis hashes. First each is copied and deleted, then each is deleted
    once more, because a late worker may have written to it. `done` counts both, so the move is over
    when `done` is twice the number of old Redis hashes.
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
    """The Redis hashes (buckets) of the index that workers read and write at present.

    `read` has those of the current time window, which are also written, and then those of the
    window before. While the entries of a window are moved to four times as many buckets, it has
    both the new and the old ones, and `moves` tells how far each such move has come.
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
        """Whether the index is growing in the current time window: its entries are being moved to
        four times as many Redis hashes. Until all have been copied, the new and the old ones are
        read."""
        return any(layout.generation == self.written.generation for layout in self.older)


def flat_reply(reply: Any) -> list[bytes]:
    """Turn the server's reply to HGETALL into a list: field, value, field, value …

    With version 3 of the Redis protocol the reply is a dict; with version 2 it is such a list
    already.
    """
    return [*chain.from_iterable(reply.items())] if isinstance(reply, dict) else reply


def layout_state(reply: Any) -> LayoutState:
    """Decode the server's reply to HGETALL of the Redis hash aw:buckets, as a dict of strings.

    It tells with how many buckets (Redis hashes with entries of the index) each time window began,
    and, for windows that got more, how many old buckets were moved to the new ones.
    """
    texts = [text.decode() for text in flat_reply(reply)]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def active_layouts(generation: int, state: LayoutState) -> ActiveLayouts:
    """Return which Redis hashes (buckets) of the index workers read in a time window: its own, if
    it has any yet, and those of the window before.

    `generation` is the number of the window. `state` is the content of the Redis hash aw:buckets,
    which says how many buckets each window has.
    """
    read: list[BucketLayout] = []
    moves: list[BucketMove] = []
    for g in (generation, generation - 1):
        if str(g) not in state:
            continue
        base, first = map(int, state[str(g)].split(":"))
        layout = BucketLayout(g, first, first, base, int(state.get(_sketch_field(g), 1)))
        while (grown := layout.grown).field in state:
            move, layout = BucketMove(layout, int(state[grown.field])), grown
        read.append(layout)
        if layout.bits > first and not move.over:
            moves.append(move)
            read += [] if move.copied else [move.old]
    return ActiveLayouts(tuple(read), tuple(moves))


def sketch_entry(generation: int, state: LayoutState) -> tuple[str, int]:
    """Return the name and the value to add to the Redis hash aw:buckets when a new time window of
    the index begins. The value says how the text hashes are chosen by which articles are
    registered.

    It is the version of the present method. But if a worker of a former release began the window
    before, such workers may still register articles by their method, and the value is 1.
    `generation` is the number of the new window, `state` the present content of aw:buckets.
    """
    before = generation - 1
    after_former = str(before) in state and _sketch_field(before) not in state
    return _sketch_field(generation), 1 if after_former else SKETCH_VERSION


def former_sketch_entry(generation: int) -> tuple[str, int]:
    """Return an entry for the Redis hash aw:buckets, its name and value. It says that a time window
    of the index has articles registered by text hashes that a former release chose. `generation` is
    the number of the window."""
    return _sketch_field(generation), 1


def _sketch_field(generation: int) -> str:
    return f"{generation}:sketch"


def new_generation(
    generation: int, newest: int, state: LayoutState, least_bits: int
) -> tuple[str, str]:
    """Return what to write to the Redis hash aw:buckets when the index begins a new time window:
    the name of an entry, and its value.

    They say with how many Redis hashes the window begins: a quarter of those of the window before,
    but at least 2**least_bits. `generation` is the number of the window. `newest` is the number of
    the newest article; the value keeps it, as the number at which the window began. `state` is the
    present content of aw:buckets.
    """
    smaller = [layout.bits - GROWTH_BITS for layout in active_layouts(generation, state).read]
    return str(generation), f"{newest}:{max([least_bits, *smaller[:1]])}"


def next_layout(layouts: ActiveLayouts, entries_per_bucket: float) -> BucketLayout | None:
    """Decide whether the index must grow: if its Redis hashes (buckets) are full, return the layout
    with four times as many, else None.

    They are full if they have 320 entries or more on average (`entries_per_bucket`). None is also
    returned while an earlier growth is not finished, or if there can be no more buckets.
    """
    layout = layouts.written
    moving = any(move.old.generation == layout.generation for move in layouts.moves)
    if entries_per_bucket < FULL_BUCKET or moving or layout.is_last:
        return None
    return layout.grown


def expired_fields(generation: int, state: LayoutState) -> list[str]:
    """Return the fields that may be deleted from the Redis hash aw:buckets, because they are about
    time windows that the index no longer reads.

    It reads the window with the number `generation` and the one before. `state` is the present
    content of aw:buckets.
    """
    return [field for field in state if int(field.split(":")[0]) < generation - 1]
