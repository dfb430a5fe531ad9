"""Processes that write articles one after another while the feed is read."""

from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager

from tests.make import NOW, article, record
from tests.support.processes import CONTEXT
from worker.store.sql_store import SqlStore


def _write(url: str, process: int, articles: int) -> None:
    store = SqlStore(url)
    for n in range(articles):
        store.write([record(article(f"id:{process}.{n}"))], [], [], now=NOW)
    store.close()


@contextmanager
def writers(url: str, processes: int, articles: int) -> Iterator[list[Future[None]]]:
    with ProcessPoolExecutor(processes, CONTEXT) as pool:
        yield [pool.submit(_write, url, process, articles) for process in range(processes)]
