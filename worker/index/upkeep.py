"""The index held against the store: what it has is counted, what it lost is put back.

Nothing here is needed for a right decision later on: the store has every identity and every
cluster. What a lost index costs is copies that are not found while it is empty.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from worker.contract import Frozen
from worker.index.epochs import Slot
from worker.index.redis import RedisIndex, cell_of
from worker.index.register import chased, end_of
from worker.index.wire import Command
from worker.models import Fingerprint

LAYERS = {
    "i": "ids",
    "a": "names",
    "s": "sketches",
    "t": "texts",
    "f": "rivals in flight",
    "v": "register",
}
_SAMPLED = 200  # keys of a layer whose memory is asked for


class Stored(NamedTuple):
    """An article as the store has it."""

    article_id: str
    canonical: str
    fingerprint: Fingerprint
    at: datetime  # when its newest revision was stored


class Layer(Frozen):
    """One kind of key."""

    layer: str
    keys: int
    entries: int
    bytes: int  # estimated from a sample


class Stats(Frozen):
    """What the index holds."""

    newest: int  # number of the newest article
    generation: int
    begins: datetime  # of the generation before: older articles are not found any more
    layers: list[Layer]


def stats(index: RedisIndex) -> Stats:
    now_s = index.now_s()
    [newest] = index.wire.trip([("GET", "aw:next")])
    return Stats(
        newest=int(newest or 0),
        generation=now_s // index.window_s,
        begins=begins(index, now_s),
        layers=[_layer(index, letter, name) for letter, name in LAYERS.items()],
    )


def begins(index: RedisIndex, now_s: int) -> datetime:
    """Since when articles are found: the beginning of the generation before the running one."""
    return datetime.fromtimestamp((now_s // index.window_s - 1) * index.window_s, UTC)


def _layer(index: RedisIndex, letter: str, name: str) -> Layer:
    keys = entries = used = sampled = 0
    length = "EXISTS" if letter == "f" else "HLEN"
    for some in index.wire.scan(f"aw:{letter}:*"):
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
    epochs, numbers, _ = index.numbered(ids)
    commands: list[Command] = []
    expiring: dict[str, int] = {}
    opening: dict[int, int] = {}
    for its in articles:
        at_s = int(its.at.timestamp())
        epoch = index.epoch_of(at_s, epochs)
        opening[epoch] = min(at_s, opening.get(epoch, at_s))
        number = numbers[its.article_id]
        for slot in index.slots_of(its.fingerprint):
            key = slot.key(epoch)
            expiring[key] = index.expires(epoch)
            commands.append(("HSETNX", key, slot.field, number))
        commands.append(("HSET", *cell_of(number), numbers[its.canonical]))
    for article_id, number in numbers.items():
        commands += index.named(number, article_id)
    cells = {cell_of(numbers[its.article_id])[0] for its in articles}
    dated = [("EXPIREAT", key, at) for key, at in expiring.items()]
    commands += [("HSETNX", "aw:epochs", epoch, f"{at_s}:0") for epoch, at_s in opening.items()]
    index.wire.trip([*commands, *dated, *(("EXPIRE", c, 3 * index.window_s) for c in cells)])


class Difference(Frozen):
    """Where the index says something else than the store."""

    article_id: str
    what: str  # missing, unowned, register
    index: str = ""  # canonical article by the register
    store: str = ""  # canonical article by the store


def differences(index: RedisIndex, articles: Sequence[Stored]) -> Iterator[Difference]:
    """What differs for these articles; three round trips and one for each step of a chain."""
    epochs = index.epochs()
    read = (epochs.written, *epochs.others)
    numbers = _numbers(index, articles, read)
    owned = _owned(index, articles, read)
    known = chased(index.cells, [n for n in numbers.values() if n], {})
    ends = {article_id: end_of(known, n) for article_id, n in numbers.items() if n}
    names = index.names({*ends.values()})
    for its in articles:
        if not numbers[its.article_id]:
            yield Difference(article_id=its.article_id, what="missing", store=its.canonical)
            continue
        if not owned[its.article_id]:
            yield Difference(article_id=its.article_id, what="unowned", store=its.canonical)
        said = names.get(ends[its.article_id], "")
        if said != its.canonical:
            yield Difference(
                article_id=its.article_id, what="register", index=said, store=its.canonical
            )


def count(found: Sequence[Difference]) -> dict[str, int]:
    return dict(Counter(difference.what for difference in found))


def _numbers(
    index: RedisIndex, articles: Sequence[Stored], epochs: Sequence[int]
) -> dict[str, int | None]:
    slots = [index.id_slot(its.article_id) for its in articles]
    replies = iter(index.wire.trip([("HGET", s.key(e), s.field) for s in slots for e in epochs]))
    found = [[int(n) for n in islice(replies, len(epochs)) if n] for _ in slots]
    return {
        its.article_id: next(reversed(numbers), None)
        for its, numbers in zip(articles, found, strict=True)
    }


def _owned(index: RedisIndex, articles: Sequence[Stored], epochs: Sequence[int]) -> dict[str, bool]:
    """Whether every hash of an article has an owner, itself or an earlier one."""
    slots: list[list[Slot]] = [index.slots_of(its.fingerprint) for its in articles]
    asked = [("HEXISTS", s.key(e), s.field) for its in slots for s in its for e in epochs]
    replies = iter(index.wire.trip(asked))
    owners = [[[*islice(replies, len(epochs))] for _ in places] for places in slots]
    return {its.article_id: all(map(any, each)) for its, each in zip(articles, owners, strict=True)}
