"""A circuit breaker: stop taking messages while a service that batches need does not answer.

While it is open, the transport claims nothing, so no message is counted as delivered, acked or
retried in vain; the connection to the broker is kept busy by a pause on the server. A probe in the
main process asks the service, and closes the breaker when it answers.
"""

import logging
import threading
import time
from collections.abc import Callable

from worker import background
from worker.background import DONE, LoopSignal
from worker.errors import Unavailable

log = logging.getLogger("worker.broker")

SHUTDOWN = "the end of this process"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 5.0
_RELAPSE_S = 10.0  # opened again this soon: a probe that succeeds proves little, wait longer


class CircuitBreaker:
    """The state of the breaker in this process. Safe for use by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paused_for = ""
        self._resumed_at = float("-inf")
        self._pause_s = _FIRST_PAUSE_S

    @property
    def paused_for(self) -> str:
        """The service that is waited for; "" while messages are taken."""
        return self._paused_for

    def pause(self, service: str, probe: Callable[[], None]) -> background.BackgroundLoop | None:
        """Take no messages until `probe` returns. Returns the loop that probes, None if one runs.

        `probe` raises Unavailable while the service does not answer. Any other error of it is
        logged and counted, and it is called again.
        """
        with self._lock:
            if self._paused_for:
                return None
            self._paused_for = service
        relapsed = time.monotonic() - self._resumed_at < _RELAPSE_S
        self._pause_s = self._longer_pause_s() if relapsed else _FIRST_PAUSE_S
        paused_at = time.monotonic()

        def turn() -> float | LoopSignal | None:
            try:
                probe()
            except Unavailable as e:
                log.info("consuming.waits what=%s detail=%s", service, e.detail)
                self._pause_s = self._longer_pause_s()
                return self._pause_s
            self._resume(service, paused_at)
            return DONE

        log.warning("consuming.paused what=%s", service)
        try:
            return background.start_loop(
                "probe", turn, pause_s=_LONGEST_PAUSE_S, first_pause_s=self._pause_s
            )
        except RuntimeError:  # no more threads: without a probe, nothing would end the pause
            log.exception("consuming.not-paused what=%s", service)
            self._resume(service, paused_at)
            return None

    def stop(self) -> None:
        """Take no more messages: this process is about to end."""
        with self._lock:
            self._paused_for = SHUTDOWN

    def _resume(self, service: str, paused_at: float) -> None:
        with self._lock:
            if self._paused_for == SHUTDOWN:
                return
            self._resumed_at = time.monotonic()
            self._paused_for = ""
        seconds = self._resumed_at - paused_at
        log.warning("consuming.resumed what=%s after_s=%.1f", service, seconds)

    def _longer_pause_s(self) -> float:
        return min(self._pause_s * 2, _LONGEST_PAUSE_S)


circuit_breaker = CircuitBreaker()
