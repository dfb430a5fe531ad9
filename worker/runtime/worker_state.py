"""Describe this worker for commands on other hosts: its processes, memory, version and rules. The
description is written to the broker, where the commands read it."""

import time
from collections.abc import Iterable
from datetime import datetime
from importlib.metadata import version
from os import getpid, sysconf
from pathlib import Path
from typing import Any

from worker.broker import celery_internals
from worker.broker.circuit_breaker import circuit_breaker
from worker.broker.held_messages import running_requests
from worker.broker.presence import WorkerState
from worker.broker.request import FinishedMessages
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
        busy=len(running_requests()),
        version=VERSION,
        digest=config.digest if config else "",
        refused=bool(config and config.refused),
        memory_bytes=resident_bytes([getpid(), *(process.pid for process in processes)]),
        started=started,
        busy_share=busy_share.since_before(len(processes)),
        waits_for=circuit_breaker.paused_for,
        progress_at=FinishedMessages.at,
    )


class BusyShare:
    """Measures how busy the pool processes of this worker are, as a share of the time."""

    def __init__(self) -> None:
        self._before: tuple[float, float] | None = None  # time of the clock and of work, in s

    def since_before(self, processes: int) -> float | None:
        """Return the share of the time since the last call in which pool processes worked, 0 to 1.

        `processes` is their number. Returns None at the first call.
        """
        now, before = time.monotonic(), self._before
        running = (request.running_since for request in running_requests())
        busy_s: float = FinishedMessages.busy_s + sum(now - s for s in running if s is not None)
        self._before = now, busy_s
        if before is None or now <= before[0] or not processes:
            return None
        share: float = (busy_s - before[1]) / (now - before[0]) / processes
        return round(min(1.0, max(0.0, share)), 3)


busy_share = BusyShare()


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
