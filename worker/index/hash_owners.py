"""Read and write in Redis which article was the first with each text hash; it owns the hash."""

from collections.abc import Sequence
from itertools import pairwise, zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.index import IndexEntry
from worker.index.buckets import READ_LAYOUTS, Buckets
from worker.index.layout import ActiveLayouts, BucketLayout, IndexHashes, owners_of
from worker.index.redis_client import Command, RedisClient
from worker.model.text_hashes import SKETCH_VERSION

Owners = list[list[int]]
"""For each hash the numbers of the articles that own it, at most one from each bucket layout."""


class EntryOwners(NamedTuple):
    """The articles that own the text hashes of one article, by their numbers.

    `text` has the owners of the hash of the whole text, `sketch` a list of owners for each hash of
    a run of words, and `former` those for the further hashes by which the release before would have
    registered the article. These are only looked up, in time windows in which it may have done so.
    """

    text: list[int]
    sketch: Owners
    former: Owners


class HashOwners:
    """Reads and writes the owners of text hashes in the buckets (Redis hashes) of the index."""

    def __init__(self, client: RedisClient, buckets: Buckets) -> None:
        self._client = client
        self._buckets = buckets

    def commands(
        self, hashes: IndexHashes, numbers: Sequence[int], layout: BucketLayout
    ) -> tuple[list[str], list[Command]]:
        """Return the Redis keys and commands that store which article has each text hash.

        `hashes` are the text hashes of several articles, and `numbers` the numbers of these
        articles. A command changes nothing if an earlier article has the text hash. `layout` says
        over which Redis hashes the entries are spread.
        """
        keys = hashes.keys(layout)
        values = hashes.values(layout, numbers)
        return keys, [("HSETNX", *entry) for entry in zip(keys, hashes.fields, values, strict=True)]

    def read(
        self,
        entries: Sequence[IndexEntry],
        hashes: IndexHashes,
        layouts: ActiveLayouts,
        created: Sequence[bool] = (),
    ) -> tuple[list[EntryOwners], ActiveLayouts]:
        """Read which articles own the text hashes of each article, in one round trip. Returns them,
        and which buckets are in use after the reading.

        `hashes` are those of `entries`. `created` tells which of them just got their own article as
        owner in the written layout. They are not read there, unless buckets are being moved and an
        older entry may overwrite theirs.
        """
        reads, count = _Reads(), len(hashes.fields)
        # The oldest layout first, because resharding.py drops buckets once they are copied.
        for layout in reversed(layouts.read):
            own = created if layout is layouts.written and not layouts.growing else ()
            reads.add(hashes, layout, 0, own)
        former = [layout for layout in layouts.read if layout.sketch_version != SKETCH_VERSION]
        former_hashes = IndexHashes.of_former([e.fingerprint for e in entries if former])
        for layout in reversed(former):
            reads.add(former_hashes, layout, count)
        *replies, clock, state = self._client.execute([*reads.commands, *READ_LAYOUTS])
        owners = reads.owners(replies, count + len(former_hashes.fields))
        of_former = owners[count:]
        by_entry = [
            EntryOwners(owners[begin], owners[begin + 1 : end], of_former[begin_f:end_f])
            for (begin, end), (begin_f, end_f) in zip_longest(
                pairwise(hashes.bounds), pairwise(former_hashes.bounds), fillvalue=(0, 0)
            )
        ]
        return by_entry, self._buckets.parse_layouts((clock, state))

    def replace(
        self,
        hashes: IndexHashes,
        owners: Sequence[EntryOwners],
        numbers: Sequence[int],
        forgotten: set[int],
        layout: BucketLayout,
    ) -> None:
        """Make articles the owners of those of their text hashes that forgotten articles own.

        Otherwise a later copy of these articles would get no candidate. `owners` is the result of
        `read` for these articles, `numbers` has their numbers, and `forgotten` those of articles
        that were removed from the index.
        """
        keys, commands = self.commands(hashes, numbers, layout)
        by_hash = [of for entry in owners for of in (entry.text, *entry.sketch)]
        overwrites = [
            ("HSET", *command[1:])
            for command, of_hash in zip(commands, by_hash, strict=True)
            if not forgotten.isdisjoint(of_hash)
        ]
        self._buckets.write(overwrites, keys, layout)


class _Reads:
    """Commands that read owners, with what is needed to understand the replies."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self._parts: list[_Part] = []

    def add(
        self, hashes: IndexHashes, layout: BucketLayout, first: int, own: Sequence[bool] = ()
    ) -> None:
        """Read the owners of `hashes`, which are numbered from `first` on, but for those of which
        `own` is True."""
        positions = [n for n in range(len(hashes.fields)) if not (own and own[n])]
        keys, fields = hashes.keys(layout), hashes.fields
        self.commands += [("HGET", keys[n], fields[n]) for n in positions]
        at = np.array(positions, np.intp)
        self._parts.append(_Part(layout, at + first, hashes.spares(layout)[at]))

    def owners(self, replies: Sequence[bytes | None], count: int) -> Owners:
        owners: Owners = [[] for _ in range(count)]
        begin = 0
        for part in self._parts:
            values = replies[begin : begin + len(part.numbers)]
            begin += len(values)
            for number, owner in zip(*part.owners(values), strict=True):
                owners[number].append(owner)
        return owners


class _Part(NamedTuple):
    """The hashes that are looked up in one layout: their numbers, and the bits of each that are
    stored beside its owner."""

    layout: BucketLayout
    numbers: NDArray[np.intp]
    spares: NDArray[np.int64]

    def owners(self, values: Sequence[bytes | None]) -> tuple[list[int], list[int]]:
        """The numbers of the hashes that have an owner, and the owner of each, by the stored
        values of all hashes."""
        found = np.array([n for n, value in enumerate(values) if value is not None], np.intp)
        stored = np.array([int(value) for value in values if value is not None], np.int64)
        same_hash, owners = owners_of(stored, self.spares[found], self.layout)
        return self.numbers[found[same_hash]].tolist(), owners.tolist()
