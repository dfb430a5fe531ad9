"""Measure whether copies are still found while the index fills: recall by kind of edit.

The index first gets a number of other articles: real ones of the tuning split, then generated ones
(bench/recombined.py). Then comes a stream: articles that were held back and resemble no other text
of the corpora, each with one copy, and look-alikes of some that are no copies. Each deduplicator
gets the same stream at each fill; datasketch and rensa get the threshold with the best F1.
"""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import redis

from bench.dedupers import (
    BATCH,
    LEAST,
    PERMUTATIONS,
    article_of,
    best_threshold,
    evict_fingerprints,
    shingles,
    steps,
)
from bench.dedupers import verdicts as verdicts_of
from bench.edits import LOOKALIKES, Donors, Edit, headline, light
from bench.pairs import similar_pairs
from bench.recombined import recombined
from devtools.news_corpora import Text
from devtools.servers import private_valkey, unix_url
from worker.dedup import DedupRules, fingerprint
from worker.index import CopyVote, IndexEntry
from worker.index.redis_index import RedisIndex
from worker.model.records import Article, Fingerprint, OutcomeKind

FILLS = (0, 1000, 11_000, 100_000)
_CUT = 0.3
_LEAD_WORDS = 30
_LEAST_WORDS = 100
_SIMILAR = 0.15
_LOOKALIKES = 0.3  # of the originals
_KINDS = "cut to 30 %", "new lead", "new headline", "small edits"


class Arrival(NamedTuple):
    """An article of the stream: `story` is shared by copies, `kind` is original, a kind of edit or
    of look-alike."""

    text: Text
    story: str
    kind: str


class Result(NamedTuple):
    found: dict[str, float]  # kind of edit -> share of such copies that was found
    precision: float
    bytes: float  # of the server for each article of the fill; 0 if not measured
    batch_ms: float  # CPU of client and server for 100 articles of the stream


def cut(text: Text, donors: Donors) -> Text:
    """Keep the first 30 % of the words."""
    words = text.text.split(" ")
    return text._replace(text=" ".join(words[: round(_CUT * len(words))]))


def new_lead(text: Text, donors: Donors) -> Text:
    """Replace the first words, a paragraph of an agency, by as many of a donor; keep the title."""
    lead = donors.text(60).text.split(" ")[:_LEAD_WORDS]
    return text._replace(text=" ".join([*lead, *text.text.split(" ")[_LEAD_WORDS:]]))


EDITS: Mapping[str, Edit] = dict(zip(_KINDS, (cut, new_lead, headline, light), strict=True))


