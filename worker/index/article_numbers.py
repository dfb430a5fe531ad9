"""Articles have numbers in the index, in the order in which they came: short, and who was first."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from worker.index.buckets import LOOK, Buckets
from worker.index.canonical_table import NUMBERED
from worker.index.layout import ID_BYTES, Layouts
from worker.index.redis_client import Command, Wire


class Numbered(NamedTuple):
    layouts: Layouts
    of: dict[str, int]
    fresh: set[str]  # articles that had none before


class Numbers:
    def __init__(self, wire: Wire, buckets: Buckets) -> None:
        self._wire = wire
        self._buckets = buckets

    def given(self, article_ids: Sequence[str]) -> Numbered:
        """In two round trips; new articles get the next numbers. Again if the layout changes."""
        fields = [_field(article_id) for article_id in article_ids]
        while True:
            layouts, newest = self._buckets.running(len(fields))
            keys = [layouts.written.id_key(field) for field in fields]
            asked = _asked(fields, keys, newest - len(fields) + 1, layouts)
            *replies, now, said = self._buckets.put([*asked, *LOOK], keys, layouts.written)[0]
            if self._buckets.seen((now, said)).read == layouts.read:
                break
        its = iter(replies)
        numbers: dict[str, int] = {}
        fresh: set[str] = set()
        kept: list[Command] = []
        for article_id, key, field in zip(article_ids, keys, fields, strict=True):
            created = next(its)
            *before, now = [int(n or 0) for n in islice(its, len(layouts.read))]
            # Of several the first: what a late worker wrote to a layout that was left is not it.
            numbers[article_id] = first = min(n for n in (*before, now) if n)
            if created and first == now:
                fresh.add(article_id)
            if first != now:
                kept.append(("HSET", key, field, first))
        if kept:  # an article keeps its number for as long as it comes once a generation
            self._wire.trip(kept)
        return Numbered(layouts, numbers, fresh)

    def known(self, article_ids: Sequence[str]) -> dict[str, int | None]:
        """The numbers of those that have one; two round trips. Again if the layout changes."""
        layouts, now = None, self._buckets.look()
        fields = [_field(article_id) for article_id in article_ids]
        while layouts is None or layouts.read != now.read:
            layouts = now
            order = layouts.read[::-1]
            asked = [("HGET", its.id_key(field), field) for field in fields for its in order]
            *replies, clock, said = self._wire.trip([*asked, *LOOK])
            now = self._buckets.seen((clock, said))
        its = iter(replies)
        found = [[int(n) for n in islice(its, len(order)) if n] for _ in fields]
        return {i: min(n, default=None) for i, n in zip(article_ids, found, strict=True)}

    def names(self, numbers: Collection[int]) -> dict[int, str]:
        if not numbers:
            return {}
        replies = self._wire.trip([name_of(number) for number in numbers])
        return {n: name.hex() for n, name in zip(numbers, replies, strict=True) if name}

    def naming(self, numbers: Mapping[str, int]) -> list[Command]:
        names = [
            ("HSET", *_place(n), bytes.fromhex(article_id)) for article_id, n in numbers.items()
        ]
        buckets = {_place(number)[0] for number in numbers.values()}
        return [*names, *(("EXPIRE", bucket, 3 * self._buckets.window_s) for bucket in buckets)]

    def forget(self, numbers: Iterable[int]) -> None:
        gone: list[Command] = [("DEL", print_of(number)) for number in numbers]
        gone += [("HDEL", *_place(number)) for number in numbers]
        if gone:
            self._wire.trip(gone)


def _asked(
    fields: Sequence[bytes], keys: Sequence[str], first: int, layouts: Layouts
) -> list[Command]:
    """The written layout last: what is no longer in the one before was moved there."""
    commands: list[Command] = []
    for number, (key, field) in enumerate(zip(keys, fields, strict=True), first):
        commands.append(("HSETNX", key, field, number))
        commands += [("HGET", its.id_key(field), field) for its in reversed(layouts.read)]
    return commands


def name_of(number: int) -> Command:
    return "HGET", *_place(number)


def print_of(number: int) -> str:
    """The key of its fingerprint."""
    return f"aw:f:{number}"


def _place(number: int) -> tuple[str, int]:
    return f"aw:n:{number // NUMBERED}", number % NUMBERED


def _field(article_id: str) -> bytes:
    return bytes.fromhex(article_id[: 2 * ID_BYTES])
