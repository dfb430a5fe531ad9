"""Keep a value for a moment, so that several pages and tabs that need it cost one reading."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class RecentValue(Generic[T]):
    """The result of a function that reads something, which is read again after `fresh_s` seconds.

    Threads may share it: while one reads, others wait for its result. An error of the function is
    raised to the caller, and nothing is kept.
    """

    def __init__(self, fresh_s: float) -> None:
        self._fresh_s = fresh_s
        self._lock = Lock()
        self._last: tuple[float, T] | None = None

    def get(self, read: Callable[[], T]) -> T:
        """Return the value that is kept if it is fresh, otherwise that of a new call of `read`."""
        with self._lock:
            if self._last is None or time.monotonic() - self._last[0] >= self._fresh_s:
                self._last = None
                value = read()
                self._last = time.monotonic(), value
            return self._last[1]

    def forget(self) -> None:
        """Drop the kept value, because something was changed. The next call reads it again."""
        with self._lock:
            self._last = None
