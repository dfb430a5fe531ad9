"""The index held against the store: what it has is counted, what it lost is put back.

Nothing here is needed for a right decision later on: the store has every identity and every
cluster. What a lost index costs is copies that are not found while it is empty.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from worker.index.buckets import LOOK
from worker.index.canonical_articles import chased, end_of
from worker.index.layout import Hashes
from worker.index.redis_client import Command
from worker.index.redis_index import RedisIndex
from worker.model.records import Fingerprint

LAYERS = {
    "aw:i:*": "ids",
    "aw:n:*": "names",
    "aw:h:*": "hashes",
    "aw:c:*": "register",
    "aw:f:*": "rivals in flight",
    "awl:*": "learned lines",
}
_WINDOW = ("ids", "names", "hashes", "register")  # live as long as the window
_SAMPLED = 200  # keys of a layer whose memory is asked for


class Stored(NamedTuple):
    """An article as the store has it."""

    article_id: str
    canonical: str
    fingerprint: Fingerprint
    at: datetime  # when its newest revision was stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One kind of key."""

    layer: str
    keys: int
    entries: int
    bytes: int  # estimated from a sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What the index holds."""

    newest: int  # number of the newest article
    generation: int
    begins: datetime  # of the generation before: older articles are not found any more
    layers: list[Layer]

    @property
    def articles(self) -> int:
        """Those in the window."""
        return next(each.entries for each in self.layers if each.layer == "names")

    @property
    def bytes_each(self) -> float:
        """What an article takes for as long as the window lasts."""
        held = sum(each.bytes for each in self.layers if each.layer in _WINDOW)
        return held / max(1, self.articles)


def stats(index: RedisIndex) -> Stats:
    now_s = index.buckets.now_s()
    [newest] = index.wire.trip([("GET", "aw:next")])
    return Stats(
        newest=int(newest or 0),
        generation=now_s // index.window_s,
        begins=begins(index, now_s),
        layers=[_layer(index, keys, name) for keys, name in LAYERS.items()],
    )


def begins(index: RedisIndex, now_s: int) -> datetime:
    """Since when articles are found: the beginning of the generation before the running one."""
    return datetime.fromtimestamp((now_s // index.window_s - 1) * index.window_s, UTC)


def _layer(index: RedisIndex, pattern: str, name: str) -> Layer:
    keys = entries = used = sampled = 0
    length = "EXISTS" if name == "rivals in flight" else "HLEN"
    for some in index.wire.scan(pattern):
        keys += len(some)
        asked = some[: max(0, _SAMPLED - sampled)]
        commands = [("MEMORY", "USAGE", key) for key in asked]
        replies = index.wire.trip([*commands, *((length, key) for key in some)]) if some else []
        used += sum(reply or 0 for reply in replies[: len(asked)])
        sampled += len(asked)
        entries += sum(replies[len(asked) :])
    return Layer(
        layer=name, keys=keys, entries=entries, bytes=used * keys // sampled if sampled else 0
    )


def clear(index: RedisIndex) -> int:
    """Remove everything of the index; returns how many keys that were. Workers may run."""
    removed = 0
    for some in index.wire.scan("aw:*"):
        removed += sum(index.wire.trip([("UNLINK", key) for key in some]))
    return removed


def restore(index: RedisIndex, articles: Sequence[Stored]) -> None:
    """Put these articles back, the earliest first: owners, names and whom each is a copy of.

    Each goes to the generation of its time. Who owns a hash already keeps it.
    """
    ids = [*dict.fromkeys(i for its in articles for i in (its.article_id, its.canonical))]
    numbered = index.numbers.given(ids)
    running = numbered.layouts.written.generation
    by_generation: dict[int, list[Stored]] = {}
    for its in articles:
        generation = int(its.at.timestamp()) // index.window_s
        by_generation.setdefault(min(generation, running), []).append(its)
    for generation, some in by_generation.items():
        hashes = Hashes.of([its.fingerprint for its in some])
        _own(index, generation, hashes, [numbered.of[its.article_id] for its in some])
    index.wire.trip(index.numbers.naming(numbered.of))
    index.cells.overwrite({numbered.of[i.article_id]: numbered.of[i.canonical] for i in articles})


def _own(index: RedisIndex, generation: int, hashes: Hashes, numbers: Sequence[int]) -> None:
    """Three round trips, and those of a turn to move buckets."""
    layouts = index.buckets.begun(generation)
    while True:
        keys, firsts = index.taking(hashes, numbers, layouts.written)
        filled = index.buckets.put(firsts, keys, layouts.written)[1]
        before, layouts = layouts, index.buckets.begun(generation)
        if before.read == layouts.read:
            return index.buckets.tend(layouts, filled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where the index says something else than the store."""

    article_id: str
    what: str  # missing, unowned, register
    index: str = ""  # canonical article by the register
    store: str = ""  # canonical article by the store


def differences(index: RedisIndex, articles: Sequence[Stored]) -> Iterator[Difference]:
    """What differs for these articles; five round trips and one for each step of a chain."""
    numbers = index.numbers.known([its.article_id for its in articles])
    owned = _owned(index, [its.fingerprint for its in articles])
    known = chased(index.cells, [n for n in numbers.values() if n], {})
    ends = {article_id: end_of(known, n) for article_id, n in numbers.items() if n}
    names = index.numbers.names({*ends.values()})
    for its, all_owned in zip(articles, owned, strict=True):
        if not numbers[its.article_id]:
            yield Difference(article_id=its.article_id, what="missing", store=its.canonical)
            continue
        if not all_owned:
            yield Difference(article_id=its.article_id, what="unowned", store=its.canonical)
        said = names.get(ends[its.article_id], "")
        if said != its.canonical:
            yield Difference(
                article_id=its.article_id, what="register", index=said, store=its.canonical
            )


def count(found: Sequence[Difference]) -> dict[str, int]:
    return dict(Counter(difference.what for difference in found))


def _owned(index: RedisIndex, fingerprints: Sequence[Fingerprint]) -> list[bool]:
    """Whether every hash of an article has an owner, itself or another.

    Two round trips, and one more for each time that the layout changes meanwhile.
    """
    hashes = Hashes.of(fingerprints)
    layouts, now = None, index.buckets.look()
    while layouts is None or layouts.read != now.read:
        layouts = now
        asked: list[Command] = [
            ("HEXISTS", *place)
            for layout in reversed(layouts.read)
            for place in zip(hashes.keys(layout), hashes.fields, strict=True)
        ]
        *replies, clock, known = index.wire.trip([*asked, *LOOK])
        now = index.buckets.seen((clock, known))
    every = len(hashes.fields)
    found = [any(replies[place::every]) for place in range(every)]
    return [all(found[begin:end]) for begin, end in pairwise(hashes.bounds)]
