"""The register on Redis or Valkey: cells in buckets of numbers. A cell holds how far back its
article's canonical one is, which is 0 for most."""

from collections.abc import Collection, Mapping

from worker.index.canonical_articles import Pointers
from worker.index.redis_client import Command, Wire

NUMBERED = 200  # a bucket, which names fill to 4 kB: jemalloc has no size between that and 5 kB


class Cells:
    def __init__(self, wire: Wire, ttl_s: int) -> None:
        self._wire = wire
        self._ttl_s = ttl_s

    def look(self, numbers: Collection[int]) -> Pointers:
        asked = sorted(numbers)
        replies = self._wire.trip([("HGET", *cell_of(number)) for number in asked])
        return {n: n - int(back) for n, back in zip(asked, replies, strict=True) if back}

    def fill(self, pointers: Mapping[int, int]) -> None:
        self._wire.trip(self.filling("HSETNX", pointers))

    def overwrite(self, pointers: Mapping[int, int]) -> None:
        self._wire.trip(self.filling("HSET", pointers))

    def filling(self, command: str, pointers: Mapping[int, int]) -> list[Command]:
        written = [(command, *cell_of(mine), mine - its) for mine, its in pointers.items()]
        buckets = {cell_of(number)[0] for number in pointers}
        return [*written, *(("EXPIRE", bucket, self._ttl_s) for bucket in buckets)]


def cell_of(number: int) -> tuple[str, int]:
    return f"aw:c:{number // NUMBERED}", number % NUMBERED
