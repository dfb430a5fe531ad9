"""Move the entries of a full index to four times as many buckets (Redis hashes).

Workers read and write the index during the move: they write to the new buckets, and read the new
and the old ones. The old ones are copied and then deleted in small portions, so little more memory
is needed. If an old and a new bucket name different articles as the first with a text hash, the
entry of the old bucket is right, and replaces the other.

No reader or writer waits. Every step may be repeated, so if a worker dies, another one continues.
"""

from collections import defaultdict

from worker.index.layout import COARSER_BITS, STATE, BucketLayout, BucketMove, flat_reply
from worker.index.redis_client import Command, RedisClient

# Readers ask the old layout first; an entry that is missing there is in the new one by then. A
# worker that learns of a new layout only after it has written registers its batch again.
COPIED_BUCKETS = 128  # at a time: some 50 ms of CPU
DROPPED_BUCKETS = 1024


def advance(client: RedisClient, move: BucketMove, expiry: int) -> BucketMove:
    """Move a portion of a full index, the entries of 128 Redis hashes, to new Redis hashes.

    `move` says how many of the old ones were moved already, and the result says it after this call.
    If all were, the next 1024 old ones are deleted once more instead, because late workers may have
    written to them. The new ones expire at the Unix second `expiry`.
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
