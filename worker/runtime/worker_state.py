"""Describe this worker for others: its processes, memory and rules, as the broker shows them."""

from collections.abc import Iterable
from datetime import datetime
from importlib.metadata import version
from os import getpid, sysconf
from pathlib import Path
from typing import Any

from worker.broker import celery_internals
from worker.broker.presence import WorkerState
from worker.runtime.config_report import read_report

VERSION = version("article-worker")


def describe_worker(consumer: Any, report: Path, started: datetime) -> WorkerState:
    """Describe the worker of this main process as it is now.

    `consumer` is Celery's object that takes its messages. `report` is the file in which the worker
    says which config it runs with; its pool processes write it when they take up changed rules.
    """
    processes = celery_internals.pool_processes(consumer)
    config = read_report(report)
    return WorkerState(
        node=consumer.hostname,
        processes=len(processes),
        busy=len(celery_internals.accepted_requests()),
        version=VERSION,
        digest=config.digest if config else "",
        refused=bool(config and config.refused),
        memory_bytes=resident_bytes([getpid(), *(process.pid for process in processes)]),
        started=started,
    )


def resident_bytes(pids: Iterable[int]) -> int:
    """Return the resident memory of these processes in bytes; pages that they share count for each.

    A process that has ended counts nothing. Returns 0 on a system without Linux's /proc.
    """
    page_bytes = sysconf("SC_PAGE_SIZE")
    return sum(_resident_pages(pid) for pid in pids) * page_bytes


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
