"""Compare the index that finds copies with the store, measure it, and restore what it lost.

The store has all articles, so none is lost with the index. But articles that are missing in the
index are not found, and copies of them are taken for new articles.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from worker.index import IndexEntry
from worker.index.buckets import READ_LAYOUTS
from worker.index.canonical_articles import end_of, follow
from worker.index.index_hashes import IndexHashes
from worker.index.layout import ActiveLayouts
from worker.index.redis_client import Command
from worker.index.redis_index import RedisIndex
from worker.model.records import Fingerprint
from worker.model.text_hashes import SKETCH_VERSION

LAYERS = {
    "aw:i:*": "ids",
    "aw:n:*": "names",
    "aw:h:*": "hashes",
    "aw:c:*": "register",
    "aw:f:*": "rivals in flight",
    "awl:*": "learned lines",
}
"""Pattern of Redis keys -> name of the layer, one kind of entries that is counted by itself."""
_WINDOW_LAYERS = ("ids", "names", "hashes", "register")  # kept for the whole window
_SAMPLED_KEYS = 200  # of a layer, to estimate its memory


class ExpectedEntry(NamedTuple):
    """What the similarity index should know about one article, according to the store.

    `fingerprint` has the hashes of its text, `canonical` is the id of the article of which it is a
    copy (its own id if it is none), and `at` is when its newest revision was stored.
    """

    article_id: str
    canonical: str
    fingerprint: Fingerprint
    at: datetime  # when its newest revision was stored


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexLayer:
    """One part of the similarity index on its server, and how much memory this part takes.

    `layer` is its name, such as `hashes` (which article was the first with a text hash) or `ids`
    (the number of each article). `keys` counts its Redis keys, and `entries` what is stored under
    them. `bytes` is its memory, estimated from a sample of the keys.
    """

    layer: str
    keys: int
    entries: int
    bytes: int  # estimated from a sample


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStats:
    """What the similarity index holds, as the command `worker index stats` shows it.

    `newest` is the number of the newest article (articles are numbered in the order of arrival),
    and `generation` that of the present time window. Articles registered before `begins` are no
    longer found. `layers` says how much memory each part of the index takes.
    """

    newest: int  # number of the newest article
    generation: int
    begins: datetime  # beginning of the generation before: older articles are found no longer
    layers: list[IndexLayer]

    @property
    def articles(self) -> int:
        """How many articles the index can find: those of the present time window and of the one
        before."""
        return next(layer.entries for layer in self.layers if layer.layer == "names")

    @property
    def bytes_each(self) -> float:
        """How many bytes the index takes on average for each article that it can find.

        Not counted are the full text hashes of articles, which are stored for some minutes only,
        and the lines from which boilerplate is learned.
        """
        total = sum(layer.bytes for layer in self.layers if layer.layer in _WINDOW_LAYERS)
        return total / max(1, self.articles)


def stats(index: RedisIndex) -> IndexStats:
    """Count articles, keys, entries and bytes in the similarity index, for `worker index stats`.

    This is slow on a large server: it reads the names of all keys several times.
    """
    now_s = index.buckets.now_s()
    [newest] = index.client.execute([("GET", "aw:next")])
    return IndexStats(
        newest=int(newest or 0),
        generation=now_s // index.window_s,
        begins=window_begin(index, now_s),
        layers=[_layer(index, pattern, name) for pattern, name in LAYERS.items()],
    )


def window_begin(index: RedisIndex, now_s: int) -> datetime:
    """Return the time before which articles are too old to be found by the index.

    Articles are found if they were registered in the present time window or in the one before; this
    is when the latter began. `now_s` is the present time in Unix seconds.
    """
    return datetime.fromtimestamp((now_s // index.window_s - 1) * index.window_s, UTC)


def _layer(index: RedisIndex, pattern: str, name: str) -> IndexLayer:
    count = entries = used = sampled = 0
    length = "EXISTS" if name == "rivals in flight" else "HLEN"
    for keys in index.client.scan(pattern):
        count += len(keys)
        sample = keys[: max(0, _SAMPLED_KEYS - sampled)]
        commands = [("MEMORY", "USAGE", key) for key in sample]
        lengths = [(length, key) for key in keys]
        replies = index.client.execute([*commands, *lengths]) if keys else []
        used += sum(reply or 0 for reply in replies[: len(sample)])
        sampled += len(sample)
        entries += sum(replies[len(sample) :])
    return IndexLayer(
        layer=name, keys=count, entries=entries, bytes=used * count // sampled if sampled else 0
    )


def clear(index: RedisIndex) -> int:
    """Remove all keys of the similarity index from its server, and return how many there were.

    Workers may run meanwhile. The lines from which boilerplate is learned are on the same server,
    but are no part of the index and are kept.
    """
    removed = 0
    for keys in index.client.scan("aw:*"):
        removed += sum(index.client.execute([("UNLINK", key) for key in keys]))
    return removed


def restore(index: RedisIndex, articles: Sequence[ExpectedEntry]) -> None:
    """Write articles that the index has lost back to it, so that copies of them are found again.

    `articles` has what the store knows about them, the earliest first. The index gets their
    numbers, their text hashes, and of which article each is a copy.
    """
    ids = [*dict.fromkeys(i for a in articles for i in (a.article_id, a.canonical))]
    numbered = index.numbers.assign(ids)
    numbers, running = numbered.numbers, numbered.layouts.written.generation
    by_generation: dict[int, list[ExpectedEntry]] = {}
    for article in articles:
        generation = int(article.at.timestamp()) // index.window_s
        by_generation.setdefault(min(generation, running), []).append(article)
    for generation, members in by_generation.items():
        _own(index, generation, members, [numbers[article.article_id] for article in members])
    index.client.execute(index.numbers.id_commands(numbers))
    index.canonical_table.overwrite({numbers[a.article_id]: numbers[a.canonical] for a in articles})


def _own(
    index: RedisIndex, generation: int, articles: Sequence[ExpectedEntry], numbers: Sequence[int]
) -> None:
    """Make articles the owners of their hashes in a generation, where hashes have no owner yet.

    Takes five round trips and those of moving buckets, and one more for articles that a former
    release fingerprinted. Starts again when layouts change meanwhile.
    """
    fingerprints = [article.fingerprint for article in articles]
    hashes = IndexHashes.of(fingerprints)
    former = any(f.sketch_version != SKETCH_VERSION for f in fingerprints)
    layouts = index.buckets.layouts_of(generation)
    if former and layouts.written.sketch_version == SKETCH_VERSION:
        index.buckets.admit_former_sketches(layouts.written)
    while True:
        keys, commands = index.owners.commands(hashes, numbers, layouts.written)
        _, entries_per_bucket = index.buckets.write(commands, keys, layouts.written)
        before, layouts = layouts, index.buckets.layouts_of(generation)
        if before.read == layouts.read:
            break
    _own_alternates(index, articles, hashes, numbers, layouts)
    index.buckets.grow(layouts, entries_per_bucket)


def _own_alternates(
    index: RedisIndex,
    articles: Sequence[ExpectedEntry],
    hashes: IndexHashes,
    numbers: Sequence[int],
    layouts: ActiveLayouts,
) -> None:
    """Make articles the owners of alternate hashes, in place of those that others own."""
    entries = [IndexEntry(article_id=a.article_id, fingerprint=a.fingerprint) for a in articles]
    owners, _ = index.owners.read(entries, hashes, layouts)
    ranked = index.ranked(owners, numbers)
    writes = index.owners.alternates(entries, owners, numbers, ranked, layouts.written)
    if writes.commands:
        index.buckets.write(writes.commands, writes.keys, writes.layout)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexDifference:
    """A difference between what the index and the store say about one article.

    `what` is the kind: `missing` (the index does not know the article), `unowned` (it lacks some of
    the article's text hashes) or `register` (it names another article as the original). `store` is
    the id of the original according to the store, `index` that according to the index ("" for the
    other kinds).
    """

    article_id: str
    what: str
    index: str = ""  # canonical article by the index
    store: str = ""  # canonical article by the store


def differences(index: RedisIndex, articles: Sequence[ExpectedEntry]) -> Iterator[IndexDifference]:
    """Compare what the index has about some articles with what the store says, and yield each
    difference.

    `articles` has what the index should have, according to the store.
    """
    numbers = index.numbers.find([article.article_id for article in articles])
    owned = _all_owned(index, [article.fingerprint for article in articles])
    pointers = follow(index.canonical_table, [n for n in numbers.values() if n], {})
    canonical_numbers = {article_id: end_of(pointers, n) for article_id, n in numbers.items() if n}
    ids = index.numbers.article_ids({*canonical_numbers.values()})
    for article, all_owned in zip(articles, owned, strict=True):
        article_id, canonical = article.article_id, article.canonical
        if not numbers[article_id]:
            yield IndexDifference(article_id=article_id, what="missing", store=canonical)
            continue
        if not all_owned:
            yield IndexDifference(article_id=article_id, what="unowned", store=canonical)
        indexed = ids.get(canonical_numbers[article_id], "")
        if indexed != canonical:
            yield IndexDifference(
                article_id=article_id, what="register", index=indexed, store=canonical
            )


def count_by_kind(compared: Sequence[IndexDifference]) -> dict[str, int]:
    """Count differences between the index and the store by kind.

    The kinds are `missing` (the index does not know the article), `unowned` (it lacks one of the
    article's text hashes) and `register` (it says that the article is a copy of another one than
    the store says).
    """
    return dict(Counter(difference.what for difference in compared))


def _all_owned(index: RedisIndex, fingerprints: Sequence[Fingerprint]) -> list[bool]:
    """Whether every hash of each fingerprint has an owner, which may be another article.

    Takes two round trips, and one more each time that the layouts change meanwhile.
    """
    hashes = IndexHashes.of(fingerprints)
    layouts, current = None, index.buckets.layouts()
    while layouts is None or layouts.read != current.read:
        layouts = current
        commands: list[Command] = [
            ("HEXISTS", *address)
            for layout in reversed(layouts.read)
            for address in zip(hashes.keys(layout), hashes.fields, strict=True)
        ]
        *replies, clock, state = index.client.execute([*commands, *READ_LAYOUTS])
        current = index.buckets.parse_layouts((clock, state))
    count = len(hashes.fields)
    has_owner = [any(replies[n::count]) for n in range(count)]
    return [all(has_owner[begin:end]) for begin, end in pairwise(hashes.bounds)]
