"""Put on PYTHONPATH, this makes articles dangerous: one titled "FAULT kill" kills its process.

Python runs it at start-up of every process, so a worker, its children and the processes of its
trials are all the product as it is, but for `clean`.
"""

import ctypes
import os
import signal
import time
from typing import Any

import worker.pipeline

_clean = worker.pipeline.clean


def _loop() -> None:
    while True:
        pass


def _recurse() -> None:
    _recurse()


def _exhaust() -> None:
    raise MemoryError


FAULTS = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segfault": lambda: ctypes.string_at(0),
    "exit": lambda: os._exit(3),
    "loop": _loop,
    "recursion": _recurse,
    "memory": _exhaust,
    "error": lambda: 1 / 0,
    "sleep": lambda: time.sleep(60),
}


def _dangerous(raw: Any, *arguments: Any) -> Any:
    fault, _, name = raw.title.partition(" ")
    if fault == "FAULT":
        FAULTS[name]()
    return _clean(raw, *arguments)


worker.pipeline.clean = _dangerous
