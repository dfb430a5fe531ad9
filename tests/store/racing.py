"""Several processes that write their own batches at the same time."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier

from devtools.waiting import limit_s
from tests.make import NOW
from tests.support.processes import CONTEXT
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
    _start.wait(limit_s())
    outcomes = []
    for batch in batches:
        records = [end for end in batch if isinstance(end, Record)]
        withdrawals = [end for end in batch if isinstance(end, Withdrawal)]
        outcomes += store.write(records, withdrawals, [], now=NOW)
    store.close()
    return outcomes


def race(url: str, processes: Sequence[Sequence[Batch]]) -> list[list[Outcome]]:
    """The outcomes that each process wrote."""
    barrier = CONTEXT.Barrier(len(processes))
    with ProcessPoolExecutor(len(processes), CONTEXT, _ready, (barrier,)) as pool:
        return list(pool.map(_write, [url] * len(processes), processes))
