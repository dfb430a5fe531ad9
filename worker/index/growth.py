"""Full buckets are moved to twice as many, a slice at a time, while workers read and write.

Nothing is locked. From when a layout is open, whoever claims writes to it and reads the one before
as well; when all of that has been copied it is read no longer, and dropped. A worker that learns
of either only after it has written claims again. What is copied was there first, so it takes the
place of what has been written to the new layout meanwhile. Every step may be repeated: a worker
that dies in the middle leaves a slice to be done again.
"""

from collections import defaultdict
from itertools import chain

from worker.index.layout import COARSER_BITS, STATE, Layout, Move, pairs
from worker.index.wire import Command, Wire

COPIED = 128  # buckets a turn: some 25 ms of CPU
DROPPED = 1024


def advance(wire: Wire, move: Move, ends: int) -> Move:
    """Copy or drop the next buckets; `ends` is the second in which those of the generation go.

    Two round trips to drop, three to copy.
    """
    step = DROPPED if move.copied else COPIED
    begin = move.done % (1 << move.old.bits)
    buckets = range(begin, min(begin + step, 1 << move.old.bits))
    coarse = range(buckets.start >> COARSER_BITS, buckets.stop >> COARSER_BITS)
    keys = [f"{move.old.hashes}{n}" for n in buckets] + [f"{move.old.ids}{n}" for n in coarse]
    if move.copied:
        wire.trip([("UNLINK", key) for key in keys])
    elif copies := _copies(wire, move.old, keys, ends):
        wire.trip(copies)
    # After the replies: what did not fit in memory is not passed over.
    done = move.done + len(buckets)
    wire.trip([("HSET", STATE, move.old.doubled.field, done)])
    return move._replace(done=done)


def _copies(wire: Wire, old: Layout, keys: list[str], ends: int) -> list[Command]:
    commands: list[Command] = []
    new, shift = old.doubled, {True: old.bits - COARSER_BITS, False: old.bits}
    for key, reply in zip(keys, wire.trip([("HGETALL", key) for key in keys]), strict=True):
        is_id = key.startswith(old.ids)
        parts: dict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
        for entry in pairs(reply):
            parts[old.half(entry, is_id=is_id)].append(entry)
        bucket = int(key.rsplit(":", 1)[1])
        for half, entries in parts.items():
            into = f"{new.ids if is_id else new.hashes}{bucket | half << shift[is_id]}"
            commands.append(("HSET", into, *chain.from_iterable(entries)))
            commands.append(("EXPIREAT", into, ends))
    return commands
