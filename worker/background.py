"""Run the background work of a worker's main process: loops, and jobs that run once.

No other module of the package starts a thread or sleeps in one. A loop calls a function again and
again, with a pause after each call, in a daemon thread that lives until the process exits. An error
in a call is logged with its traceback and counted under the name of the loop, and the loop goes on.
Otherwise one exception would end the loop, and nobody would notice until its work is missed.
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
    """The value DONE, which the function of a background loop returns to end the loop."""

    DONE = "done"


DONE = LoopSignal.DONE
Turn = Callable[[], float | LoopSignal | None]


class BackgroundLoop:
    """A function that a background thread calls again and again, or once.

    `start_loop` and `run_once` return it. By `join` a caller waits until the thread ends. `stop`
    ends a loop, for tests only: in a worker, loops live as long as the process.
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
        """End the background loop after the call of its function that is running now.

        Waits for that up to `timeout_s` seconds, or without a limit if None, and returns whether
        the loop's thread has ended.
        """
        self._stopped = True
        self._wake.set()
        return self.join(timeout_s)

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait up to `timeout_s` seconds, or without a limit if None, until the loop has ended.

        Returns whether its thread has ended.
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
    """Call `turn` again and again in a daemon thread, `pause_s` seconds after each call ended.

    The first call comes after `first_pause_s` seconds. `turn` returns None, the length of the next
    pause in seconds, or DONE to end the loop. Another thread may set `wake` to end a pause early;
    `turn` is then called `gather_s` seconds later, so that one call serves several requests. Logs
    and error counts show the loop as `name`.
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
    """Call `condition` every 20 ms until it returns true, for at most `timeout_s` seconds.

    Returns whether it did so in that time.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def error_count(name: str) -> int:
    """How many calls by the background loop `name` raised an error since this process started."""
    with _error_lock:
        return _error_counts[name]


def error_counts() -> Mapping[str, int]:
    """How many calls by each background loop raised an error since this process started.

    The keys are names of loops; a loop without errors is left out.
    """
    with _error_lock:
        return dict(_error_counts)


def _count_error(name: str) -> int:
    with _error_lock:
        _error_counts[name] += 1
        return _error_counts[name]
