"""Several processes that write their own batches at the same time."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier

from tests.make import NOW
from worker.model.records import Outcome, Record, Withdrawal
from worker.store.sql_store import SqlStore

Batch = Sequence[Record | Withdrawal]

_start: Barrier


def _ready(barrier: Barrier) -> None:
    global _start
    _start = barrier


def _write(url: str, batches: Sequence[Batch]) -> list[Outcome]:
    store = SqlStore(url)
    store.outcomes(["connect first"])
    _start.wait(60)
    outcomes = []
    for batch in batches:
        records = [end for end in batch if isinstance(end, Record)]
        withdrawals = [end for end in batch if isinstance(end, Withdrawal)]
        outcomes += store.write(records, withdrawals, [], now=NOW)
    store.close()
    return outcomes


def race(url: str, processes: Sequence[Sequence[Batch]]) -> list[list[Outcome]]:
    """The outcomes that each process wrote."""
    context = get_context("spawn")
    barrier = context.Barrier(len(processes))
    with ProcessPoolExecutor(len(processes), context, _ready, (barrier,)) as pool:
        return list(pool.map(_write, [url] * len(processes), processes))
