"""Full buckets are moved to four times as many, a slice at a time, while workers read and write.

Nothing is locked. From when a layout is open, whoever claims writes to it and reads the one before
as well; when all of that has been copied it is read no longer, and dropped. A worker that learns
of either only after it has written claims again. What is copied was there first, so it takes the
place of what has been written to the new layout meanwhile. A slice is dropped as soon as it was
copied, or growing would take as much memory again: so whoever reads asks the old layout first, and
what it misses there is in the new one by then. Every step may be repeated: a worker that dies in
the middle leaves a slice to be done again.
"""

from collections import defaultdict

from worker.index.layout import COARSER_BITS, STATE, Layout, Move, flat
from worker.index.redis_client import Command, Wire

COPIED = 128  # buckets a turn: some 50 ms of CPU
DROPPED = 1024


def advance(wire: Wire, move: Move, ends: int) -> Move:
    """Copy or drop the next buckets; `ends` is the second in which those of the generation go.

    Three round trips to copy, one to drop what late writers left.
    """
    step = DROPPED if move.copied else COPIED
    begin = move.done % (1 << move.old.bits)
    buckets = range(begin, min(begin + step, 1 << move.old.bits))
    coarse = range(buckets.start >> COARSER_BITS, buckets.stop >> COARSER_BITS)
    keys = [f"{move.old.hashes}{n}" for n in buckets] + [f"{move.old.ids}{n}" for n in coarse]
    if not move.copied and (copies := _copies(wire, move.old, keys, ends)):
        wire.trip(copies)
    # After the replies: what did not fit in memory is neither dropped nor passed over.
    done = move.done + len(buckets)
    dropped = [("UNLINK", key) for key in keys]
    wire.trip([*dropped, ("HSET", STATE, move.old.grown.field, done)])
    return move._replace(done=done)


def _copies(wire: Wire, old: Layout, keys: list[str], ends: int) -> list[Command]:
    commands: list[Command] = []
    for key, reply in zip(keys, wire.trip([("HGETALL", key) for key in keys]), strict=True):
        is_id, bucket = key.startswith(old.ids), int(key.rsplit(":", 1)[1])
        begin, bits = (old.grown.ids, old.id_bits) if is_id else (old.grown.hashes, old.bits)
        entries = iter(flat(reply))
        copied: defaultdict[int, list[bytes | int]] = defaultdict(list)
        for field, value in zip(entries, entries, strict=True):
            part, said = old.id_moved(field, value) if is_id else old.moved(value)
            copied[part] += field, said
        for part, its in copied.items():
            into = f"{begin}{bucket | part << bits}"
            commands += [("HSET", into, *its), ("EXPIREAT", into, ends)]
    return commands
