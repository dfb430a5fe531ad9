"""The buckets of the generations on the server: which there are, since when, until when."""

from collections.abc import Sequence
from typing import Any

from worker.index.candidates import IndexRules
from worker.index.layout import (
    STATE,
    Layout,
    Layouts,
    Said,
    beginning,
    layouts_at,
    past,
    said,
    to_open,
)
from worker.index.redis_client import Command, Wire
from worker.index.resharding import advance

DAY_S = 86_400
LOOKED_AT = 8  # buckets a batch, to see how full they are
TURN_S = 30  # until another worker moves on, should this one die
LOOK: tuple[Command, ...] = (("TIME",), ("HGETALL", STATE))


class Buckets:
    def __init__(self, wire: Wire, rules: IndexRules) -> None:
        self._wire = wire
        self._least_bits = rules.bucket_bits
        self.window_s = rules.window_days * DAY_S
        self._dated: set[str] = set()  # those that got their date from this process
        self._written: Layout | None = None
        self._newest = 0

    def now_s(self) -> int:
        """The server's clock."""
        [(now_s, _)] = self._wire.trip([("TIME",)])
        return int(now_s)

    def look(self) -> Layouts:
        """Those of now; without the running generation as long as nothing was claimed in it."""
        return self.seen(self._wire.trip(LOOK))

    def seen(self, replies: Sequence[Any]) -> Layouts:
        """The same, of the replies to LOOK."""
        (now_s, _), reply = replies
        return layouts_at(int(now_s) // self.window_s, said(reply))

    def running(self, count: int) -> tuple[Layouts, int]:
        """Those of now and the newest number, after `count` more; begins a generation if need be.

        One round trip, and one when a generation begins.
        """
        counting = ("INCRBY", "aw:next", count)
        (now_s, _), reply, newest = self._wire.trip([*LOOK, counting])
        layouts = self._begun(int(now_s) // self.window_s, newest, said(reply))
        if layouts.written != self._written or newest < self._newest:
            self._dated.clear()  # a new layout has new buckets; so has an index that was emptied
        self._written, self._newest = layouts.written, newest
        return layouts, newest

    def begun(self, generation: int) -> Layouts:
        """Those of any generation, from the running one back. Up to two round trips."""
        newest, reply = self._wire.trip([("GET", "aw:next"), ("HGETALL", STATE)])
        return self._begun(generation, int(newest or 0), said(reply))

    def _begun(self, generation: int, newest: int, known: Said) -> Layouts:
        if str(generation) not in known:
            begin = ("HSETNX", STATE, *beginning(generation, newest, known, self._least_bits))
            gone = [("HDEL", STATE, field) for field in past(generation, known)]
            lasting = ("EXPIRE", STATE, 3 * self.window_s)
            *_, reply = self._wire.trip([begin, *gone, lasting, ("HGETALL", STATE)])
            known = said(reply)
        return layouts_at(generation, known)

    def put(
        self, commands: Sequence[Command], keys: Sequence[str], layout: Layout
    ) -> tuple[list[Any], float]:
        """One round trip that writes to these buckets, and dates those it may have made.

        The replies, and how full the first of the buckets are on average.
        """
        undated, ends = set(keys) - self._dated, self.expires(layout)
        dates = [("EXPIREAT", key, ends) for key in undated]
        lengths = [("HLEN", key) for key in keys[:LOOKED_AT]]
        replies = self._wire.trip([*commands, *dates, *lengths])
        self._dated |= undated
        return replies[: len(commands)], sum(replies[-len(lengths) :]) / len(lengths)

    def expires(self, layout: Layout) -> int:
        """When its buckets go: a day late, for clocks and late batches."""
        return (layout.generation + 2) * self.window_s + DAY_S

    def tend(self, layouts: Layouts, filled: float) -> None:
        """Open more buckets when they are full, or move some if it is this worker's turn."""
        if opened := to_open(layouts, filled):
            self._wire.trip([("HSETNX", STATE, opened.field, 0)])
        elif layouts.moves:
            turn = ("SET", "aw:turn:move", "1", "NX", "EX", TURN_S)
            if self._wire.trip([turn])[0]:
                # Looked at again: whoever had the turn before may have moved these.
                for move in self.look().moves[:1]:
                    advance(self._wire, move, self.expires(move.old))
                self._wire.trip([("DEL", "aw:turn:move")])
