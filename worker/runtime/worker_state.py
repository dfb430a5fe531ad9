"""Describe this worker for commands on other hosts: its processes, memory, version and rules. The
description is written to the broker, where the commands read it."""

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

    `consumer` is the Celery object that receives messages for this worker. `report` is the file
    that tells which version of the config files the worker uses; its pool processes write it.
    `started` is when the worker became ready.
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
    """Return the memory (resident set) of these processes together, in bytes. Memory that several
    of them share is counted for each.

    A process that has ended counts as 0. Returns 0 on a system without /proc, which only Linux has.
    """
    page_bytes = sysconf("SC_PAGE_SIZE")
    return sum(_resident_pages(pid) for pid in pids) * page_bytes


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
