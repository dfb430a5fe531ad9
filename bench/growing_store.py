"""Measure what a batch costs while store and index grow: CPU time, bytes and memory.

    python -m bench.growing_store [--most 300000] [--stores sqlite postgres]

At 1,000 articles and at each factor of about three, batches of new generated articles go through
the whole pipeline of this process. Each is followed by an equal batch for a control, a store and
an index of their own that are emptied at a thousand articles: other work on the machine slows down
both alike. The articles in between are made without cleaning and tagging; they have twelve tags
each, a fingerprint and their place in the index. CPU is that of this process, of the index server
and of the database server, in milliseconds per article.
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple

import psycopg
import redis
from sqlalchemy import make_url

from bench.endless import GeneratedArticle, endless
from bench.peer.processes import cpu_s, postgres_pid
from devtools.generated_articles import generate
from devtools.servers import (
    create_database,
    drop_database,
    in_database,
    private_postgres,
    private_valkey,
    unix_url,
)
from worker.config.loader import Config, load_config
from worker.dedup import fingerprint, identify
from worker.index.redis_index import RedisIndex
from worker.model.admission import Payload
from worker.model.records import Article, Record, Span, Tag
from worker.pipeline.dead_lettering import DeadLetters, Origin
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.pipeline.stage_results import DecidedArticle
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore

_BATCH = 50
_FILL = 200  # articles in a batch that only fills the store
_FIRST = 1_000
_ROUNDS = 12  # measured batches at each size
_CODES = 400  # different codes of the tags of articles that only fill the store
_TAGS = 12  # of one such article
_COLUMNS = ("articles", "CPU ms", "of the control", "times", "bytes per article", "MB resident")


class Place:
    """A store and an index of their own, through which articles go."""

    def __init__(self, name: str, server_url: str, folder: Path, index_url: str) -> None:
        self._name, self._server_url, self._index_url = name, server_url, index_url
        self._file = folder / f"{name}.sqlite3"
        self._pids = [int(str(redis.Redis.from_url(unix_url(index_url)).info()["process_id"]))]
        self._pids += [postgres_pid(server_url)] if server_url else []
        self._config = load_config()
        # Different texts than those of the other place, which caches would know from there.
        self._seeds = count(1 if name == "growing" else 1_000_000)
        self._open()

    def _open(self) -> None:
        if self._server_url:
            create_database(self._server_url, self._name)
            self.url = in_database(self._server_url, self._name)
        else:
            self.url = f"sqlite:///{self._file}"
        migrate(self.url)
        self._store = SqlStore(self.url)
        self._index = RedisIndex(self._index_url, self._config.dedup)
        self._pipeline = Pipeline(self._config, self._store, self._index)
        self.articles = 0

    def empty(self) -> None:
        """Start again with an empty store and an empty index."""
        self.close()
        if self._server_url:
            drop_database(self._server_url, self._name)
        else:
            for file in self._file.parent.glob(f"{self._file.name}*"):
                file.unlink()
        redis.Redis.from_url(unix_url(self._index_url)).flushall()
        self._open()

    def close(self) -> None:
        self._store.close()
        self._index.close()

    def ingest(self) -> float:
        """Process a batch of new articles; return the CPU milliseconds per article."""
        seed = next(self._seeds)
        batch = [
            Delivery(receipt=f"{self._name}-{seed}-{number}", raw=raw)
            for number, raw in enumerate(generate(_BATCH, chars=1500, seed=seed))
        ]
        before = self._cpu_s()
        self._pipeline.ingest(batch, now=datetime.now(UTC))
        used = self._cpu_s() - before
        self.articles += _BATCH
        return used * 1000 / _BATCH

    def fill(self, batch: Sequence[GeneratedArticle]) -> None:
        """Store articles that are neither cleaned nor tagged here."""
        rules, now = self._config.dedup, datetime.now(UTC)
        decided = [
            DecidedArticle(
                origin=Origin(
                    receipt=article.key, source=article.source, payload=_payload(article)
                ),
                article=article,
                fingerprint=(hashes := fingerprint(article, rules)),
                verdict=identify(article, hashes, None, rules),
            )
            for article in (_of_a_source(generated) for generated in batch)
        ]
        records = [_record(each, self._config) for each in self._deduplicate(decided)]
        outcomes = self._store.write(records, (), (), now=now)
        self._index.release([outcome.article_id for outcome in outcomes if outcome.article_id])
        self.articles += len(batch)

    def _deduplicate(self, decided: Sequence[DecidedArticle]) -> list[DecidedArticle]:
        return self._pipeline._deduplicate(decided, DeadLetters())

    def _cpu_s(self) -> float:
        return time.process_time() + sum(map(cpu_s, self._pids))

    def bytes(self) -> int:
        """Bytes of the database on disk."""
        if not self._server_url:
            return sum(f.stat().st_size for f in self._file.parent.glob(f"{self._file.name}*"))
        plain = make_url(self.url).set(drivername="postgresql")
        with psycopg.connect(plain.render_as_string(hide_password=False)) as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return int(row[0]) if row else 0


def _of_a_source(generated: GeneratedArticle) -> Article:
    number = int(generated.article.key.rpartition(":")[2])
    return replace(generated.article, source=f"source-{number % 300}", language="en")


def _payload(article: Article) -> Payload:
    return Payload.of({"id": article.key, "title": article.title, "content": article.text})


def _record(decided: DecidedArticle, config: Config) -> Record:
    words = decided.article.text.split()
    return Record(
        receipt=decided.origin.receipt,
        payload=decided.origin.payload,
        article=decided.article,
        fingerprint=decided.fingerprint,
        verdict=decided.verdict,
        tags=tuple(_tag(words[number], number) for number in range(_TAGS)),
        tagger=config.tagging.version,
        config=config.digest,
    )


def _tag(word: str, place: int) -> Tag:
    number = sum(map(ord, word)) * 7 % _CODES
    return Tag(
        scheme=("taxonomy", "organization", "place", "person")[place % 4],
        code=f"own:{number}-{place}",
        label=f"{word} {place}",
        score=0.9,
        version="1",
        spans=(Span(field="text", start=0, end=len(word), surface=word),),
    )


class Row(NamedTuple):
    """What a batch costs at one number of stored articles; CPU is in milliseconds per article."""

    articles: int
    cpu_ms: float
    control_ms: float
    bytes: float  # of the database, per article
    memory_mb: float  # of this process, the most that it has had

    def __str__(self) -> str:
        return (
            f"| {self.articles:,} | {self.cpu_ms:.2f} | {self.control_ms:.2f} "
            f"| {self.cpu_ms / self.control_ms:.2f} | {self.bytes:,.0f} | {self.memory_mb:.0f} |"
        )


def measure(growing: Place, control: Place, most: int) -> Iterator[Row]:
    """Grow one place to `most` articles, and measure batches at each size on the way."""
    supply = endless(_FILL, seed=1)
    for size in sizes(most):
        while growing.articles < size:
            growing.fill(next(supply))
        pairs = []
        for number in range(_ROUNDS):
            if control.articles > _FIRST:
                control.empty()
                control.ingest()  # statements and pages of an empty database
            if number % 2:
                pairs.append((growing.ingest(), control.ingest()))
            else:
                pairs.append((control.ingest(), growing.ingest())[::-1])
        cpu, control_cpu = (statistics.median(each) for each in zip(*pairs, strict=True))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        yield Row(size, cpu, control_cpu, growing.bytes() / growing.articles, memory)


def sizes(most: int) -> list[int]:
    """The sizes to measure at, up to `most`: 1,000, 3,000, 10,000, 30,000 and so on."""
    steps = (base * 10**power for power in range(3, 9) for base in (1, 3))
    return [size for size in steps if size <= most]


@contextmanager
def _places(server_url: str) -> Iterator[tuple[Place, Place]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aw-growing-")))
        places = [
            Place(name, server_url, folder, stack.enter_context(private_valkey()))
            for name in ("growing", "control")
        ]
        for place in places:
            stack.callback(place.close)
        yield places[0], places[1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.growing_store", description=__doc__)
    parser.add_argument("--most", type=int, default=300_000, help="articles in the largest store")
    parser.add_argument("--stores", nargs="+", default=["sqlite", "postgres"])
    options = parser.parse_args()
    for name in options.stores:
        print(f"\n{name}\n\n| {' | '.join(_COLUMNS)} |\n{'|---' * len(_COLUMNS)}|", flush=True)
        with ExitStack() as stack:
            url = stack.enter_context(private_postgres()) if name == "postgres" else ""
            growing, control = stack.enter_context(_places(url))
            for row in measure(growing, control, options.most):
                print(row, flush=True)


if __name__ == "__main__":
    main()
