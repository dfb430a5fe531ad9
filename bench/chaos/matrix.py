"""The rows of the fault matrix: faults, numbers of repetitions, and settings."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

from devtools.chaos import hostile_messages, scenarios
from devtools.chaos.load import Cost, measure_cost
from devtools.chaos.stack import Stack
from devtools.sentinels import SentinelSet, private_sentinels
from devtools.servers import create_database, drop_database, in_database
from worker.broker import embedded
from worker.store.migrate import migrate

OURS, STOCK = "ours", "stock"
SQLITE, POSTGRES = "sqlite", "postgres"

OUR_LEASE_S, STOCK_LEASE_S = 6, 10
NAP_S = 15


class Environment(NamedTuple):
    """The servers of one row: what a scenario needs to break its broker or its store."""

    stack: Stack
    broker_dir: Path
    store_url: str
    sentinels: SentinelSet | None = None  # the broker of rows with failovers


class Fault(NamedTuple):
    """A row of the matrix."""

    name: str
    description: str  # the first cell of the row
    times: int  # repetitions
    run: Callable[[Environment, int], Cost]
    settings: dict[str, float] = {}
    needs_sentinels: bool = False


def _on_stack(scenario: Callable[[Stack, int], Cost]) -> Callable[[Environment, int], Cost]:
    return lambda environment, times: scenario(environment.stack, times)


def _broker(environment: Environment, times: int) -> Cost:
    return scenarios.kill_broker(
        environment.stack, times, lambda: embedded.ensure(environment.broker_dir) and None
    )


def _store(environment: Environment, times: int) -> Cost:
    if environment.store_url.startswith("sqlite"):
        return _full_disk(environment, times)
    return scenarios.stop_store(environment.stack, times, environment.store_url)


def _failover(environment: Environment, times: int, *, planned: bool) -> Cost:
    if environment.sentinels is None:
        raise ValueError("this row needs a Sentinel set")
    return scenarios.fail_over(environment.stack, times, environment.sentinels, planned=planned)


def _full_disk(environment: Environment, times: int) -> Cost:
    """Fill the disk of an SQLite store for two seconds, because a file cannot be stopped."""
    if os.geteuid() != 0:
        raise SystemExit("the row `store` on SQLite mounts a small disk and fills it: run as root")
    environment.stack.start_worker()
    ballast = Path(environment.store_url.removeprefix("sqlite:///")).with_name("ballast")

    def inject(number: int) -> None:
        with ballast.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(65_536)):
                    pass
            except OSError:
                time.sleep(2)
        ballast.unlink()
        time.sleep(1)

    return measure_cost(environment.stack, times, inject)


def _poison(name: str, description: str, fault: str = "") -> Fault:
    scenario = partial(hostile_messages.poison, fault=fault or name)
    return Fault(name, description, 3, _on_stack(scenario), {"memory_mb": 450})


FAULTS = (
    Fault("worker", "kill -9 of a worker", 30, _on_stack(scenarios.kill_workers)),
    Fault("child", "kill -9 of a pool process", 30, _on_stack(scenarios.kill_children)),
    Fault("connection", "all connections cut", 30, _on_stack(scenarios.drop_connections)),
    Fault("broker", "kill -9 of the broker, restart (AOF)", 10, _broker),
    Fault(
        "failover",
        "planned failover, Sentinel",
        3,
        partial(_failover, planned=True),
        needs_sentinels=True,
    ),
    Fault(
        "primary",
        "kill -9 of the primary, Sentinel",
        3,
        partial(_failover, planned=False),
        needs_sentinels=True,
    ),
    Fault("store", "store away for 2 s", 5, _store),
    Fault("restart", "rolling restart, SIGTERM", 6, _on_stack(scenarios.restart_workers)),
    _poison("sigkill", "article that kills its process", "kill"),
    _poison("segfault", "article that crashes in C"),
    _poison("oom", "article that takes all memory"),
    _poison("memory", "article that raises MemoryError"),
    _poison("loop", "article that loops for ever"),
    Fault(
        "foreign",
        "16 kinds of unreadable messages",
        3,
        _on_stack(hostile_messages.foreign_messages),
    ),
    Fault("full", "broker's memory full for 3 s", 3, _on_stack(hostile_messages.full_broker)),
    Fault(
        "long",
        "tasks of 15 s, longer than the lease",
        2,
        _on_stack(partial(hostile_messages.long_tasks, sleep_s=NAP_S)),
    ),
)


def run(fault: Fault, transport: str, store: str, postgres_url: str, times: int) -> Cost:
    """Run one row on a private broker, a private store and workers of its own."""
    app, lease_s = {
        OURS: ("devtools.chaos.short_lease_app", OUR_LEASE_S),
        STOCK: ("bench.chaos.stock", STOCK_LEASE_S),
    }[transport]
    with _folder() as folder, _store_url(store, folder, postgres_url) as store_url:
        broker_dir = folder / "broker"
        with _broker_url(fault, broker_dir) as (broker_url, sentinels):
            stack = Stack(folder, broker_url, store_url, app=app, lease_s=lease_s, **fault.settings)
            if transport == STOCK:
                stack.patience_s = 0  # three leases are long enough to see what is lost
            try:
                return fault.run(Environment(stack, broker_dir, store_url, sentinels), times)
            finally:
                stack.close()


@contextmanager
def _broker_url(fault: Fault, broker_dir: Path) -> Iterator[tuple[str, SentinelSet | None]]:
    if fault.needs_sentinels:
        with private_sentinels() as sentinels:
            yield sentinels.url, sentinels
        return
    embedded.ensure(broker_dir)
    try:
        yield embedded.broker_url(broker_dir), None
    finally:
        embedded.stop(broker_dir)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(
        prefix="chaos-", dir="/tmp", ignore_cleanup_errors=True
    ) as path:
        yield Path(path)


_numbers = count(1)


@contextmanager
def _store_url(store: str, folder: Path, postgres_url: str) -> Iterator[str]:
    if store == SQLITE:
        with _small_disk(folder / "disk"):
            url = f"sqlite:///{folder}/disk/store.db"
            migrate(url)
            yield url
        return
    name = f"chaos_{os.getpid()}_{next(_numbers)}"
    create_database(postgres_url, name)
    url = in_database(postgres_url, name)
    migrate(url)
    yield url
    drop_database(postgres_url, name)


@contextmanager
def _small_disk(path: Path) -> Iterator[None]:
    """Mount a disk of 200 MB. Without root no disk is mounted; only the row `store` needs it."""
    path.mkdir()
    if os.geteuid() != 0:
        yield
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", path], check=True)  # noqa: S607
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", path], check=True)  # noqa: S607
