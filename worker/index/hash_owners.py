"""Read and write in Redis which article was the first with each text hash. That article is called
the owner of the hash, and a later article with the hash may be a copy of it."""

from collections.abc import Sequence
from itertools import pairwise, zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.index import IndexEntry
from worker.index.buckets import READ_LAYOUTS, Buckets
from worker.index.candidates import count_taken
from worker.index.index_hashes import IndexHashes, owners_of
from worker.index.layout import ActiveLayouts, BucketLayout
from worker.index.redis_client import Command, RedisClient
from worker.model.text_hashes import SKETCH_VERSION

Owners = list[list[int]]
"""For each hash the numbers of the articles that own it, at most one from each bucket layout."""


class EntryOwners(NamedTuple):
    """The owners of the text hashes of one article: the earlier articles that had these hashes
    first. Each owner is given by its number in the index.

    `text` has the owners of the hash of the whole text, and `sketch` a list of owners for each hash
    of a run of words. `former` has such lists for the hashes that a former release would have
    chosen: articles that it has registered are found only by these.
    """

    text: list[int]
    sketch: Owners
    former: Owners


class BucketWrites(NamedTuple):
    """Redis commands that write entries of the index, and the keys of the Redis hashes (buckets)
    that they write to; `layout` describes these."""

    commands: list[Command]
    keys: list[str]
    layout: BucketLayout


class HashOwners:
    """Reads and writes which article was the first with each text hash (its owner), in the Redis
    hashes of the similarity index."""

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
        """Read which articles own the text hashes of `entries`, that is had them first. Returns the
        owners for each entry, and which Redis hashes the index uses after the reading.

        `hashes` are the text hashes of all entries. `created` is True for each hash that was just
        written for the first time. Its owner is the entry itself, so it is not read again; except
        while the index grows, when an older owner may still be copied over it.
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

    def alternates(
        self,
        entries: Sequence[IndexEntry],
        owners: Sequence[EntryOwners],
        numbers: Sequence[int],
        rivals: Sequence[Sequence[tuple[int, int]]],
        layout: BucketLayout,
    ) -> BucketWrites:
        """Return the commands that register articles by alternate text hashes, one for each of
        their hashes that leads to an article with another text.

        Otherwise a copy of the article would be found by few hashes in a full index. `numbers` has
        the numbers of the articles in `entries`, `owners` what `read` returned for them, and
        `rivals` the number and the hashes in common of each candidate.
        """
        counts = [
            count_taken(number, of.sketch, [rival for rival, _ in of_entry])
            for number, of, of_entry in zip(numbers, owners, rivals, strict=True)
        ]
        hashes = IndexHashes.of_alternates([entry.fingerprint for entry in entries], counts)
        keys, commands = self.commands(hashes, numbers, layout)
        return BucketWrites(commands, keys, layout)

    def replace(
        self,
        hashes: IndexHashes,
        owners: Sequence[EntryOwners],
        numbers: Sequence[int],
        forgotten: set[int],
        layout: BucketLayout,
    ) -> None:
        """Make articles the owners (first articles) of those of their text hashes that lead to
        articles removed from the index. Otherwise later copies of them would not be found by these
        hashes.

        `hashes` and `numbers` are those of the articles, and `owners` is what `read` returned for
        them. `forgotten` has the numbers of the removed articles, `layout` says where hashes are
        stored.
        """
        keys, commands = self.commands(hashes, numbers, layout)
        by_hash = [of for entry in owners for of in (entry.text, *entry.sketch)]
        # Of several articles with a hash the first gets it, as if no other had had it before.
        overwrites: dict[tuple[object, ...], Command] = {}
        for command, of_hash in zip(commands, by_hash, strict=True):
            if not forgotten.isdisjoint(of_hash):
                overwrites.setdefault(command[1:3], ("HSET", *command[1:]))
        self._buckets.write([*overwrites.values()], keys, layout)


class _Reads:
    """Collects Redis commands that read which articles had certain text hashes first (their
    owners), to send all at once, and then finds the owners in the replies."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self._parts: list[_Part] = []

    def add(
        self, hashes: IndexHashes, layout: BucketLayout, first: int, own: Sequence[bool] = ()
    ) -> None:
        """Add commands that read the owners of `hashes` (the first articles that had them) from the
        Redis hashes that `layout` describes.

        The owners are later returned by a number for each hash: `first` for the first one, and so
        on. Hashes for which `own` is True are not read; their owner is known.
        """
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
    """The commands that read the owners of text hashes (the first articles that had them) from the
    Redis hashes of one layout, and what finds the owners in the replies.

    `numbers` says which of all looked-up text hashes each command reads. Several text hashes may
    share one place in Redis, so some further bits of the right one are stored with the owner;
    `spares` has these bits of each looked-up hash, for comparison.
    """

    layout: BucketLayout
    numbers: NDArray[np.intp]
    spares: NDArray[np.int64]

    def owners(self, values: Sequence[bytes | None]) -> tuple[list[int], list[int]]:
        """Return the numbers of the looked-up text hashes that have an owner, and the owner of
        each.

        `values` are the server's replies to the commands, None where nothing is stored.
        """
        found = np.array([n for n, value in enumerate(values) if value is not None], np.intp)
        stored = np.array([int(value) for value in values if value is not None], np.int64)
        same_hash, owners = owners_of(stored, self.spares[found], self.layout)
        return self.numbers[found[same_hash]].tolist(), owners.tolist()
