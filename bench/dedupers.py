"""Run deduplicators over a stream in order of arrival: this worker's, datasketch and rensa.

Each deduplicator sees the items in order. The MinHash libraries return for each item the earlier
items that it may copy, most similar first, with the estimated Jaccard similarity. The threshold
from which an item counts as a copy is chosen afterwards. Each result has the cost of the library's
own calls.
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
from worker.dedup import DedupRules, Match, compare, fingerprint, resolve
from worker.index import CopyVote, IndexEntry
from worker.index.redis_index import RedisIndex
from worker.model.admission import Payload
from worker.model.records import Article, Fingerprint, OutcomeKind, Record, Verdict
from worker.store.ports import FingerprintReader
from worker.store.sql_store import SqlStore

PERMUTATIONS = 128
LEAST = 0.15  # minimum similarity of a candidate that is kept: below all thresholds that are tried
BATCH = 100
_WORD = re.compile(r"\w+")

Matches = dict[str, list[tuple[str, float]]]  # id -> earlier ids and similarities, highest first


class Cost(NamedTuple):
    """The cost of deduplicating a stream."""

    cpu_s: float  # of the client: signatures, queries, inserts, verification
    server_cpu_s: float
    bytes: int  # memory that the server uses for the index
    trips: int  # round trips to the server


class Stopwatch:
    """Adds up the CPU seconds of the blocks that are measured."""

    def __init__(self) -> None:
        self.cpu_s = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        began = time.process_time()
        yield
        self.cpu_s += time.process_time() - began


def article_worker(
    items: Sequence[Item], rules: DedupRules, index_url: str, store: SqlStore
) -> tuple[dict[str, str], Cost]:
    """Deduplicate with this worker: id of each duplicate -> id of its canonical article.

    All fingerprints of candidates are fetched from the store, as those of older articles are.
    """
    index, watch = RedisIndex(index_url, rules), Stopwatch()
    server = redis.Redis.from_url(unix_url(index_url))
    names: dict[str, str] = {}
    canonical: dict[str, str] = {}
    server_cpu = _server_cpu(server)
    for start in range(0, len(items), BATCH):
        batch = items[start : start + BATCH]
        articles = [article_of(item.text) for item in batch]
        names |= {a.article_id: i.text.id for a, i in zip(articles, batch, strict=True)}
        with watch.running():
            fingerprints = [fingerprint(article, rules) for article in articles]
            decided_now = verdicts(articles, fingerprints, rules, index, store)
        _store(store, articles, fingerprints, decided_now)
        evict_fingerprints(server, len(batch))
        canonical |= {
            names[v.article_id]: names[v.cluster_id]
            for v in decided_now
            if v.kind is OutcomeKind.DUPLICATE
        }
    cost = Cost(watch.cpu_s, _server_cpu(server) - server_cpu, _bytes(server), index.round_trips)
    index.close()
    return canonical, cost


def evict_fingerprints(server: redis.Redis, articles: int) -> None:
    """Delete the fingerprints of the newest articles, which the index keeps for ten minutes."""
    newest = int(str(server.get("aw:next"), "ascii"))
    server.delete(*(f"aw:f:{number}" for number in range(newest - articles, newest + 1)))


def verdicts(
    articles: Sequence[Article],
    fingerprints: Sequence[Fingerprint],
    rules: DedupRules,
    index: RedisIndex,
    store: FingerprintReader,
) -> list[Verdict]:
    """Decide on new articles as the pipeline does."""
    ids = [article.article_id for article in articles]
    candidates = index.register_and_match(
        [IndexEntry(article_id=i, fingerprint=f) for i, f in zip(ids, fingerprints, strict=True)]
    )
    by_id = dict(zip(ids, fingerprints, strict=True))
    candidate_ids = {c.article_id for of_article in candidates for c in of_article}
    by_id |= store.fingerprints(sorted(candidate_ids - by_id.keys()))
    matches = [
        _matches(fingerprint_, [(c.article_id, by_id[c.article_id]) for c in of_article], rules)
        for fingerprint_, of_article in zip(fingerprints, candidates, strict=True)
    ]
    votes = [
        CopyVote(
            article_id=i,
            copies=tuple(c for c, match in of_article if match.kind is OutcomeKind.DUPLICATE),
        )
        for i, of_article in zip(ids, matches, strict=True)
    ]
    clusters = index.elect_canonical(votes)
    return [
        resolve(
            Verdict(kind=OutcomeKind.NEW, article_id=i, revision=1, cluster_id=i, signal="unseen"),
            of_article,
            cluster_id,
            rules,
        )
        for i, of_article, cluster_id in zip(ids, matches, clusters, strict=True)
    ]


def _matches(
    fingerprint_: Fingerprint, candidates: Sequence[tuple[str, Fingerprint]], rules: DedupRules
) -> list[tuple[str, Match]]:
    """The candidates that the rules find similar, strongest first."""
    compared = [(c, compare(fingerprint_, candidate, rules)) for c, candidate in candidates]
    matches = [(c, match) for c, match in compared if match]
    return sorted(matches, key=lambda pair: pair[1].strength, reverse=True)


def article_of(text: Text) -> Article:
    """The cleaned article of a corpus text, published at noon of its day."""
    day = text.day
    published = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) if day else None
    return Article(
        source="bench", key=f"id:{text.id}", title=text.title, text=text.text, published=published
    )


def _store(
    store: SqlStore,
    articles: Sequence[Article],
    fingerprints: Sequence[Fingerprint],
    verdicts: Sequence[Verdict],
) -> None:
    payload = Payload.of({})
    records = [
        Record(receipt=str(uuid4()), payload=payload, article=a, fingerprint=p, verdict=v)
        for a, p, v in zip(articles, fingerprints, verdicts, strict=True)
    ]
    store.write(records, [], [], now=datetime.now(UTC))


def shingles(text: str, width: int) -> list[bytes]:
    """The sequences of `width` lowercase words of a text."""
    words = _WORD.findall(text.lower())
    if len(words) < width:
        return [" ".join(words).encode()]
    columns = [words[offset:] for offset in range(width)]
    return [" ".join(shingle).encode() for shingle in zip(*columns, strict=False)]


def datasketch(items: Sequence[Item], width: int, index_url: str = "") -> tuple[Matches, Cost]:
    """Deduplicate with MinHashLSH in memory, or on Redis with the MinHash of each article."""
    from datasketch import MinHash, MinHashLSH

    watch, matches = Stopwatch(), Matches()
    server = redis.Redis.from_url(unix_url(index_url)) if index_url else None
    storage = {"type": "redis", "basename": b"ds", "redis": _address(index_url)} if server else None
    lsh = MinHashLSH(threshold=0.2, num_perm=PERMUTATIONS, storage_config=storage)
    values: dict[str, Any] = {}
    commands = _commands(server)
    server_cpu = _server_cpu(server)
    for item in items:
        name = item.text.id
        with watch.running():
            minhash = MinHash(num_perm=PERMUTATIONS)
            minhash.update_batch(shingles(item.text.text, width))
            candidate_ids = lsh.query(minhash)
            candidates = _minhashes(candidate_ids, values, server)
            matches[name] = _best(minhash.hashvalues, candidates)
            lsh.insert(name, minhash)
            if server:
                server.set(f"m:{name}", minhash.hashvalues.astype("<u4").tobytes())
            else:
                values[name] = minhash.hashvalues
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
    stored: Any = server.mget([f"m:{name}" for name in names]) if names else []
    return {n: np.frombuffer(k, "<u4") for n, k in zip(names, stored, strict=True) if k}


def _best(hashvalues: Any, candidates: Mapping[str, Any]) -> list[tuple[str, float]]:
    shares = [
        (name, float(np.mean(hashvalues == candidate))) for name, candidate in candidates.items()
    ]
    return sorted((s for s in shares if s[1] >= LEAST), key=lambda s: -s[1])


def rensa(items: Sequence[Item], width: int) -> tuple[Matches, Cost]:
    """Deduplicate with rensa's MinHash LSH in memory."""

    from rensa import RMinHash, RMinHashLSH

    watch, matches = Stopwatch(), Matches()
    lsh = RMinHashLSH(threshold=0.2, num_perm=PERMUTATIONS, num_bands=64)
    hashes: list[Any] = []
    for number, item in enumerate(items):
        with watch.running():
            minhash = RMinHash(num_perm=PERMUTATIONS, seed=42)
            minhash.update([s.decode() for s in shingles(item.text.text, width)])
            candidates = [
                (items[n].text.id, minhash.jaccard(hashes[n])) for n in lsh.query(minhash)
            ]
            kept = [match for match in candidates if match[1] >= LEAST]
            matches[item.text.id] = sorted(kept, key=lambda match: -match[1])
            lsh.insert(number, minhash)
            hashes.append(minhash)
    return matches, Cost(watch.cpu_s, 0.0, 0, 0)


