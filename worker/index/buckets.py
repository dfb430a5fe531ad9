"""Read and write the buckets of the index on the server, add buckets, and let old ones expire.

A bucket is a Redis hash with the owners of some hashes. A generation is a time window of the
server's clock, and a layout is a generation with a certain number of buckets (layout.py).
"""

from collections.abc import Sequence
from typing import Any

from worker.errors import Unavailable
from worker.index.candidates import IndexRules
from worker.index.layout import (
    STATE,
    ActiveLayouts,
    BucketLayout,
    LayoutState,
    active_layouts,
    expired_fields,
    layout_state,
    new_generation,
    next_layout,
)
from worker.index.redis_client import Command, RedisClient
from worker.index.resharding import advance

DAY_S = 86_400
SAMPLED_BUCKETS = 8  # whose fill level is read with each batch
LOCK_S = 30  # until another worker moves buckets, if the one that does it dies
READ_LAYOUTS: tuple[Command, ...] = (("TIME",), ("HGETALL", STATE))


class Buckets:
    """Access to the buckets on the server: writes entries, begins generations, adds buckets."""

    def __init__(self, client: RedisClient, rules: IndexRules) -> None:
        self._client = client
        self._least_bits = rules.bucket_bits
        self.window_s = rules.window_days * DAY_S
        self._expiring: set[str] = set()  # keys that this process has given an expiry
        self._written: BucketLayout | None = None
        self._newest = 0

    def now_s(self) -> int:
        """The server's clock, in Unix seconds."""
        [(now_s, _)] = self._client.execute([("TIME",)])
        return int(now_s)

    def layouts(self) -> ActiveLayouts:
        """Read which layouts are in use now.

        The running generation is not among them until its first article is registered.
        """
        return self.parse_layouts(self._client.execute(READ_LAYOUTS))

    def parse_layouts(self, replies: Sequence[Any]) -> ActiveLayouts:
        """Read the layouts in use from the server's replies to the commands READ_LAYOUTS."""
        (now_s, _), reply = replies
        return active_layouts(int(now_s) // self.window_s, layout_state(reply))

    def reserve(self, count: int) -> tuple[ActiveLayouts, int]:
        """Reserve `count` consecutive article numbers for new entries of the index.

        Return the layouts that those entries must be written to, and the last of the numbers. Takes
        one round trip, and a second one when a new generation (time window) begins.
        """
        counting = ("INCRBY", "aw:next", count)
        (now_s, _), reply, newest = self._client.execute([*READ_LAYOUTS, counting])
        layouts = self._begin(int(now_s) // self.window_s, newest, layout_state(reply))
        if layouts.written != self._written or newest < self._newest:
            self._expiring.clear()  # a new layout has new buckets; so has an index that was emptied
        self._written, self._newest = layouts.written, newest
        return layouts, newest

    def layouts_of(self, generation: int) -> ActiveLayouts:
        """Return the layouts (see the module) of a generation: the current time window, or an
        earlier one.

        A generation that has no layout yet gets its first one, which is stored. Takes one or two
        round trips.
        """
        newest, reply = self._client.execute([("GET", "aw:next"), ("HGETALL", STATE)])
        return self._begin(generation, int(newest or 0), layout_state(reply))

    def _begin(self, generation: int, newest: int, state: LayoutState) -> ActiveLayouts:
        if str(generation) not in state:
            entry = new_generation(generation, newest, state, self._least_bits)
            begin = ("HSETNX", STATE, *entry)
            removals = [("HDEL", STATE, field) for field in expired_fields(generation, state)]
            expiry = ("EXPIRE", STATE, 3 * self.window_s)
            *_, reply = self._client.execute([begin, *removals, expiry, ("HGETALL", STATE)])
            state = layout_state(reply)
            if str(generation) not in state:  # the expiry made it a key that may be evicted
                raise Unavailable("index", "its server is full, and evicts what is written")
        return active_layouts(generation, state)

    def write(
        self, commands: Sequence[Command], keys: Sequence[str], layout: BucketLayout
    ) -> tuple[list[Any], float]:
        """Send commands that write to the buckets `keys`, in one round trip.

        Also sets the expiry of buckets that the commands may have created. Returns the replies to
        the commands, and the average number of entries in the first SAMPLED_BUCKETS buckets.
        """
        created, expiry = set(keys) - self._expiring, self.expires(layout)
        expiries = [("EXPIREAT", key, expiry) for key in created]
        lengths = [("HLEN", key) for key in keys[:SAMPLED_BUCKETS]]
        replies = self._client.execute([*commands, *expiries, *lengths])
        self._expiring |= created
        return replies[: len(commands)], sum(replies[-len(lengths) :]) / len(lengths)

    def expires(self, layout: BucketLayout) -> int:
        """The Unix second at which the buckets of a layout expire.

        It is a day after the generation is read no longer, for batches that run late.
        """
        return (layout.generation + 2) * self.window_s + DAY_S

    def grow(self, layouts: ActiveLayouts, entries_per_bucket: float) -> None:
        """Open a layout with more buckets when the present ones are full.

        If one has been opened already, move some buckets to it, unless another worker is doing so.
        """
        if opened := next_layout(layouts, entries_per_bucket):
            self._client.execute([("HSETNX", STATE, opened.field, 0)])
        elif layouts.moves:
            lock = ("SET", "aw:turn:move", "1", "NX", "EX", LOCK_S)
            if self._client.execute([lock])[0]:
                # Read again: the worker that had the lock before may have moved these buckets.
                for move in self.layouts().moves[:1]:
                    advance(self._client, move, self.expires(move.old))
                self._client.execute([("DEL", "aw:turn:move")])
