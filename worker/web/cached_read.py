"""Read something slow once for all who ask at about the same time, in a thread of its own."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from worker import background
from worker.errors import Unavailable, WorkerError

T = TypeVar("T")


class CachedRead(Generic[T]):
    """The result of a function that reads from broker and store, shared by concurrent requests.

    The function runs in a daemon thread, at most once at a time. Its result is used for `fresh_s`
    seconds. If a call takes longer than `wait_s` seconds, the result of the call before is used, if
    it is at most `stale_s` seconds old. So a call that hangs delays neither other requests nor the
    end of the process. One object serves one event loop.
    """

    def __init__(
        self, read: Callable[[], T], fresh_s: float, wait_s: float, stale_s: float = 0.0
    ) -> None:
        self._read = read
        self._fresh_s = fresh_s
        self._wait_s = wait_s
        self._stale_s = stale_s
        self._running: asyncio.Future[T] | None = None
        self._last: tuple[float, T] | None = None

    async def get(self, first_wait_s: float | None = None) -> T:
        """Return the result of the last call of the function if it is fresh, otherwise wait for a
        new one.

        If the function was never called with success, the wait may take `first_wait_s` seconds, if
        given, else as long as for later calls. Raises Unavailable if there is no result in time and
        no older one that may be used, or if the function fails by a bug, which is logged; and any
        WorkerError that the function raises.
        """
        if self._last is not None and time.monotonic() - self._last[0] < self._fresh_s:
            return self._last[1]
        running = self._running or self._start()
        wait_s = self._wait_s if self._last else first_wait_s or self._wait_s
        try:
            return await asyncio.wait_for(asyncio.shield(running), wait_s)
        except TimeoutError as e:
            if self._last is not None and time.monotonic() - self._last[0] < self._stale_s:
                return self._last[1]
            problem = f"broker and store could not be read within {wait_s:g} s"
            raise Unavailable("status", problem) from e

    def _start(self) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        running: asyncio.Future[T] = loop.create_future()
        # Perhaps nobody waits any more when it fails; asyncio would complain then.
        running.add_done_callback(lambda future: future.exception())
        self._running = running

        def job() -> None:
            result: T | WorkerError = Unavailable("status", "reading it failed; see the log")
            try:
                result = self._read()
            except WorkerError as e:
                result = e
            finally:
                with suppress(RuntimeError):  # the loop is closed, because the server has ended
                    loop.call_soon_threadsafe(self._end, running, result)

        background.run_once("web-read", job)
        return running

    def _end(self, running: asyncio.Future[T], result: T | WorkerError) -> None:
        self._running = None
        if isinstance(result, WorkerError):
            running.set_exception(result)
            return
        self._last = time.monotonic(), result
        running.set_result(result)
