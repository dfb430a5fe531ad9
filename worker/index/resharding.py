"""Move the entries of full buckets to four times as many buckets, while workers read and write.

A bucket is a Redis hash with entries of the index, and an entry names the first article that had a
text hash. A layout is the index at one number of buckets, and a slice is some buckets in a row. No
reader or writer waits. Once a new layout is open, workers write to it and read the old layout too.
When all buckets of the old layout have been copied, it is read no longer and dropped. A worker that
learns of either change only after it has written registers its batch again.

If a hash has an entry in both layouts, the one in the old layout was written earlier, so it is the
right one: copying overwrites the other. A slice is dropped as soon as it is copied, because growing
would need as much memory again otherwise. So readers ask the old layout first; an entry that is
missing there is in the new one by then. Every step may be repeated. If a worker dies in the middle
of a slice, the slice is moved again.
"""

from collections import defaultdict

from worker.index.layout import COARSER_BITS, STATE, BucketLayout, BucketMove, flat_reply
from worker.index.redis_client import Command, RedisClient

COPIED_BUCKETS = 128  # at a time: some 50 ms of CPU
DROPPED_BUCKETS = 1024


def advance(client: RedisClient, move: BucketMove, expiry: int) -> BucketMove:
    """Move the entries of some buckets (Redis hashes of the index) to four times as many new
    buckets.

    `move` tells how many old buckets are done; the new progress is returned. A call copies the next
    128 old buckets and deletes them, in three round trips. Once all have been copied, a call
    deletes 1024 of them a second time, with entries that late workers wrote, in one round trip.
    `expiry` is the Unix second in which the new buckets expire.
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
