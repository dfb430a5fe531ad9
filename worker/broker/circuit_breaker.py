"""A circuit breaker: stop taking messages while the store or the index does not answer.

While the breaker is open, so that no message is taken, none is counted as delivered or retried in
vain. The transport keeps its connection to the broker alive meanwhile by a blocking command that
returns nothing. A background loop of the main process, the probe, asks the service again and again,
and closes the breaker, so that messages are taken again, when it answers.
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
    """Says whether this process may take messages from the broker, and if not, what it waits for.

    Threads may share it; each process has its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paused_for = ""
        self._resumed_at = float("-inf")
        self._pause_s = _FIRST_PAUSE_S

    @property
    def paused_for(self) -> str:
        """The service whose answer this process waits for; "" while messages are taken."""
        return self._paused_for

    def pause(self, service: str, probe: Callable[[], None]) -> background.BackgroundLoop | None:
        """Take no messages until `service` answers.

        A background loop calls `probe` until it returns: `probe` raises Unavailable while the
        service does not answer. Any other error is logged and counted, and `probe` is called again.
        Returns the loop; None when messages are paused already.
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
        """Take no more messages in this process, which is about to end. No probe can undo this."""
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