def decided(items: Sequence[Item], matches: Matches, threshold: float) -> dict[str, str]:
    """Apply a threshold: id of each duplicate -> id of the canonical article of its best match."""
    canonical: dict[str, str] = {}
    for item in items:
        item_matches = matches[item.text.id]
        if item_matches and item_matches[0][1] >= threshold:
            best = item_matches[0][0]
            canonical[item.text.id] = canonical.get(best, best)
    return canonical


def best_threshold(thresholds: Sequence[float], f1: Callable[[float], float]) -> float:
    """The threshold with the highest F1; the middle one if several are equal."""
    scores = {threshold: f1(threshold) for threshold in thresholds}
    top = [threshold for threshold, score in scores.items() if score == max(scores.values())]
    return top[len(top) // 2]


def steps(low: float, high: float, count: int) -> list[float]:
    """The midpoints of `count` equal intervals between `low` and `high`."""
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
    """Flush the server and return the number of bytes that this frees."""
    if not server:
        return 0
    used = _used(server)
    server.execute_command("FLUSHALL", "SYNC")
    return used - _used(server)


def _used(server: redis.Redis) -> int:
    memory: Any = server.info("memory")
    return int(memory["used_memory"]) - int(memory["mem_clients_normal"])


def _commands(server: redis.Redis | None) -> int:
    stats: Any = server.info("stats") if server else {"total_commands_processed": 0}
    return int(stats["total_commands_processed"])
