"""Measure bytes and time for each article while an index grows, at each factor of √10.

Timed is what the pipeline does with a new article before it is tagged: its fingerprint, identity,
claim, comparison with whom it met, settling, verdict; of that the index alone as well. Its store is
an empty one: generated articles copy only those of their batch, whose fingerprints the index has.
The most bytes an article since the line before are looked for every thousand articles, also while
buckets are moved. An empty index is one that was emptied: a server keeps statistics of commands.
How long anything takes depends on what else the machine does. So a second index, which begins anew
whenever it holds ten thousand articles, takes some of the same batches in the same run.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, NamedTuple

import redis

from bench.dedupers import let_go
from bench.endless import Made, endless
from devtools.servers import private_valkey, unix_url
from worker.config.loader import Config
from worker.dedup import fingerprint, identify
from worker.index import Candidate, CopyVote, IndexEntry
from worker.index.redis_index import RedisIndex
from worker.model.admission import Payload
from worker.model.records import OutcomeKind
from worker.pipeline.dead_lettering import DeadLetters, Origin
from worker.pipeline.ingestion import DecidedArticle, Pipeline
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore

_BATCH = 100
_FIRST = 10_000
_LOOK = 1000
_SHARE = 20  # of so many batches the second index takes one
_ORIGIN = Origin(receipt="", source="scale", payload=Payload.of({}))


class Us(NamedTuple):
    """Microseconds of CPU an article."""

    all: float  # of the client
    index: float  # of that
    server: float

    def __str__(self) -> str:
        return f"{self.all:4.0f} + {self.server:4.0f} us ({self.index:4.0f} + {self.server:4.0f})"

    @property
    def total(self) -> float:
        return self.all + self.server


class Clocked:
    """An index that knows how much of the client's CPU its calls took."""

    def __init__(self) -> None:
        self.took_s = 0.0

    def begin(self, index: RedisIndex) -> None:
        self._index = index

    def register_and_match(self, entries: Sequence[IndexEntry]) -> list[list[Candidate]]:
        return self._timed(lambda: self._index.register_and_match(entries))

    def elect_canonical(self, votes: Sequence[CopyVote]) -> list[str]:
        return self._timed(lambda: self._index.elect_canonical(votes))

    def _timed(self, call: Callable[[], Any]) -> Any:
        began = time.process_time()
        answer = call()
        self.took_s += time.process_time() - began
        return answer


class Filled:
    """An index with the time that its articles took since they were last looked at."""

    def __init__(self, url: str, store: SqlStore, config: Config) -> None:
        self._config, self._url = config, url
        self.server = redis.Redis.from_url(unix_url(url))
        self._index = Clocked()
        self._pipeline = Pipeline(config, store, self._index)
        self.look()
        self.begin()
        self.take(next(endless(_BATCH, seed=0)))
        self.begin()
        self.look()

    def begin(self) -> None:
        self.server.execute_command("FLUSHALL", "SYNC")
        self.server.set("aw:next", 1 << 24)  # numbers as long as they are after 17 million articles
        self._index.begin(RedisIndex(self._url, self._config.dedup))
        self.held, self._empty = 0, self._bytes()

    def look(self) -> None:
        self._since, self._took_s, self._index.took_s = 0, 0.0, 0.0
        self._used, self.most_bytes = self._cpu(), 0.0

    def take(self, batch: Sequence[Made]) -> int:
        """How many were called copies."""
        began = time.process_time()
        verdicts = self._judged(batch)
        self._took_s += time.process_time() - began
        let_go(self.server, len(batch))  # fingerprints are not of the window
        self.held += len(batch)
        self._since += len(batch)
        if self.held % _LOOK == 0:
            self.most_bytes = max(self.most_bytes, self.bytes_each())
        return sum(j.verdict.kind is OutcomeKind.DUPLICATE for j in verdicts)

    def _judged(self, batch: Sequence[Made]) -> list[DecidedArticle]:
        rules, new = self._config.dedup, []
        for article, _ in batch:
            hashes = fingerprint(article, rules)
            new.append(
                DecidedArticle(
                    origin=replace(_ORIGIN, receipt=article.key),
                    article=article,
                    fingerprint=hashes,
                    verdict=identify(article, hashes, None, rules),
                )
            )
        return self._pipeline._deduplicate(new, DeadLetters())

    def bytes_each(self) -> float:
        return (self._bytes() - self._empty) / self.held

    def us_each(self) -> Us:
        used_s = self._cpu() - self._used
        return Us(*(s / self._since * 1e6 for s in (self._took_s, self._index.took_s, used_s)))

    def _bytes(self) -> int:
        memory: Any = self.server.info("memory")
        return int(memory["used_memory"]) - int(memory["mem_clients_normal"])

    def _cpu(self) -> float:
        cpu: Any = self.server.info("cpu")
        return float(cpu["used_cpu_user"] + cpu["used_cpu_sys"])


def grow(most: int, config: Config) -> None:
    """Print a line at 10, 32, 100, 320 thousand articles and so on."""
    print("CPU of client + server an article: its deduplication (the index alone)")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="aw-bench-"))
        store_url = f"sqlite:///{folder}/empty.sqlite3"
        migrate(store_url)
        store = SqlStore(store_url)
        stack.callback(store.close)
        urls = [stack.enter_context(private_valkey()) for _ in range(2)]
        grown, small = (Filled(url, store, config) for url in urls)
        _filled(grown, small, most)


def _filled(grown: Filled, small: Filled, most: int) -> None:
    mark, copies, found = min(_FIRST, most), 0, 0
    for done, batch in enumerate(endless(_BATCH, seed=1), 1):
        copies += sum(made.copy for made in batch)
        found += grown.take(batch)
        if done % _SHARE == 0:
            small.take(batch)
        if small.held == _FIRST:
            small.begin()
        if grown.held < mark:
            continue
        its, control = grown.us_each(), small.us_each()
        said = [
            f"{grown.bytes_each():6.1f} bytes, at most {grown.most_bytes:.1f} meanwhile",
            f"{its}  below {_FIRST} meanwhile {control}  {its.total / control.total:.2f} times",
            f"{found} of {copies} copies found",
        ]
        print(f"{grown.held:8} articles  {'  '.join(said)}", flush=True)
        if grown.held >= most:
            return
        mark = min(_next(mark), most)
        grown.look()
        small.look()


def _next(mark: int) -> int:
    return mark * 32 // 10 if str(mark).startswith("1") else mark // 32 * 100
