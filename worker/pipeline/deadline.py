"""Limit the CPU time of one stage of one article, so that a slow article does not fail its batch.

CPU time is measured, so that an article does not fail because the machine was suspended or busy.
The limit is a signal, which can't interrupt a loop in C code, such as a parser. For such loops,
Celery limits the time of a whole batch.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from worker.errors import Reason, Rejected


def deadline(limit_s: float) -> Callable[[str], AbstractContextManager[None]]:
    """Make a function that limits the CPU time of one stage for one article to `limit_s` seconds.

    The function gets a stage's name and returns a context to enter around that stage, which raises
    Rejected after that time. The context uses the signal SIGPROF, so it must be entered in the main
    thread.
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
