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
    """How many seconds a test may wait now: more when more processes want to run than can."""
    given = os.environ.get(VARIABLE)
    return LIMIT_S * (float(given) if given else _stretch())


def _stretch() -> float:
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(max(waiting, 1.0), MAX_STRETCH)


def until(
    condition: Callable[[], object],
    what: str | Callable[[], str],
    pause: Callable[[], object] = lambda: time.sleep(_PAUSE_S),
) -> None:
    """Ask until the condition holds, pausing in between; else raise AssertionError with `what`.

    The load is looked at again and again: a machine may become busy while a test waits.
    """
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > limit_s():
            what = what() if callable(what) else what
            raise AssertionError(f"waited in vain for: {what}")
        pause()
