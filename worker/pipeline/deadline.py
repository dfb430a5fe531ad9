"""An article's own deadline: a stage that takes too long loses that article, not the batch.

Stages only compute, so CPU time is what counts: a machine that stands still for a while, or has
no time for this process, buries nobody. A signal can't interrupt a loop in C; there the guard
before parsing is the fix, and the hard limit of the batch the net.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from worker.errors import Reason, Rejected


def deadline(limit_s: float) -> Callable[[str], AbstractContextManager[None]]:
    """A watch for the pipeline. Only for the main thread of a process that leaves SIGPROF alone."""

    def expire(number: int, frame: object) -> None:
        raise Rejected(Reason.DEADLINE, f"over {limit_s:g} s of CPU")

    @contextmanager
    def watch(stage: str) -> Iterator[None]:
        signal.signal(signal.SIGPROF, expire)
        signal.setitimer(signal.ITIMER_PROF, limit_s)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    return watch
