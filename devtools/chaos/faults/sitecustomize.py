"""With this file on PYTHONPATH an article titled "FAULT kill" kills the process that cleans it.

Python imports a module of this name when a process starts. So the worker, its pool and its
sandboxes run unchanged, except that `clean` looks for such titles first.
"""

import ctypes
import os
import signal
import time
from pathlib import Path
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
    """Allocate half a GB, then die as by the kernel; a sandbox reaches its memory limit before."""
    _ = [b"x" * 1_000_000 for _ in range(500)]
    os.kill(os.getpid(), signal.SIGKILL)


def _nap(seconds: str) -> None:
    print("nap began", flush=True)
    time.sleep(float(seconds))


def _stop(*files: str) -> None:
    """Stop as on a suspended machine, once for each of these files, which are removed."""
    for file in files:
        if Path(file).exists():
            Path(file).unlink()
            os.kill(os.getpid(), signal.SIGSTOP)


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
    "stop": _stop,
}


def _dangerous(raw: Any, *arguments: Any) -> Any:
    if raw.title.startswith("FAULT "):
        _, name, *how = raw.title.split()
        FAULTS[name](*how)
    return _clean(raw, *arguments)


worker.pipeline.ingestion.clean = _dangerous
