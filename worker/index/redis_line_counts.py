"""Store on Redis or Valkey which lines stood in which articles.

From this, workers learn boilerplate, the lines that a source repeats. Each key leads to a Redis
hash, called a bucket, whose field names are the entries; the values are empty:

    awl:<day>:<bucket>   hash   2 bytes for the source, and an entry -> ""

An entry is a few bytes which say that one line stood in one article. The entries of a day are
spread over a fixed number of buckets. Each takes a limited number of entries; further ones are
dropped. The index that finds copies has other keys, which begin with aw:, so it can be cleared
without losing these entries.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from worker.index.line_counts import LineCountLimits, LinesByDay
from worker.index.redis_client import Command, RedisClient

_DAY_S = 86_400
_SOURCE_BYTES = 2
# One script, because several workers would overfill a bucket at the same time otherwise.
_ADD = """
local count = redis.call('HLEN', KEYS[1])
local first = count == 0
for i = 3, #ARGV do
  if count >= tonumber(ARGV[1]) then break end
  count = count + redis.call('HSETNX', KEYS[1], ARGV[i], '')
end
if first and count > 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return count
"""


class RedisLineCounts:
    """Stores which lines stood in which articles on the Redis server of the similarity index, so
    that all workers share this knowledge.

    From it they learn boilerplate, the lines that a source repeats. `client` is the connection of
    the index.
    """

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    def add(self, day: int, seen: Mapping[str, Sequence[bytes]], limits: LineCountLimits) -> None:
        """Store on Redis which lines stood in the articles of one day.

        `day` is the ordinal number of a date. `seen` maps a source to line entries, a few bytes
        each, which say that one line stood in one article. `limits` says how long entries are
        stored and how many at most; further ones are dropped.
        """
        ttl_s = (limits.window_days + 2) * _DAY_S
        commands: list[Command] = []
        for source, entries in seen.items():
            bucket, prefix = _bucket_and_prefix(source, limits)
            fields = (prefix + entry for entry in entries)
            most = limits.bucket_entries
            commands.append(("EVAL", _ADD, 1, _key(day, bucket), most, ttl_s, *fields))
        if commands:
            self._client.execute(commands)

    def read(
        self, sources: Sequence[str], days: Sequence[int], limits: LineCountLimits
    ) -> dict[str, LinesByDay]:
        """Return which lines stood in the articles of these sources on these days.

        The result maps a source to a day, and the day to line entries: a few bytes each, which say
        that one line stood in one article. A day is the ordinal number of a date. `limits` must be
        those with which the entries were added.
        """
        buckets = {source: _bucket_and_prefix(source, limits) for source in sources}
        pairs = [(source, day) for source in buckets for day in days]
        commands: list[Command] = [("HKEYS", _key(day, buckets[s][0])) for s, day in pairs]
        lines: dict[str, dict[int, frozenset[bytes]]] = {source: {} for source in buckets}
        for (source, day), fields in zip(pairs, self._client.execute(commands), strict=True):
            prefix = buckets[source][1]
            lines[source][day] = frozenset(
                f[_SOURCE_BYTES:] for f in fields if f.startswith(prefix)
            )
        return dict(lines)


def _key(day: int, bucket: int) -> str:
    return f"awl:{day}:{bucket}"


def _bucket_and_prefix(source: str, limits: LineCountLimits) -> tuple[int, bytes]:
    """The number of the bucket with a source's line entries, and the bytes before each of them.

    The prefix tells the entries of sources in the same bucket apart.
    """
    digest = blake2b(source.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest[_SOURCE_BYTES:]) % limits.buckets, digest[:_SOURCE_BYTES]
