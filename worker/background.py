"""Background threads of the worker's main process. Each runs until the process exits."""

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger("worker")

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0


def keep(name: str, work: Callable[[], None]) -> None:
    """Run `work`, which contains its own loop, in a daemon thread; restart it when it raises.

    Without a restart one exception would stop the loop, and nobody would notice until leases
    expire or dead lists fill up.
    """
    threading.Thread(target=_keep, args=(name, work), name=name, daemon=True).start()


def _keep(name: str, work: Callable[[], None]) -> None:
    pause_s = _FIRST_PAUSE_S
    while True:
        began = time.monotonic()
        try:
            work()
        except Exception:
            log.exception("background.failed thread=%s again-in-s=%g", name, pause_s)
        if time.monotonic() - began > _LONGEST_PAUSE_S:
            pause_s = _FIRST_PAUSE_S
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
