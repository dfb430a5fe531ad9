"""How long tests and scenarios wait for a condition: one number, stretched on a busy machine.

A wait ends as soon as its condition holds. The limit only ends what hangs, so it costs nothing to
be generous; it must not fail what is merely slow because other programs use the processors.
"""

import os
import time
from collections.abc import Callable

LIMIT_S = 60.0  # on a machine with nothing else to do
MAX_STRETCH = 8.0  # pytest's own timeout, in pyproject.toml, is longer than the product
VARIABLE = "TEST_PATIENCE"  # a factor, instead of the one that the load gives
_PAUSE_S = 0.02


def limit_s() -> float:
    """How many seconds a test may wait now."""
    return LIMIT_S * stretch()


def stretch() -> float:
    """How many times as slow a busy machine may be: processes that want to run, a processor."""
    if given := os.environ.get(VARIABLE):
        return float(given)
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(max(waiting, 1.0), MAX_STRETCH)


def until(
    condition: Callable[[], object],
    what: str | Callable[[], str],
    at_most_s: float | None = None,
    *,
    pause: Callable[[], object] = lambda: time.sleep(_PAUSE_S),
) -> None:
    """Ask until the condition holds, pausing in between; else raise AssertionError with `what`.

    The load is read again each time: a machine may become busy while a test waits.
    """
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > (limit_s() if at_most_s is None else at_most_s):
            raise AssertionError(f"timed out: {what() if callable(what) else what}")
        pause()
