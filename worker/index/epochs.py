"""Which buckets are written and read: what has been opened comes in, epochs go out.

A generation is a window of the server's clock. It begins with as many buckets as the one before
ended with; when they are full it goes on in an epoch with four times as many. An epoch is said to
open some seconds ahead, so that whoever writes to it and who still writes to the one before read
both: of two copies that arrive at that moment one sees the other.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

EPOCHS = 8  # of a generation: epoch = generation * EPOCHS + how often its buckets were full
GROWTH_BITS = 2
FULL = 300  # hashes a bucket on average: with luck of the draw far below the 512 of a listpack
NOTICE_S = 5  # everybody has to know of an epoch before it opens: longer than any claim takes

Opened = Mapping[int, tuple[int, int]]  # epoch -> second in which it opens, newest number then


class Slot(NamedTuple):
    """Where a hash has its owner, in any epoch."""

    layer: str
    bits: int  # of the number of buckets that a generation begins with
    place: int
    field: bytes | int

    def key(self, epoch: int) -> str:
        bucket = self.place & (1 << self.bits + GROWTH_BITS * (epoch % EPOCHS)) - 1
        return f"aw:{self.layer}:{epoch}:{bucket}"


class Epochs(NamedTuple):
    """Where to write, and where else to read."""

    written: int
    others: list[int]


def opened(reply: Any) -> Opened:
    """Of the reply to HGETALL, in RESP 2 or 3."""
    pairs = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
    said = {int(epoch): said.split(b":") for epoch, said in pairs}
    return {epoch: (int(at), int(newest)) for epoch, (at, newest) in said.items()}


def epochs_at(generation: int, now_s: int, known: Opened) -> Epochs:
    read = {epoch for epoch in known if epoch // EPOCHS in (generation - 1, generation)}
    ended = max((epoch % EPOCHS for epoch in read if epoch // EPOCHS < generation), default=0)
    open_ = (e for e in read if e // EPOCHS == generation and known[e][0] <= now_s)
    written = max(open_, default=generation * EPOCHS + ended)
    return Epochs(written, sorted(read - {written}, reverse=True))


def to_open(written: int, now_s: int, newest: int, capacity: int, known: Opened) -> tuple[int, int]:
    """The epoch that has to be announced and its second; (0, 0) when there is none.

    `capacity` is how many articles the first buckets of a generation hold.
    """
    if written not in known:
        return written, now_s
    following = written + 1
    if following in known or following % EPOCHS == 0:
        return 0, 0
    full = newest - known[written][1] >= capacity << GROWTH_BITS * (written % EPOCHS)
    return (following, now_s + NOTICE_S) if full else (0, 0)


def past(generation: int, known: Iterable[int]) -> list[int]:
    """Epochs that nobody reads any more."""
    return [epoch for epoch in known if epoch // EPOCHS < generation - 1]
