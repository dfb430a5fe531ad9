"""Read and write the buckets of the index on the server, add buckets, and let old ones expire.

A bucket is a Redis hash with one entry for each of many text hashes: the number of the first
article that had this text or three-word sequence. Each time window of the server's clock, called a
generation, has buckets of its own. When they are full, the generation gets four times as many
(layout.py); the generation with a certain number of buckets is called a layout.
"""

from collections.abc import Sequence
from typing import Any

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
    """Access to the buckets on the Redis server, the Redis hashes in which the index stores its
    entries.

    An entry says which article was the first with a certain text hash. This class writes entries,
    begins new buckets for each time window, and adds buckets when those of the window are full.
    """

    def __init__(self, client: RedisClient, rules: IndexRules) -> None:
        self._client = client
        self._least_bits = rules.bucket_bits
        self.window_s = rules.window_days * DAY_S
        self._expiring: set[str] = set()  # keys that this process has given an expiry
        self._written: BucketLayout | None = None
        self._newest = 0

    def now_s(self) -> int:
        """Return the time of the Redis server's clock, in Unix seconds."""
        [(now_s, _)] = self._client.execute([("TIME",)])
        return int(now_s)

    def layouts(self) -> ActiveLayouts:
        """Read from the server which buckets, the Redis hashes of the index, are in use now.

        They are those of the current time window and of the one before, with the number of buckets
        of each. The current window is left out until its first article is registered.
        """
        return self.parse_layouts(self._client.execute(READ_LAYOUTS))

    def parse_layouts(self, replies: Sequence[Any]) -> ActiveLayouts:
        """Find out from the server's replies which buckets, the Redis hashes of the index, are in
        use.

        `replies` are those to the two commands READ_LAYOUTS: the server's time, and its list of the
        time windows with their numbers of buckets.
        """
        (now_s, _), reply = replies
        return active_layouts(int(now_s) // self.window_s, layout_state(reply))

    def reserve(self, count: int) -> tuple[ActiveLayouts, int]:
        """Reserve `count` consecutive article numbers, for articles that are to be added to the
        index.

        Returns which buckets (the Redis hashes of the index) to write the articles to, and the last
        of the reserved numbers. Takes one round trip, and a second one if the index begins a new
        time window.
        """
        counting = ("INCRBY", "aw:next", count)
        (now_s, _), reply, newest = self._client.execute([*READ_LAYOUTS, counting])
        layouts = self._begin(int(now_s) // self.window_s, newest, layout_state(reply))
        if layouts.written != self._written or newest < self._newest:
            self._expiring.clear()  # a new layout has new buckets; so has an index that was emptied
        self._written, self._newest = layouts.written, newest
        return layouts, newest

    def layouts_of(self, generation: int) -> ActiveLayouts:
        """Return which buckets, the Redis hashes of the index, belong to a time window and to the
        one before.

        `generation` is the number of the window: the present one, or an earlier one. If the window
        has no buckets yet, its first ones are opened on the server. Takes one or two round trips.
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
        return active_layouts(generation, state)

    def write(
        self, commands: Sequence[Command], keys: Sequence[str], layout: BucketLayout
    ) -> tuple[list[Any], float]:
        """Send commands that write to `keys`, the Redis keys of some buckets of the index, in one
        round trip.

        Also sets the expiry of buckets that the commands may have created. Returns the replies to
        the commands, and the average number of entries in the first 8 of these buckets. As hashes
        spread evenly, that tells how full all buckets of `layout` are.
        """
        created, expiry = set(keys) - self._expiring, self.expires(layout)
        expiries = [("EXPIREAT", key, expiry) for key in created]
        lengths = [("HLEN", key) for key in keys[:SAMPLED_BUCKETS]]
        replies = self._client.execute([*commands, *expiries, *lengths])
        self._expiring |= created
        return replies[: len(commands)], sum(replies[-len(lengths) :]) / len(lengths)

    def expires(self, layout: BucketLayout) -> int:
        """Return the Unix second at which the buckets of a layout, the Redis hashes of one time
        window, expire.

        It is one day after workers stop reading them, so that a worker whose batch runs late still
        finds them.
        """
        return (layout.generation + 2) * self.window_s + DAY_S

    def grow(self, layouts: ActiveLayouts, entries_per_bucket: float) -> None:
        """Begin to use four times as many buckets (Redis hashes of the index) when the present ones
        are full.

        They are full when `entries_per_bucket`, their average number of entries, has reached 320.
        While entries are still being moved from old buckets to new ones, move those of some more
        buckets instead, unless another worker is doing so. `layouts` tells which buckets are in
        use.
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
