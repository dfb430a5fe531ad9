"""Whether this worker takes messages: closed while a service it writes to does not answer.

A closed gate claims nothing, so nothing is counted, acked or spun on; the broker's connection
stays busy with a pause on the server. A probe in the main process opens it again.
"""

import logging
import threading
import time
from collections.abc import Callable

from worker.errors import Unavailable

log = logging.getLogger("worker.broker")

ENDING = "the end of this process"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 5.0
_RELAPSE_S = 10.0  # closed again this soon: a probe that succeeds proves little, wait longer


class CircuitBreaker:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed_for = ""
        self._opened = float("-inf")
        self._pause_s = _FIRST_PAUSE_S

    @property
    def closed_for(self) -> str:
        """The service that is waited for, "" while the gate is open."""
        return self._closed_for

    def close(self, what: str, probe: Callable[[], None]) -> None:
        """Take no more messages until `probe` returns without raising Unavailable."""
        with self._lock:
            if self._closed_for:
                return
            self._closed_for = what
        relapsed = time.monotonic() - self._opened < _RELAPSE_S
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S) if relapsed else _FIRST_PAUSE_S
        log.warning("consuming.paused what=%s", what)
        threading.Thread(target=self._wait, args=(what, probe), name="probe", daemon=True).start()

    def shut(self) -> None:
        """Take no more messages: this process is about to end."""
        with self._lock:
            self._closed_for = ENDING

    def _wait(self, what: str, probe: Callable[[], None]) -> None:
        began = time.monotonic()
        while True:
            time.sleep(self._pause_s)
            try:
                probe()
            except Unavailable as e:
                log.info("consuming.waits what=%s detail=%s", what, e.detail)
                self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
                continue
            with self._lock:
                if self._closed_for == ENDING:
                    return
                self._opened = time.monotonic()
                self._closed_for = ""
            log.warning("consuming.resumed what=%s after_s=%.1f", what, self._opened - began)
            return


gate = CircuitBreaker()
