"""Read and write the entries of the index in Redis. An entry says which article was the first with
a certain text hash.

Entries are spread over many Redis hashes, called buckets. Each time window, or generation, has
buckets of its own, which later expire. If they become full, the window gets four times as many. A
"layout" is the buckets of one window, at one of these numbers.
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
    former_sketch_entry,
    layout_state,
    new_generation,
    next_layout,
    sketch_entry,
)
from worker.index.redis_client import Command, RedisClient
from worker.index.resharding import advance

DAY_S = 86_400
SAMPLED_BUCKETS = 8  # whose fill level is read with each batch
LOCK_S = 30  # until another worker moves buckets, if the one that does it dies
READ_LAYOUTS: tuple[Command, ...] = (("TIME",), ("HGETALL", STATE))


class Buckets:
    """Writes the entries of the index to the Redis server, and decides over how many Redis hashes,
    called buckets, they are spread.

    An entry says which article was the first with a certain text hash. Each time window of the
    index has buckets of its own; when they are full, more are added.
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
        """Ask the server over how many Redis hashes (buckets) the index is spread now.

        The answer covers the current time window and the one before. The current window has no
        buckets until its first article is added.
        """
        return self.parse_layouts(self._client.execute(READ_LAYOUTS))

    def parse_layouts(self, replies: Sequence[Any]) -> ActiveLayouts:
        """Find out from the server's replies over which buckets (Redis hashes) the index is spread
        at present.

        `replies` are those to the two commands in READ_LAYOUTS: the server's time, and how many
        buckets each time window has.
        """
        (now_s, _), reply = replies
        return active_layouts(int(now_s) // self.window_s, layout_state(reply))

    def reserve(self, count: int) -> tuple[ActiveLayouts, int]:
        """Reserve `count` consecutive numbers for articles that are to be added to the index.

        Returns the last of these numbers, and over which Redis hashes (buckets) the entries about
        the articles are to be spread.
        """
        counting = ("INCRBY", "aw:next", count)
        (now_s, _), reply, newest = self._client.execute([*READ_LAYOUTS, counting])
        layouts = self._begin(int(now_s) // self.window_s, newest, layout_state(reply))
        if layouts.written != self._written or newest < self._newest:
            self._expiring.clear()  # a new layout has new buckets; so has an index that was emptied
        self._written, self._newest = layouts.written, newest
        return layouts, newest

    def layouts_of(self, generation: int) -> ActiveLayouts:
        """Return which Redis hashes (buckets) of the index are used in a time window: its own, and
        those of the window before.

        `generation` is the number of the window, the present or an earlier one. If it has no
        buckets yet, its first ones are created.
        """
        newest, reply = self._client.execute([("GET", "aw:next"), ("HGETALL", STATE)])
        return self._begin(generation, int(newest or 0), layout_state(reply))

    def _begin(self, generation: int, newest: int, state: LayoutState) -> ActiveLayouts:
        if str(generation) not in state:
            entry = new_generation(generation, newest, state, self._least_bits)
            begin = ("HSETNX", STATE, *entry)
            sketches = ("HSETNX", STATE, *sketch_entry(generation, state))
            removals = [("HDEL", STATE, field) for field in expired_fields(generation, state)]
            expiry = ("EXPIRE", STATE, 3 * self.window_s)
            *_, reply = self._client.execute(
                [begin, sketches, *removals, expiry, ("HGETALL", STATE)]
            )
            state = layout_state(reply)
            if str(generation) not in state:  # the expiry made it a key that may be evicted
                raise Unavailable("index", "its server is full, and evicts what is written")
        return active_layouts(generation, state)

    def admit_former_sketches(self, layout: BucketLayout) -> None:
        """Note that articles of a time window were registered in the index by text hashes that a
        former release chose, so that copies of them are also looked for by such hashes.

        `layout` describes the window.
        """
        self._client.execute([("HSET", STATE, *former_sketch_entry(layout.generation))])

    def write(
        self, commands: Sequence[Command], keys: Sequence[str], layout: BucketLayout
    ) -> tuple[list[Any], float]:
        """Send commands that write entries of the index to Redis hashes, in one round trip.

        `keys` are the Redis keys of these hashes, called buckets, and `layout` describes the time
        window that they belong to. Buckets that are new to this worker also get a time of expiry.
        Returns the replies to `commands`, and the average number of entries in a bucket, which
        shows how full the index is.
        """
        created, expiry = set(keys) - self._expiring, self.expires(layout)
        expiries = [("EXPIREAT", key, expiry) for key in created]
        lengths = [("HLEN", key) for key in keys[:SAMPLED_BUCKETS]]
        replies = self._client.execute([*commands, *expiries, *lengths])
        self._expiring |= created
        return replies[: len(commands)], sum(replies[-len(lengths) :]) / len(lengths)

    def expires(self, layout: BucketLayout) -> int:
        """Return when the Redis hashes of a time window of the index expire, as a Unix second.

        That is a day after workers cease to read this window, so that a late worker still finds it.
        `layout` describes the Redis hashes of the window.
        """
        return (layout.generation + 2) * self.window_s + DAY_S

    def grow(self, layouts: ActiveLayouts, entries_per_bucket: float) -> None:
        """Give the index four times as many Redis hashes (buckets) if the present ones are full.

        They are full if `entries_per_bucket`, the average number of entries in a bucket, is 320 or
        more. If the entries of an earlier growth are still being moved to the new buckets, this
        moves some more of them instead. `layouts` says which buckets are in use.
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
