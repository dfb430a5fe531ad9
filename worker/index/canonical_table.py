"""A table on Redis or Valkey that says of each article of which article it is a copy.

Articles are numbered in order of arrival. To take little memory, the table stores the difference
between the article's number and that of the article it copies; it is 0 for most, which are no
copies. The differences of 200 consecutive numbers are in one Redis hash.
"""

from collections.abc import Collection, Mapping

from worker.index.canonical_articles import Pointers
from worker.index.redis_client import Command, RedisClient

# Article ids fill a bucket to 4 kB then; jemalloc has no size between that and 5 kB.
BUCKET_NUMBERS = 200


class RedisCanonicalTable:
    """A table on Redis that says of each article, by its number, of which article it is a copy.

    The entries of 200 consecutive numbers are in one Redis hash, which expires `ttl_s` seconds
    after the last write to it.
    """

    def __init__(self, client: RedisClient, ttl_s: int) -> None:
        self._client = client
        self._ttl_s = ttl_s

    def read(self, numbers: Collection[int]) -> Pointers:
        ordered = sorted(numbers)
        replies = self._client.execute([("HGET", *cell_address(number)) for number in ordered])
        return {n: n - int(back) for n, back in zip(ordered, replies, strict=True) if back}

    def fill(self, pointers: Mapping[int, int]) -> None:
        self._client.execute(self._writes("HSETNX", pointers))

    def overwrite(self, pointers: Mapping[int, int]) -> None:
        """Write which article each article copies (`pointers` maps number to number), in place of
        what the table says about it now."""
        self._client.execute(self._writes("HSET", pointers))

    def _writes(self, command: str, pointers: Mapping[int, int]) -> list[Command]:
        writes = [(command, *cell_address(number), number - to) for number, to in pointers.items()]
        buckets = {cell_address(number)[0] for number in pointers}
        return [*writes, *(("EXPIRE", bucket, self._ttl_s) for bucket in buckets)]


def cell_address(number: int) -> tuple[str, int]:
    """Return where Redis has the entry that says of which article the one with this number is a
    copy: the key of a Redis hash, and the field in it."""
    return f"aw:c:{number // BUCKET_NUMBERS}", number % BUCKET_NUMBERS
