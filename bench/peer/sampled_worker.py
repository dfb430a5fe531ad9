"""This worker with a sampler of CPU time: each millisecond of CPU it notes where the code is.

Set SAMPLES to a folder. Each process writes there again and again how many samples fell so far into
which part of the code, as JSON. A sample counts for the innermost function of this package on the
stack, so that the time of a library counts for the code that called it. The clock is that of user
CPU time: the pipeline itself uses the one of all CPU time, for its limits.
"""

import json
import os
import signal
from collections import Counter
from pathlib import Path
from types import FrameType

from celery.signals import worker_process_init

from worker.tasks import app as app

INTERVAL_S = 0.001
LIBRARIES = "libraries"  # no function of this package is on the stack
_PACKAGE = f"{os.sep}worker{os.sep}"

_WRITE_EVERY = 20  # samples

_samples: Counter[str] = Counter()
_is_child = False


def part_of(file_names: list[str]) -> str:
    """The part of the package in which a stack is, innermost file first: `clean/text`, `tasks`.

    A library's own folder named `worker`, such as Celery's, is no part of it.
    """
    for name in file_names:
        if _PACKAGE in name and "site-packages" not in name:
            inner = name.rpartition(_PACKAGE)[2]
            return "/".join(Path(inner).with_suffix("").parts[:2])
    return LIBRARIES


def _note(_signal: int, frame: FrameType | None) -> None:
    names = []
    while frame is not None:
        names.append(frame.f_code.co_filename)
        frame = frame.f_back
    _samples[part_of(names)] += 1
    if _samples.total() % _WRITE_EVERY == 0:
        kind = "pool" if _is_child else "main process"
        file = Path(os.environ["SAMPLES"]) / f"{os.getpid()}.json"
        unfinished = file.with_suffix(".part")
        unfinished.write_text(json.dumps({"kind": kind, "samples": _samples}))
        unfinished.replace(file)


def _start(**_: object) -> None:
    """Begin anew: timers are not inherited by a forked process, but counts are."""
    _samples.clear()
    signal.signal(signal.SIGVTALRM, _note)
    signal.setitimer(signal.ITIMER_VIRTUAL, INTERVAL_S, INTERVAL_S)


def _start_child(**_: object) -> None:
    global _is_child
    _is_child = True
    _start()


if "SAMPLES" in os.environ:
    _start()
    worker_process_init.connect(_start_child)
