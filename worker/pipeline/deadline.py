"""Limit the CPU time of one stage (clean, tag …) for one article, so that a slow article does not
fail its batch.

CPU time is limited instead of elapsed time, so that an article does not fail because the machine
was busy or suspended. The limit can't interrupt a loop in C code, such as a parser; Celery's time
limit for the complete batch covers such loops.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from worker.errors import Reason, Rejected


def deadline(limit_s: float) -> Callable[[str], AbstractContextManager[None]]:
    """Make a function that limits the CPU time of work on one article to `limit_s` seconds.

    The made function gets the name of a stage (clean, tag …), and returns a context for the work of
    this stage; Rejected is raised in it when the time is over. It works only in the main thread,
    because it uses the signal SIGPROF.
    """

    def expire(number: int, frame: object) -> None:
        raise Rejected(Reason.DEADLINE, f"over {limit_s:g} s of CPU")

    @contextmanager
    def limit(stage: str) -> Iterator[None]:
        signal.signal(signal.SIGPROF, expire)
        signal.setitimer(signal.ITIMER_PROF, limit_s)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    return limit
