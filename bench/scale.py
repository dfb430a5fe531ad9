"""Measure bytes and CPU time per article while an index grows, reported at each factor of √10.

Measured is the deduplication of a new article in the pipeline: fingerprint, identity, claim,
comparison with the candidates, election of the canonical article, verdict. The time of the index
calls is also reported alone. The store stays empty: a generated article only copies articles of its
own batch, and the index still has their fingerprints. The peak of bytes per article since the line
before is sampled every thousand articles, also while buckets are moved. The baseline is a flushed
server, because a server keeps statistics of commands. Times depend on the load of the machine. So a
control index, which is flushed whenever it has ten thousand articles, takes one batch in twenty of
the same run.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, NamedTuple

import redis

from bench.dedupers import evict_fingerprints
from bench.endless import GeneratedArticle, endless
from devtools.servers import private_valkey, unix_url
from worker.config.loader import Config
from worker.dedup import fingerprint, identify
from worker.index import Candidate, CopyVote, IndexEntry
from worker.index.redis_index import RedisIndex
from worker.model.admission import Payload
from worker.model.records import OutcomeKind
from worker.pipeline.dead_lettering import DeadLetters, Origin
from worker.pipeline.ingestion import Pipeline
from worker.pipeline.stage_results import DecidedArticle
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore

_BATCH = 100
_FIRST_REPORT = 10_000
_SAMPLE_EVERY = 1000
_CONTROL_EVERY = 20  # the control index takes one batch in so many
_ORIGIN = Origin(receipt="", source="scale", payload=Payload.of({}))


class Us(NamedTuple):
    """Microseconds of CPU per article."""

    all: float  # client
    index: float  # the part of `all` spent in calls of the index
    server: float

    def __str__(self) -> str:
        return f"{self.all:4.0f} + {self.server:4.0f} us ({self.index:4.0f} + {self.server:4.0f})"

    @property
    def total(self) -> float:
        return self.all + self.server


class TimedIndex:
    """An index that adds up the client's CPU time of its calls."""

    def __init__(self) -> None:
        self.took_s = 0.0

    def use(self, index: RedisIndex) -> None:
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


class MeasuredIndex:
    """An index with its bytes, and the CPU time of the articles added since the last report."""

    def __init__(self, url: str, store: SqlStore, config: Config) -> None:
        self._config, self._url = config, url
        self.server = redis.Redis.from_url(unix_url(url))
        self._index = TimedIndex()
        self._pipeline = Pipeline(config, store, self._index)
        self.reset_counters()
        self.clear()
        self.add(next(endless(_BATCH, seed=0)))
        self.clear()
        self.reset_counters()

    def clear(self) -> None:
        self.server.execute_command("FLUSHALL", "SYNC")
        self.server.set("aw:next", 1 << 24)  # numbers as long as they are after 17 million articles
        self._index.use(RedisIndex(self._url, self._config.dedup))
        self.article_count, self._empty = 0, self._bytes()

    def reset_counters(self) -> None:
        self._since, self._took_s, self._index.took_s = 0, 0.0, 0.0
        self._used, self.most_bytes = self._cpu(), 0.0

    def add(self, batch: Sequence[GeneratedArticle]) -> int:
        """Deduplicate a batch; return the number of articles that were called duplicates."""
        began = time.process_time()
        decisions = self._deduplicated(batch)
        self._took_s += time.process_time() - began
        evict_fingerprints(self.server, len(batch))  # they would distort the bytes of the window
        self.article_count += len(batch)
        self._since += len(batch)
        if self.article_count % _SAMPLE_EVERY == 0:
            self.most_bytes = max(self.most_bytes, self.bytes_per_article())
        return sum(d.verdict.kind is OutcomeKind.DUPLICATE for d in decisions)

    def _deduplicated(self, batch: Sequence[GeneratedArticle]) -> list[DecidedArticle]:
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

    def bytes_per_article(self) -> float:
        return (self._bytes() - self._empty) / self.article_count

    def cpu_per_article(self) -> Us:
        used_s = self._cpu() - self._used
        return Us(*(s / self._since * 1e6 for s in (self._took_s, self._index.took_s, used_s)))

    def _bytes(self) -> int:
        memory: Any = self.server.info("memory")
        return int(memory["used_memory"]) - int(memory["mem_clients_normal"])

    def _cpu(self) -> float:
        cpu: Any = self.server.info("cpu")
        return float(cpu["used_cpu_user"] + cpu["used_cpu_sys"])


def grow(most: int, config: Config) -> None:
    """Fill an index with `most` articles; print a line at 10, 32, 100, 320 thousand and so on."""
    print("CPU of client + server an article: its deduplication (the index alone)")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="aw-bench-"))
        store_url = f"sqlite:///{folder}/empty.sqlite3"
        migrate(store_url)
        store = SqlStore(store_url)
        stack.callback(store.close)
        urls = [stack.enter_context(private_valkey()) for _ in range(2)]
        growing, control = (MeasuredIndex(url, store, config) for url in urls)
        _grow_both(growing, control, most)


def _grow_both(growing: MeasuredIndex, control: MeasuredIndex, most: int) -> None:
    next_report, copies, found_copies = min(_FIRST_REPORT, most), 0, 0
    for batch_number, batch in enumerate(endless(_BATCH, seed=1), 1):
        copies += sum(generated.copy for generated in batch)
        found_copies += growing.add(batch)
        if batch_number % _CONTROL_EVERY == 0:
            control.add(batch)
        if control.article_count == _FIRST_REPORT:
            control.clear()
        if growing.article_count < next_report:
            continue
        cpu, control_cpu = growing.cpu_per_article(), control.cpu_per_article()
        columns = [
            f"{growing.bytes_per_article():6.1f} bytes, at most {growing.most_bytes:.1f} meanwhile",
            f"{cpu}  below {_FIRST_REPORT} meanwhile {control_cpu}",
            f"{cpu.total / control_cpu.total:.2f} times",
            f"{found_copies} of {copies} copies found",
        ]
        print(f"{growing.article_count:8} articles  {'  '.join(columns)}", flush=True)
        if growing.article_count >= most:
            return
        next_report = min(_next(next_report), most)
        growing.reset_counters()
        control.reset_counters()


def _next(reported: int) -> int:
    """The next article count to report at: 10,000 -> 32,000 -> 100,000."""
    return reported * 32 // 10 if str(reported).startswith("1") else reported // 32 * 100
