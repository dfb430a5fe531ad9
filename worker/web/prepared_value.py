"""Keep a value that a background thread reads ahead, so that no request has to read it."""

import time
from collections.abc import Callable
from threading import Condition
from typing import Generic, TypeVar

from worker.errors import Unavailable

T = TypeVar("T")

_WAIT_S = 30.0  # for the first value; a busy machine needs many seconds to judge 500 sources


class PreparedValue(Generic[T]):
    """The last result of a function that reads something slow. Threads may share it.

    At first, `get` calls the function itself if the last result is older than `fresh_s` seconds.
    Once `expect_preparation` was called, a background loop is to call `prepare` again and again,
    which calls the function; then `get` returns the last result, however old.
    """

    def __init__(self, read: Callable[[], T], fresh_s: float) -> None:
        self._read = read
        self._fresh_s = fresh_s
        self._changed = Condition()
        self._last: tuple[float, T] | None = None
        self._problem: Unavailable | None = None
        self._forgotten = 0
        self._wake: Callable[[], object] | None = None

    def expect_preparation(self, wake: Callable[[], object]) -> None:
        """Say that a background loop calls `prepare` from now on, so that `get` need not call the
        function.

        `wake` is a function that ends a pause of that loop, so that it calls `prepare` soon.
        """
        self._wake = wake

    def prepare(self) -> None:
        """Read the value for those who ask later. If that fails, the last value is kept.

        If `forget` is called during the reading, the value is read again, because it may be
        outdated.
        """
        while True:
            forgotten = self._forgotten
            value, problem = self._value_or_problem()
            with self._changed:
                if forgotten == self._forgotten:
                    self._last, self._problem = value or self._last, problem
                    self._changed.notify_all()
                    return

    def get(self) -> T:
        """Return the value. Raises Unavailable if there is none, because it can't be read."""
        with self._changed:
            if self._wake is None:
                return self._own_reading()
            self._changed.wait_for(lambda: self._last or self._problem, _WAIT_S)
            if self._last is None:
                raise self._problem or Unavailable("sources", "they are being read; try again")
            return self._last[1]

    def forget(self) -> None:
        """Drop the value, because something was changed. The next call of `get` waits for a new
        one."""
        with self._changed:
            self._forgotten += 1
            self._last = self._problem = None
        if self._wake is not None:
            self._wake()

    def _own_reading(self) -> T:
        if self._last is None or time.monotonic() - self._last[0] >= self._fresh_s:
            self._last = None
            value = self._read()
            self._last = time.monotonic(), value
        return self._last[1]

    def _value_or_problem(self) -> tuple[tuple[float, T] | None, Unavailable | None]:
        try:
            return (time.monotonic(), self._read()), None
        except Unavailable as e:
            return None, e
