"""A circuit breaker: stop taking messages from the broker while the store or index does not answer.

Messages taken then could only fail, be counted as failed and be delivered again. While the breaker
is open, the transport sends the broker only a command that waits and returns nothing, so that the
connection stays alive. A background loop asks the store or index again and again, and closes the
breaker when it answers; then messages are taken again.
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

    All threads of a process share one breaker; another process has its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._paused_for = ""
        self._resumed_at = float("-inf")
        self._pause_s = _FIRST_PAUSE_S

    @property
    def paused_for(self) -> str:
        """Why no messages are taken from the broker now: the name of the service that must answer.

        It is "" while messages are taken, and "the end of this process" after a call of `stop`.
        """
        return self._paused_for

    def pause(self, service: str, probe: Callable[[], None]) -> background.BackgroundLoop | None:
        """Take no messages from the broker until `service`, the store or the index, answers.

        `probe` must raise Unavailable while the service does not answer. A background loop, which
        is returned, calls it again and again, and ends the pause when it raises nothing. Returns
        None if a pause is already going on; also if no thread can be started, and then there is no
        pause.
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
        """Take no more messages from the broker in this process, because it is about to end.

        This is final: messages are not taken again when the store or index answers.
        """
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
