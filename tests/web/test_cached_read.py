"""One read of broker and store serves all who ask meanwhile, and one that hangs holds up nobody."""

import asyncio
import threading
import time

import pytest

from devtools.waiting import limit_s, until
from worker.errors import Unavailable
from worker.web.cached_read import CachedRead


class Slow:
    """A read that ends when it is allowed to, and counts its calls."""

    def __init__(self) -> None:
        self.calls = 0
        self.may_end = threading.Event()

    def __call__(self) -> int:
        self.calls += 1
        assert self.may_end.wait(limit_s())
        return self.calls


def test_concurrent_requests_share_one_read() -> None:
    slow = Slow()
    cached = CachedRead(slow, fresh_s=60.0, wait_s=limit_s())

    async def ask() -> list[int]:
        requests = [asyncio.create_task(cached.get()) for _ in range(50)]
        await asyncio.sleep(0)
        slow.may_end.set()
        return list(await asyncio.gather(*requests))

    assert asyncio.run(ask()) == [1] * 50
    assert slow.calls == 1


def test_a_result_is_read_again_when_it_is_no_longer_fresh() -> None:
    slow = Slow()
    slow.may_end.set()
    cached = CachedRead(slow, fresh_s=0.0, wait_s=limit_s())

    async def ask() -> list[int]:
        return [await cached.get() for _ in range(3)]

    assert asyncio.run(ask()) == [1, 2, 3]


def test_a_read_that_hangs_is_an_error_and_is_not_started_again() -> None:
    slow = Slow()
    cached = CachedRead(slow, fresh_s=60.0, wait_s=0.01)

    async def ask() -> int:
        for _ in range(3):
            with pytest.raises(Unavailable, match=r"within 0\.01 s"):
                await cached.get()
        assert slow.calls == 1
        slow.may_end.set()  # the broker answers at last: the same read serves the next request
        began = time.monotonic()
        while time.monotonic() - began < limit_s():
            try:
                return await cached.get()
            except Unavailable:
                continue
        raise AssertionError("it never ended")

    assert asyncio.run(ask()) == 1


def hanging_after_one(slow: Slow, stale_s: float) -> int:
    """What is answered while a read hangs, after an earlier one has ended."""
    cached = CachedRead(slow, fresh_s=0.0, wait_s=0.05, stale_s=stale_s)

    async def ask() -> int:
        slow.may_end.set()
        while True:  # on a busy machine, even a read that does nothing may take 50 ms
            try:
                await cached.get()
                break
            except Unavailable:
                continue
        slow.may_end.clear()
        try:
            return await cached.get()
        finally:
            slow.may_end.set()

    return asyncio.run(ask())


def test_while_a_read_hangs_the_result_before_it_serves() -> None:
    slow = Slow()
    assert hanging_after_one(slow, stale_s=3600.0) == slow.calls - 1


def test_a_result_that_is_too_old_does_not_serve() -> None:
    with pytest.raises(Unavailable, match="within"):
        hanging_after_one(Slow(), stale_s=0.0)


def test_the_error_of_a_read_reaches_all_who_wait_and_is_not_kept() -> None:
    errors = [Unavailable("store"), None]

    def read() -> str:
        if error := errors.pop(0):
            raise error
        return "well"

    cached = CachedRead(read, fresh_s=60.0, wait_s=limit_s())

    async def ask() -> str:
        found = await asyncio.gather(cached.get(), cached.get(), return_exceptions=True)
        assert [str(each) for each in found] == ["store is unavailable"] * 2
        return await cached.get()

    assert asyncio.run(ask()) == "well"


def test_a_bug_is_logged_and_the_next_request_reads_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls: list[int] = []

    def read() -> str:
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError
        return "well"

    cached = CachedRead(read, fresh_s=60.0, wait_s=limit_s())

    async def ask() -> str:
        with pytest.raises(Unavailable, match="see the log"):
            await cached.get()
        return await cached.get()

    assert asyncio.run(ask()) == "well"
    until(lambda: "loop=web-read" in caplog.text, "the bug is in the log")


def test_a_request_that_is_given_up_disturbs_nobody() -> None:
    slow = Slow()
    cached = CachedRead(slow, fresh_s=60.0, wait_s=limit_s())

    async def ask() -> int:
        first, second = (asyncio.create_task(cached.get()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        slow.may_end.set()
        return await second

    assert asyncio.run(ask()) == 1
