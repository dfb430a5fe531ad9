"""CPU time and memory of processes and of the processes that they started. Linux only: /proc."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
from sqlalchemy import make_url

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def tree(pid: int) -> Iterator[int]:
    """Yield a process id and those of all processes below it that live."""
    yield pid
    try:
        for thread in (_PROC / str(pid) / "task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from tree(int(child))
    except OSError:  # it has ended meanwhile
        return


def cpu_s(pid: int) -> float:
    """CPU seconds of a process tree, and of the processes in it that have ended."""
    ticks = 0
    for each in tree(pid):
        try:
            fields = (_PROC / str(each) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks * _TICK_S


def memory_mb(pid: int) -> float:
    """Resident memory of one process, in MB: also pages that it shares with others."""
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0.0
    return (
        next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Rss:")) / 1024
    )


def largest_mb(pid: int) -> float:
    """Resident memory of the largest of the processes that this process started, in MB."""
    return max((memory_mb(child) for child in tree(pid) if child != pid), default=memory_mb(pid))


def postgres_pid(store_url: str) -> int:
    """The main process of a PostgreSQL server on this machine."""
    plain = make_url(store_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection:
        backend = connection.info.backend_pid
        fields = (_PROC / str(backend) / "stat").read_text().rpartition(")")[2].split()
    return int(fields[1])
