"""Measure how many bytes of each table the store takes for an article, and the CPU time of a write.

    python -m bench.rows [--folder FOLDER] [--count 1000] [--store sqlite] [--store postgres]

Articles are cleaned and tagged once. Then the same batches of 100 are written to each store. The
CPU time is that of this process, per article; the server of PostgreSQL is not in it.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.peer.loads import Raw, fragments
from devtools.servers import private_postgres
from worker.config.loader import load_config
from worker.index.memory_index import MemoryIndex
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.database.engine import open_engine, parse
from worker.store.migrate import migrate
from worker.store.reading.table_sizes import sizes
from worker.store.sql_store import SqlStore

_BATCH = 100
_NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class RecordingStore(SqlStore):
    """A store that keeps what is written to it, to be written to another one."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.written: list[tuple[Any, dict[str, Any]]] = []

    def write(self, *parts: Any, **options: Any) -> Any:
        """Write a batch and keep it."""
        self.written.append((parts, options))
        return super().write(*parts, **options)


def recorded(raws: Sequence[Raw]) -> list[tuple[Any, dict[str, Any]]]:
    """Process articles in batches; return the arguments of each write."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/store.db"
        migrate(url)
        store = RecordingStore(url)
        pipeline = Pipeline(load_config(), store, MemoryIndex(load_config().dedup))
        for start in range(0, len(raws), _BATCH):
            batch = enumerate(raws[start : start + _BATCH], start)
            deliveries = [Delivery(receipt=f"receipt-{n:027d}", raw=raw) for n, raw in batch]
            pipeline.ingest(deliveries, now=_NOW)
        store.close()
        return store.written


@contextmanager
def empty_store(name: str) -> Iterator[str]:
    """Yield the URL of an empty store, in a file or on a server of its own."""
    if name == "postgres":
        with private_postgres() as url:
            migrate(url)
            yield url
    else:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/store.db"
            migrate(url)
            yield url


def measure(name: str, written: Sequence[tuple[Any, dict[str, Any]]]) -> None:
    """Write the batches to an empty store, and print its figures."""
    with empty_store(name) as url:
        store, times = SqlStore(url), []
        articles = sum(len(parts[0]) for parts, _ in written)
        for parts, options in written:
            began = time.process_time()
            store.write(*parts, **options)
            times.append((time.process_time() - began) / len(parts[0]))
        store.close()
        engine = open_engine(parse(url))
        with engine.connect() as connection:
            found = sizes(connection, each_table=True)
            tags = connection.scalar(sa.text("SELECT count(*) FROM tags"))
        engine.dispose()
    middle = sorted(times)[len(times) // 2] * 1000
    print(f"{name}: {articles} articles, {(tags or 0) / articles:.1f} tags an article")
    print(f"  write: {middle:.3f} ms CPU an article (median), {min(times) * 1000:.3f} (least)")
    print(f"  {sum(found.values()) / articles:8.0f} bytes an article")
    for table, size in found.items():
        if size / articles >= 1:
            print(f"  {size / articles:8.0f} {table}")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--store", choices=("sqlite", "postgres"), action="append")
    options = parser.parse_args()
    written = recorded([*islice(fragments(options.folder), options.count)])
    for name in options.store or ("sqlite", "postgres"):
        measure(name, written)


if __name__ == "__main__":
    main()
