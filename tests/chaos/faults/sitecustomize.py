"""Put on PYTHONPATH, this makes articles dangerous: one titled "FAULT kill" kills its process.

Python runs it at start-up of every process, so a worker, its children and the processes of its
trials are all the product as it is, but for `clean`.
"""

import ctypes
import os
import signal
import time
from typing import Any

import worker.pipeline.ingestion

_clean = worker.pipeline.ingestion.clean


def _loop() -> None:
    while True:
        pass


def _recurse() -> None:
    _recurse()


def _exhaust() -> None:
    raise MemoryError


def _out_of_memory() -> None:
    """Half a GB, then what the kernel does; a trial's own limit is met before."""
    _ = [b"x" * 1_000_000 for _ in range(500)]
    os.kill(os.getpid(), signal.SIGKILL)


def _nap(seconds: str) -> None:
    print("nap began", flush=True)
    time.sleep(float(seconds))


FAULTS = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segfault": lambda: ctypes.string_at(0),
    "exit": lambda: os._exit(3),
    "end": lambda: os._exit(0),
    "busy": lambda: os._exit(os.EX_TEMPFAIL),
    "loop": _loop,
    "recursion": _recurse,
    "memory": _exhaust,
    "error": lambda: 1 / 0,
    "oom": _out_of_memory,
    "sleep": lambda: time.sleep(60),
    "nap": _nap,
}


def _dangerous(raw: Any, *arguments: Any) -> Any:
    if raw.title.startswith("FAULT "):
        _, name, *how = raw.title.split()
        FAULTS[name](*how)
    return _clean(raw, *arguments)


worker.pipeline.ingestion.clean = _dangerous
