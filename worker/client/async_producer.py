"""How asyncio pollers push: `async with AsyncProducer() as p: await p.enqueue(articles)`.

The sends of a Producer, in one thread of its own: same packing, same guarantees, same errors,
and the event loop never waits for the broker.
"""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
)
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from itertools import islice
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Self, TypeVar

from worker.client.producer import Invalid, InvalidArticles, OnInvalid, Producer
from worker.errors import Busy
from worker.model.records import Outcome

_AT_ONCE = 100  # articles handed to the thread at a time

Result = TypeVar("Result")


class Stopped(Exception):
    """Raised between two messages when nobody waits for the rest any more."""


class AsyncProducer:
    """A Producer for one event loop. Any number of tasks may enqueue; their messages take turns."""

    def __init__(
        self,
        broker: str = "",
        *,
        store: str = "",
        source: str = "",
        journal: str | Path = "",
        linger_s: float = 1.0,
    ) -> None:
        """As Producer. `linger_s`: how long articles that are there wait for an async iterable
        that pauses, before they are sent without the rest."""
        self._producer = Producer(broker, store=store, source=source, journal=journal)
        # One thread: a Producer is not shared between threads, and what comes in waits its turn.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="worker-producer")
        self._linger_s = linger_s
        self.invalid: list[Invalid] = []

    async def __aenter__(self) -> Self:
        await self._run(self._producer.__enter__)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Waits for the message that is being sent, if there is one."""
        try:
            await self._run(self._producer.close)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise
        self._thread.shutdown()  # it is idle now

    async def enqueue(
        self,
        articles: Iterable[Any] | AsyncIterable[Any],
        *,
        invalid: OnInvalid = "raise",
    ) -> list[str]:
        """Send every valid article; returns their receipts in order, as Producer.enqueue does.

        Raises InvalidArticles, Unavailable or Busy. `self.invalid` is of the call that ended last.
        Cancelled, it sends no further message; one on its way is sent whole. With receipts of
        your own in the articles, what was cut short can simply be enqueued again.
        """
        problems: list[Invalid] = []
        receipts: list[str] = []
        taken = 0
        async with aclosing(_chunks(articles, self._linger_s)) as chunks:
            async for chunk in chunks:
                try:
                    sent, bad = await self._send(chunk, invalid)
                except Busy as e:
                    raise Busy(e.reason, e.retry_after_s, [*receipts, *e.receipts]) from e
                receipts += sent
                problems += [b.model_copy(update={"position": taken + b.position}) for b in bad]
                taken += len(chunk)
        self.invalid = problems
        if problems and invalid == "raise":
            raise InvalidArticles(problems, receipts)
        return receipts

    async def outcome(self, receipt: str) -> Outcome | None:
        """What became of one receipt; None while it waits or is worked on."""
        return await self._run(lambda: self._producer.outcome(receipt))

    async def _send(self, chunk: list[Any], invalid: OnInvalid) -> tuple[list[str], list[Invalid]]:
        unwanted = Event()

        def go_on(_: int) -> None:
            if unwanted.is_set():
                raise Stopped

        def send() -> tuple[list[str], list[Invalid]]:
            policy: OnInvalid = "bury" if invalid == "bury" else "collect"
            receipts = self._producer.enqueue(chunk, invalid=policy, on_sent=go_on)
            return receipts, self._producer.invalid

        try:
            return await self._run(send)
        except asyncio.CancelledError:
            unwanted.set()
            raise

    async def _run(self, call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


def _chunks(
    articles: Iterable[Any] | AsyncIterable[Any], linger_s: float
) -> AsyncGenerator[list[Any], None]:
    """Up to a message full at a time. Iterables run on the event loop, which made them."""
    if isinstance(articles, AsyncIterable):
        return _arriving(aiter(articles), linger_s)
    return _cut(iter(articles))


async def _cut(articles: Iterator[Any]) -> AsyncGenerator[list[Any], None]:
    while chunk := list(islice(articles, _AT_ONCE)):
        yield chunk


async def _arriving(
    articles: AsyncIterator[Any], linger_s: float
) -> AsyncGenerator[list[Any], None]:
    """What has arrived when a message is full, or when its first article has waited enough."""
    now = asyncio.get_running_loop().time
    chunk: list[Any] = []
    due = 0.0
    # A task, so that the iterator is not cancelled when the wait for it ends.
    coming = asyncio.ensure_future(anext(articles))
    try:
        while True:
            await asyncio.wait([coming], timeout=max(0.0, due - now()) if chunk else None)
            if coming.done():
                due = due if chunk else now() + linger_s
                chunk.append(coming.result())
                coming = asyncio.ensure_future(anext(articles))
            if len(chunk) == _AT_ONCE or now() >= due:
                yield chunk
                chunk = []
    except StopAsyncIteration:
        if chunk:
            yield chunk
    finally:
        coming.cancel()
