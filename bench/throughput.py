"""Measure articles per second through enqueue, broker, Celery, pipeline and store.

    python -m bench.throughput [--articles 1000] [--processes 2]

The worker first processes one article, so that its start is not measured. Then the time runs from
the first enqueued article until the last one has its outcome.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devtools.generated_articles import generate
from devtools.servers import private_postgres
from worker.broker import embedded
from worker.client.producer import Producer
from worker.store.migrate import migrate
from worker.store.sql_store import SqlStore

_DEADLINE_S = 300.0


@contextmanager
def celery_worker(processes: int) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "worker", "worker", "--loglevel", "WARNING"]
    command += ["--concurrency", str(processes), "--without-gossip", "--without-mingle"]
    worker = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait()


def wait(store: SqlStore, receipts: list[str]) -> None:
    pending, deadline = receipts, time.monotonic() + _DEADLINE_S
    while pending:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(pending)} of {len(receipts)} articles have no outcome")
        done = store.outcomes(pending)
        pending = [receipt for receipt in pending if receipt not in done]
        time.sleep(0.02)


def measure(name: str, store_url: str, articles: int, processes: int) -> None:
    raws = list(generate(articles))
    with tempfile.TemporaryDirectory(prefix="aw-bench-") as folder:
        var_dir = Path(folder)
        os.environ["WORKER_VAR_DIR"] = folder
        os.environ["WORKER_STORE_URL"] = store_url or f"sqlite:///{folder}/bench.sqlite3"
        migrate(os.environ["WORKER_STORE_URL"])
        store = SqlStore(os.environ["WORKER_STORE_URL"])
        try:
            with Producer() as producer, celery_worker(processes):
                wait(store, producer.enqueue(generate(1, seed=99)))
                cpu, began = resource.getrusage(resource.RUSAGE_SELF).ru_utime, time.monotonic()
                receipts = producer.enqueue(raws)
                enqueue_ms = (resource.getrusage(resource.RUSAGE_SELF).ru_utime - cpu) * 1000
                wait(store, receipts)
                took_s = time.monotonic() - began
            kinds = {outcome.kind.value for outcome in store.outcomes(receipts).values()}
            worker_cpu = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        finally:
            store.close()
            embedded.stop(var_dir)
    print(
        f"{name:10} {articles / took_s:8.0f} articles/s   {took_s:6.2f} s   "
        f"producer {enqueue_ms / articles:.3f} ms CPU an article   outcomes {sorted(kinds)}   "
        f"(children so far {worker_cpu:.1f} s CPU)",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    print(
        f"{options.articles} generated articles of 3 KB, {options.processes} worker processes, "
        f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}"
    )
    measure("SQLite", "", options.articles, options.processes)
    with private_postgres() as url:
        measure("PostgreSQL", url, options.articles, options.processes)


if __name__ == "__main__":
    main()