def arrivals(texts: Sequence[Text], seed: int) -> list[Arrival]:
    """The stream: a copy comes some articles after its original."""
    rng = random.Random(seed)
    linked = {
        texts[n].id
        for pair, share in similar_pairs(texts).items()
        if share >= _SIMILAR
        for n in pair
    }
    lonely = [t for t in texts if t.held_back and t.id not in linked]
    rng.shuffle(lonely)
    donors = Donors(lonely[: len(lonely) // 4], seed)
    placed: list[tuple[float, Arrival]] = []
    originals = (t for t in lonely[len(lonely) // 4 :] if len(t.text.split()) >= _LEAST_WORDS)
    for number, text in enumerate(originals):
        at, kind = rng.random(), _KINDS[number % len(_KINDS)]
        placed.append((at, Arrival(text, text.id, "original")))
        copy = EDITS[kind](text, donors)._replace(id=f"{text.id}:copy")
        placed.append((at + rng.random(), Arrival(copy, text.id, kind)))
        if rng.random() < _LOOKALIKES:
            name = rng.choice([*LOOKALIKES])
            other = LOOKALIKES[name](text, donors)._replace(id=f"{text.id}:{name}")
            placed.append((at + rng.random(), Arrival(other, other.id, name)))
    return [arrival for _, arrival in sorted(placed, key=lambda pair: pair[0])]


def filled(texts: Sequence[Text], count: int, seed: int) -> Iterator[Text]:
    """The articles that fill the index: real ones, then generated ones."""
    real = [text for text in texts if not text.held_back]
    random.Random(seed).shuffle(real)
    yield from real[:count]
    if count > len(real):
        yield from recombined(real, count - len(real), seed)


def scored(
    stream: Sequence[Arrival], canonical: Mapping[str, str]
) -> tuple[dict[str, float], float]:
    """Recall by kind of edit, and precision of `canonical`: id of a duplicate -> id of its
    original, which may be an article of the fill."""
    story_of = {arrival.text.id: arrival.story for arrival in stream}
    seen: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for arrival in stream:
        seen[arrival.kind] += 1
        found[arrival.kind] += story_of.get(canonical.get(arrival.text.id, "")) == arrival.story
    right = sum(found[kind] for kind in EDITS)
    return {kind: found[kind] / seen[kind] for kind in EDITS}, right / max(1, len(canonical))


class _Fingerprints(dict[str, Fingerprint]):
    """Fingerprints in the place of a store."""

    def fingerprints(self, article_ids: Sequence[str]) -> dict[str, Fingerprint]:
        return {i: self[i] for i in article_ids if i in self}


def of_worker(
    texts: Sequence[Text], stream: Sequence[Arrival], count: int, rules: DedupRules, seed: int
) -> Result:
    with private_valkey() as url, redis.Redis.from_url(unix_url(url)) as server:
        index, store = RedisIndex(url, rules), _Fingerprints()
        empty = _used(server)
        fill = filled(texts, count, seed)
        while batch := [article_of(text) for text in islice(fill, BATCH)]:
            fingerprints = [fingerprint(article, rules) for article in batch]
            _register(index, store, batch, fingerprints)
            evict_fingerprints(server, len(batch))
        taken = (_used(server) - empty) / max(1, count)
        names: dict[str, str] = {}
        canonical: dict[str, str] = {}
        cpu_s = -_cpu(server)
        for start in range(0, len(stream), BATCH):
            arrived = stream[start : start + BATCH]
            articles = [article_of(arrival.text) for arrival in arrived]
            names |= {a.article_id: r.text.id for a, r in zip(articles, arrived, strict=True)}
            cpu_s -= time.process_time()
            fingerprints = [fingerprint(article, rules) for article in articles]
            verdicts = verdicts_of(articles, fingerprints, rules, index, store)
            cpu_s += time.process_time()
            store |= {a.article_id: f for a, f in zip(articles, fingerprints, strict=True)}
            canonical |= {
                names[v.article_id]: names.get(v.cluster_id, "fill")
                for v in verdicts
                if v.kind is OutcomeKind.DUPLICATE
            }
        cpu_s += _cpu(server)
        index.close()
    return Result(*scored(stream, canonical), taken, cpu_s / len(stream) * BATCH * 1000)


def _register(
    index: RedisIndex,
    store: _Fingerprints,
    articles: Sequence[Article],
    fingerprints: Sequence[Fingerprint],
) -> None:
    ids = [article.article_id for article in articles]
    pairs = [*zip(ids, fingerprints, strict=True)]
    index.register_and_match([IndexEntry(article_id=i, fingerprint=f) for i, f in pairs])
    index.elect_canonical([CopyVote(article_id=i) for i in ids])
    store |= dict(pairs)


def _used(server: redis.Redis) -> int:
    memory: Any = server.info("memory")
    return int(memory["used_memory"]) - int(memory["mem_clients_normal"])


def _cpu(server: redis.Redis) -> float:
    cpu: Any = server.info("cpu")
    return float(cpu["used_cpu_user"] + cpu["used_cpu_sys"])


class _Datasketch:
    """MinHashLSH of datasketch in memory."""

    def __init__(self) -> None:
        from datasketch import MinHash, MinHashLSH

        self._minhash = MinHash
        self._lsh = MinHashLSH(threshold=0.2, num_perm=PERMUTATIONS)
        self._values: dict[str, Any] = {}

    def add(self, text: Text, *, query: bool) -> list[tuple[str, float]]:
        minhash = self._minhash(num_perm=PERMUTATIONS)
        minhash.update_batch(shingles(text.text, 3))
        found = self._lsh.query(minhash) if query else []
        shares = [(n, float((self._values[n] == minhash.hashvalues).mean())) for n in found]
        self._lsh.insert(text.id, minhash)
        self._values[text.id] = minhash.hashvalues
        return shares


class _Rensa:
    """MinHash LSH of rensa in memory."""

    def __init__(self) -> None:
        from rensa import RMinHash, RMinHashLSH

        self._minhash = RMinHash
        self._lsh = RMinHashLSH(threshold=0.2, num_perm=PERMUTATIONS, num_bands=64)
        self._added: list[tuple[str, Any]] = []

    def add(self, text: Text, *, query: bool) -> list[tuple[str, float]]:
        minhash = self._minhash(num_perm=PERMUTATIONS, seed=42)
        minhash.update([s.decode() for s in shingles(text.text, 3)])
        found = [self._added[n] for n in self._lsh.query(minhash)] if query else []
        shares = [(name, minhash.jaccard(other)) for name, other in found]
        self._lsh.insert(len(self._added), minhash)
        self._added.append((text.id, minhash))
        return shares


OTHERS = {"datasketch": _Datasketch, "rensa": _Rensa}


def of_library(
    name: str, texts: Sequence[Text], stream: Sequence[Arrival], count: int, seed: int
) -> tuple[Result, float]:
    """The result of another library at the threshold with the best F1 for this stream."""
    library = OTHERS[name]()
    for text in filled(texts, count, seed):
        library.add(text, query=False)
    matches, began = {}, time.process_time()
    for arrival in stream:
        shares = library.add(arrival.text, query=True)
        kept = [share for share in shares if share[1] >= LEAST]
        if kept:
            matches[arrival.text.id] = max(kept, key=lambda share: share[1])
    batch_ms = (time.process_time() - began) / len(stream) * BATCH * 1000

    def canonical(threshold: float) -> dict[str, str]:
        answers: dict[str, str] = {}
        for arrival in stream:
            best, share = matches.get(arrival.text.id, ("", 0.0))
            if share >= threshold:
                answers[arrival.text.id] = answers.get(best, best)
        return answers

    def f1(threshold: float) -> float:
        found, precision = scored(stream, canonical(threshold))
        recall = sum(found.values()) / len(found)
        return 2 * precision * recall / max(precision + recall, 1e-9)

    best = best_threshold(steps(0.15, 0.65, 50), f1)
    score = scored(stream, canonical(best))
    return Result(*score, 0.0, batch_ms), best


def compare_fills(
    texts: Sequence[Text], rules: DedupRules, seed: int, fills: Sequence[int] = FILLS
) -> None:
    """Print a line for each fill and deduplicator."""
    stream = arrivals(texts, seed)
    kinds: defaultdict[str, int] = defaultdict(int, Counter(arrival.kind for arrival in stream))
    print(f"\nstream of {len(stream)}: {dict(kinds)}")
    for count in fills:
        _print(count, "article-worker", of_worker(texts, stream, count, rules, seed))
        for name in OTHERS:
            result, threshold = of_library(name, texts, stream, count, seed)
            _print(count, f"{name}, from {threshold:.3f}", result)


def _print(count: int, name: str, result: Result) -> None:
    taken = f"{result.bytes:6.0f}" if count and result.bytes else "     -"
    shares = "  ".join(f"{kind} {share:.3f}" for kind, share in result.found.items())
    print(
        f"{count:7}  {name:24} {shares}  precision {result.precision:.3f}  "
        f"{taken} bytes  {result.batch_ms:7.1f} ms a batch",
        flush=True,
    )
