"""Full buckets are moved to four times as many, a slice at a time, while workers read and write.

Nothing is locked. From when a layout is open, whoever claims writes to it and reads the one before
as well; when all of that has been copied it is read no longer, and dropped. A worker that learns
of either only after it has written claims again. What is copied was there first, so it takes the
place of what has been written to the new layout meanwhile. Every step may be repeated: a worker
that dies in the middle leaves a slice to be done again.
"""

from itertools import compress

from worker.index.layout import COARSER_BITS, STATE, Layout, Move, flat
from worker.index.wire import Command, Wire

COPIED = 64  # buckets a turn: some 40 ms of CPU
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
    wire.trip([("HSET", STATE, move.old.grown.field, done)])
    return move._replace(done=done)


def _copies(wire: Wire, old: Layout, keys: list[str], ends: int) -> list[Command]:
    commands: list[Command] = []
    for key, reply in zip(keys, wire.trip([("HGETALL", key) for key in keys]), strict=True):
        is_id, bucket = key.startswith(old.ids), int(key.rsplit(":", 1)[1])
        begin, bits = (old.grown.ids, old.id_bits) if is_id else (old.grown.hashes, old.bits)
        entries = flat(reply)
        parts = old.id_parts(entries[::2]) if is_id else old.parts(entries[1::2])
        for part in {*parts}:
            into = f"{begin}{bucket | part << bits}"
            its = (its == part for its in parts for _ in ("field", "value"))
            commands.append(("HSET", into, *compress(entries, its)))
            commands.append(("EXPIREAT", into, ends))
    return commands
