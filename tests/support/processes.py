"""Processes that work beside the test: forks of one process that has imported what they need.

A new interpreter takes longer to import the package than most races take. Each of these processes
still has connections and locks of its own: nothing is opened before the fork.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Barrier
from typing import Any, TypeVar

from devtools.waiting import limit_s

T = TypeVar("T")

# Not worker.celery and worker.tasks, which read the environment when they are imported.
_IMPORTED_ONCE = [
    "psycopg",
    "pytest",
    "tests.support.clusters",
    "tests.support.linting",
    "tests.support.warm",
    "worker.cli",
    "worker.client.producer",
    "worker.index.redis_index",
    "worker.maintenance.reprocess",
    "worker.store.migrate",
]


def _context(modules: Sequence[str]) -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload(list(modules))
    return context


CONTEXT = _context(_IMPORTED_ONCE)


def at_once(work: Callable[..., T], *columns: Sequence[Any]) -> list[T]:
    """Call `work` in a process for each row of arguments, from one moment on."""
    barrier = CONTEXT.Barrier(len(columns[0]))
    with ProcessPoolExecutor(len(columns[0]), CONTEXT, _await_others, (barrier,)) as pool:
        return list(pool.map(work, *columns))


def _await_others(barrier: Barrier) -> None:
    """A process takes as long to start as a race takes."""
    barrier.wait(limit_s())
