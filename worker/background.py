"""Run the background work of a worker's main process: loops, and jobs that run once.

No other module of the package starts a thread or sleeps in one. A loop calls a function again and
again, once per turn, in a daemon thread that lives until the process exits. Whatever a turn raises
is logged with its traceback and counted under the name of the loop, and the loop goes on after its
pause. Without that, one exception would end the loop, and nobody would notice until its work is
missed: the renewal of the leases by which a worker keeps its messages, for example.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from enum import Enum

log = logging.getLogger("worker")

_POLL_S = 0.02  # between two checks of wait_until
_error_counts: Counter[str] = Counter()
_error_lock = threading.Lock()


class LoopSignal(Enum):
    """What the function of a background loop returns to end the loop."""

    DONE = "done"


DONE = LoopSignal.DONE
Turn = Callable[[], float | LoopSignal | None]


class BackgroundLoop:
    """A background loop that runs in a thread of its own; `start_loop` and `run_once` make it.

    `stop` exists for tests: in a worker, loops live as long as the process.
    """

    def __init__(
        self,
        name: str,
        turn: Turn,
        pause_s: float,
        *,
        first_pause_s: float,
        wake: threading.Event | None = None,
        gather_s: float = 0.0,
        repeats: bool = True,
    ) -> None:
        self.name = name
        self._turn = turn
        self._pause_s = pause_s
        self._first_pause_s = first_pause_s
        self._wake = wake or threading.Event()
        self._gather_s = gather_s
        self._repeats = repeats
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float | None = None) -> bool:
        """Let the turn that is running now end, and then end the loop.

        Returns True when its thread ended within `timeout_s` seconds; None waits without a limit.
        """
        self._stopped = True
        self._wake.set()
        return self.join(timeout_s)

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until the loop's thread has ended. True when it ended within `timeout_s` seconds.

        None waits without a limit.
        """
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        pause_s = self._first_pause_s
        while True:
            if self._wake.wait(min(pause_s, threading.TIMEOUT_MAX)) and not self._stopped:
                time.sleep(self._gather_s)
            self._wake.clear()
            if self._stopped:
                return
            result = self._run_turn()
            if result is DONE or not self._repeats:
                return
            pause_s = self._pause_s if result is None else result

    def _run_turn(self) -> float | LoopSignal | None:
        try:
            return self._turn()
        except BaseException:  # SystemExit too: in a thread it would end the loop without a word
            count = _count_error(self.name)
            log.exception("background.failed loop=%s count=%d", self.name, count)
            return None


def start_loop(
    name: str,
    turn: Turn,
    *,
    pause_s: float,
    first_pause_s: float = 0.0,
    wake: threading.Event | None = None,
    gather_s: float = 0.0,
) -> BackgroundLoop:
    """Call `turn` again and again in a daemon thread, with a pause of `pause_s` after each call.

    A turn may return the length of the next pause in seconds, or DONE to end the loop. Setting
    `wake` ends a pause early; the turn then begins `gather_s` seconds later, so that several
    requests that arrive together are served by one turn.
    """
    return BackgroundLoop(
        name, turn, pause_s, first_pause_s=first_pause_s, wake=wake, gather_s=gather_s
    )


def run_once(name: str, job: Callable[[], None], *, delay_s: float = 0.0) -> BackgroundLoop:
    """Call `job` once in a daemon thread, after `delay_s` seconds.

    An error that it raises is logged, and counted under `name`; the job is not repeated.
    """
    return BackgroundLoop(name, job, 0.0, first_pause_s=delay_s, repeats=False)


def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Check `condition` every 20 ms until it is true.

    False when `timeout_s` seconds passed first.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def error_count(name: str) -> int:
    """The number of turns of the background loop `name` that raised, since this process started."""
    with _error_lock:
        return _error_counts[name]


def error_counts() -> Mapping[str, int]:
    """The number of turns that raised an error, by the name of the background loop.

    A loop whose turns never raised is left out.
    """
    with _error_lock:
        return dict(_error_counts)


def _count_error(name: str) -> int:
    with _error_lock:
        _error_counts[name] += 1
        return _error_counts[name]
