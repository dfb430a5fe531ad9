"""Limit the CPU time of one stage of one article, so that a slow article does not fail its batch.

Stages only compute, so their CPU time is measured. An article does not fail because the machine was
suspended or busy. A signal can't interrupt a loop in C code, such as a parser. Against those help
the checks of a text before it is parsed, and Celery's hard time limit of the whole batch.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from worker.errors import Reason, Rejected


def deadline(limit_s: float) -> Callable[[str], AbstractContextManager[None]]:
    """Make a stage deadline that raises Rejected after `limit_s` seconds of CPU time.

    The result gets a stage's name and returns a context to enter around that stage. It works in the
    main thread of a process only, and uses the signal SIGPROF.
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
