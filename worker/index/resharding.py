"""Move the entries of a full index to four times as many buckets (Redis hashes), while workers read
and write it.

Meanwhile workers write to the new buckets, and read the old ones as well. Only some old buckets at
a time are copied and then deleted, so little more memory is needed. If both an old and a new bucket
say which article was the first with a text hash, the old one is right, and replaces the other.

No reader or writer waits. Every step may be repeated, so if a worker dies, another one
continues.
"""

from collections import defaultdict

from worker.index.layout import COARSER_BITS, STATE, BucketLayout, BucketMove, flat_reply
from worker.index.redis_client import Command, RedisClient

# Readers ask the old layout first; an entry that is missing there is in the new one by then. A
# worker that learns of a new layout only after it has written registers its batch again.
COPIED_BUCKETS = 128  # at a time: some 50 ms of CPU
DROPPED_BUCKETS = 1024


def advance(client: RedisClient, move: BucketMove, expiry: int) -> BucketMove:
    """Move the entries of the next 128 Redis hashes of a full index to new ones, and return how far
    the move has come.

    `move` says which old Redis hashes were moved already. If all were, the next 1024 of them are
    deleted once more, because late workers may have written to them. `expiry` is the Unix second at
    which the new ones expire.
    """
    step = DROPPED_BUCKETS if move.copied else COPIED_BUCKETS
    begin = move.done % (1 << move.old.bits)
    buckets = range(begin, min(begin + step, 1 << move.old.bits))
    id_buckets = range(buckets.start >> COARSER_BITS, buckets.stop >> COARSER_BITS)
    keys = [f"{move.old.hashes}{n}" for n in buckets] + [f"{move.old.ids}{n}" for n in id_buckets]
    if not move.copied and (copies := _copy_commands(client, move.old, keys, expiry)):
        client.execute(copies)
    # After the replies: buckets that did not fit in memory are neither dropped nor skipped.
    done = move.done + len(buckets)
    removals = [("UNLINK", key) for key in keys]
    client.execute([*removals, ("HSET", STATE, move.old.grown.field, done)])
    return move._replace(done=done)


def _copy_commands(
    client: RedisClient, old: BucketLayout, keys: list[str], expiry: int
) -> list[Command]:
    commands: list[Command] = []
    replies = client.execute([("HGETALL", key) for key in keys])
    for key, reply in zip(keys, replies, strict=True):
        is_id, bucket = key.startswith(old.ids), int(key.rsplit(":", 1)[1])
        prefix, bits = (old.grown.ids, old.id_bits) if is_id else (old.grown.hashes, old.bits)
        entries = iter(flat_reply(reply))
        copied: defaultdict[int, list[bytes | int]] = defaultdict(list)
        for field, value in zip(entries, entries, strict=True):
            part, new_value = old.split_id(field, value) if is_id else old.split(value)
            copied[part] += field, new_value
        for part, fields_and_values in copied.items():
            new_key = f"{prefix}{bucket | part << bits}"
            commands += [("HSET", new_key, *fields_and_values), ("EXPIREAT", new_key, expiry)]
    return commands
