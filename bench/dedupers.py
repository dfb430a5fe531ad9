"""Run deduplicators over a stream in order of arrival: this worker's, datasketch and rensa.

Each gives for every item what it knew when the item came: the earlier articles it might copy, best
first, with a share; and what its own calls cost in CPU. For MinHash the share is the estimated
Jaccard similarity; the threshold from which on it means a copy is chosen afterwards, the best one.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import redis

from bench.stream import Item
from devtools.news_corpora import Text
from devtools.servers import unix_url
from worker.dedup import DedupRules, compare, fingerprint, resolve
from worker.index import CopyVote, IndexEntry
from worker.index.redis_index import RedisIndex
from worker.model.admission import Payload
from worker.model.records import Article, Fingerprint, OutcomeKind, Record, Verdict
from worker.store.sql_store import SqlStore

PERMUTATIONS = 128
LEAST = 0.15  # estimated similarity from which on a candidate is kept: below every threshold tried
BATCH = 100
_WORD = re.compile(r"\w+")

Matches = dict[str, list[tuple[str, float]]]  # id -> earlier ids it may copy, best first


class Cost(NamedTuple):
    cpu_s: float  # of the client: signatures, queries, inserts, verification
    server_cpu_s: float
    bytes: int  # on the server
    trips: int


class Watch:
    """Adds up the CPU of the parts that are measured."""

    def __init__(self) -> None:
        self.cpu_s = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        began = time.process_time()
        yield
        self.cpu_s += time.process_time() - began


def ours(
    items: Sequence[Item], rules: DedupRules, index_url: str, store: SqlStore
) -> tuple[dict[str, str], Cost]:
    """The id of each duplicate -> that of its canonical article.

    Every rival's fingerprint is fetched from the store, as that of one from last week is.
    """
    index, watch = RedisIndex(index_url, rules), Watch()
    server = redis.Redis.from_url(unix_url(index_url))
    names: dict[str, str] = {}
    canonical: dict[str, str] = {}
    server_cpu = _server_cpu(server)
    for start in range(0, len(items), BATCH):
        batch = items[start : start + BATCH]
        articles = [article_of(item.text) for item in batch]
        names |= {a.article_id: i.text.id for a, i in zip(articles, batch, strict=True)}
        with watch.running():
            prints = [fingerprint(article, rules) for article in articles]
            verdicts = _judged(articles, prints, rules, index, store)
        _store(store, articles, prints, verdicts)
        let_go(server, len(batch))
        canonical |= {
            names[v.article_id]: names[v.cluster_id]
            for v in verdicts
            if v.kind is OutcomeKind.DUPLICATE
        }
    cost = Cost(watch.cpu_s, _server_cpu(server) - server_cpu, _bytes(server), index.round_trips)
    index.close()
    return canonical, cost


def let_go(server: redis.Redis, articles: int) -> None:
    """Of the newest fingerprints, which wait ten minutes for rivals in flight."""
    newest = int(str(server.get("aw:next"), "ascii"))
    server.delete(*(f"aw:f:{number}" for number in range(newest - articles, newest + 1)))


def _judged(
    articles: Sequence[Article],
    prints: Sequence[Fingerprint],
    rules: DedupRules,
    index: RedisIndex,
    store: SqlStore,
) -> list[Verdict]:
    """What the pipeline does with new articles."""
    ids = [article.article_id for article in articles]
    met = index.register_and_match(
        [IndexEntry(article_id=i, fingerprint=p) for i, p in zip(ids, prints, strict=True)]
    )
    known = dict(zip(ids, prints, strict=True))
    known |= store.fingerprints(sorted({r.article_id for each in met for r in each} - known.keys()))
    likes = []
    for print_, rivals in zip(prints, met, strict=True):
        found = [(r.article_id, compare(print_, known[r.article_id], rules)) for r in rivals]
        copies = [(article_id, like) for article_id, like in found if like]
        likes.append(sorted(copies, key=lambda its: its[1].strength, reverse=True))
    votes = [
        CopyVote(
            article_id=i, copies=tuple(a for a, like in each if like.kind is OutcomeKind.DUPLICATE)
        )
        for i, each in zip(ids, likes, strict=True)
    ]
    homes = index.elect_canonical(votes)
    new = [
        Verdict(kind=OutcomeKind.NEW, article_id=i, revision=1, cluster_id=i, signal="unseen")
        for i in ids
    ]
    return [resolve(v, each, home, rules) for v, each, home in zip(new, likes, homes, strict=True)]


def article_of(text: Text) -> Article:
    day = text.day
    published = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) if day else None
    return Article(
        source="bench", key=f"id:{text.id}", title=text.title, text=text.text, published=published
    )


def _store(
    store: SqlStore,
    articles: Sequence[Article],
    prints: Sequence[Fingerprint],
    verdicts: Sequence[Verdict],
) -> None:
    payload = Payload.of({})
    records = [
        Record(receipt=str(uuid4()), payload=payload, article=a, fingerprint=p, verdict=v)
        for a, p, v in zip(articles, prints, verdicts, strict=True)
    ]
    store.write(records, [], [], now=datetime.now(UTC))


def shingles(text: str, width: int) -> list[bytes]:
    words = _WORD.findall(text.lower())
    if len(words) < width:
        return [" ".join(words).encode()]
    columns = [words[place:] for place in range(width)]
    return [" ".join(shingle).encode() for shingle in zip(*columns, strict=False)]


def datasketch(items: Sequence[Item], width: int, index_url: str = "") -> tuple[Matches, Cost]:
    """MinHashLSH in memory, or on Redis with the MinHash of each article beside it."""
    from datasketch import MinHash, MinHashLSH

    watch, matches = Watch(), Matches()
    server = redis.Redis.from_url(unix_url(index_url)) if index_url else None
    storage = {"type": "redis", "basename": b"ds", "redis": _address(index_url)} if server else None
    lsh = MinHashLSH(threshold=0.2, num_perm=PERMUTATIONS, storage_config=storage)
    values: dict[str, Any] = {}
    commands = _commands(server)
    server_cpu = _server_cpu(server)
    for item in items:
        name = item.text.id
        with watch.running():
            mine = MinHash(num_perm=PERMUTATIONS)
            mine.update_batch(shingles(item.text.text, width))
            found = lsh.query(mine)
            theirs = _minhashes(found, values, server)
            matches[name] = _best(mine.hashvalues, theirs)
            lsh.insert(name, mine)
            if server:
                server.set(f"m:{name}", mine.hashvalues.astype("<u4").tobytes())
            else:
                values[name] = mine.hashvalues
    cost = Cost(
        watch.cpu_s,
        _server_cpu(server) - server_cpu,
        _bytes(server),
        _commands(server) - commands,
    )
    return matches, cost


def _minhashes(
    names: Sequence[str], values: Mapping[str, Any], server: redis.Redis | None
) -> dict[str, Any]:
    if not server:
        return {name: values[name] for name in names}
    kept: Any = server.mget([f"m:{name}" for name in names]) if names else []
    return {n: np.frombuffer(k, "<u4") for n, k in zip(names, kept, strict=True) if k}


def _best(mine: Any, theirs: Mapping[str, Any]) -> list[tuple[str, float]]:
    shares = [(name, float(np.mean(mine == other))) for name, other in theirs.items()]
    return sorted((s for s in shares if s[1] >= LEAST), key=lambda s: -s[1])


def rensa(items: Sequence[Item], width: int) -> tuple[Matches, Cost]:
    from rensa import RMinHash, RMinHashLSH

    watch, matches = Watch(), Matches()
    lsh = RMinHashLSH(threshold=0.2, num_perm=PERMUTATIONS, num_bands=64)
    hashes: list[Any] = []
    for number, item in enumerate(items):
        with watch.running():
            mine = RMinHash(num_perm=PERMUTATIONS, seed=42)
            mine.update([s.decode() for s in shingles(item.text.text, width)])
            found = [(items[n].text.id, mine.jaccard(hashes[n])) for n in lsh.query(mine)]
            kept = [match for match in found if match[1] >= LEAST]
            matches[item.text.id] = sorted(kept, key=lambda match: -match[1])
            lsh.insert(number, mine)
            hashes.append(mine)
    return matches, Cost(watch.cpu_s, 0.0, 0, 0)


def decided(items: Sequence[Item], matches: Matches, threshold: float) -> dict[str, str]:
    """The id of each duplicate -> the canonical article of its best match."""
    canonical: dict[str, str] = {}
    for item in items:
        found = matches[item.text.id]
        if found and found[0][1] >= threshold:
            best = found[0][0]
            canonical[item.text.id] = canonical.get(best, best)
    return canonical


def best_threshold(thresholds: Sequence[float], f1: Callable[[float], float]) -> float:
    """The one of the highest F1; of a plateau the middle."""
    scores = {threshold: f1(threshold) for threshold in thresholds}
    top = [threshold for threshold, score in scores.items() if score == max(scores.values())]
    return top[len(top) // 2]


def steps(low: float, high: float, count: int) -> list[float]:
    edges = [low + (high - low) * n / count for n in range(count + 1)]
    return [round((a + b) / 2, 4) for a, b in pairwise(edges)]


def _address(url: str) -> dict[str, str]:
    return {"unix_socket_path": unix_url(url).removeprefix("unix://")}


def _server_cpu(server: redis.Redis | None) -> float:
    if not server:
        return 0.0
    cpu: Any = server.info("cpu")
    return float(cpu["used_cpu_user"] + cpu["used_cpu_sys"])


def _bytes(server: redis.Redis | None) -> int:
    """What emptying the server frees."""
    if not server:
        return 0
    held = _used(server)
    server.execute_command("FLUSHALL", "SYNC")
    return held - _used(server)


def _used(server: redis.Redis) -> int:
    memory: Any = server.info("memory")
    return int(memory["used_memory"]) - int(memory["mem_clients_normal"])


def _commands(server: redis.Redis | None) -> int:
    stats: Any = server.info("stats") if server else {"total_commands_processed": 0}
    return int(stats["total_commands_processed"])
