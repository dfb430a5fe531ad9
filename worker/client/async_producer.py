"""Enqueue from asyncio: `async with AsyncProducer() as p: await p.enqueue(articles)`.

A Producer sends the articles in a thread of its own, so the event loop never waits for the broker.
Guarantees and errors are those of Producer.
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
from dataclasses import replace
from itertools import islice
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Self, TypeVar

from worker.client.producer import Invalid, InvalidArticles, OnInvalid, Producer
from worker.errors import Busy
from worker.model.records import Outcome
from worker.store.retention_values import ExpiredOutcome

_CHUNK = 100  # articles handed to the thread at a time

Result = TypeVar("Result")


class SendCancelled(Exception):
    """Raised in a producer's thread to end sending, because the call of `enqueue` was cancelled.

    The message that is being sent at that time is still completed.
    """


class AsyncProducer:
    """Puts raw articles on the queue, for the tasks of one asyncio event loop.

    Any number of tasks may call `enqueue` at the same time; their messages are sent one by one.
    """

    def __init__(
        self,
        broker: str = "",
        *,
        store: str = "",
        source: str = "",
        journal: str | Path = "",
        compress: bool | None = None,
        linger_s: float = 1.0,
    ) -> None:
        """Take the arguments of Producer, and `linger_s` in seconds.

        An article that an async iterable has yielded is handed on for sending after `linger_s` at
        the latest, even if fewer than 100 have come together.
        """
        self._producer = Producer(
            broker, store=store, source=source, journal=journal, compress=compress
        )
        # One thread: a Producer must not be shared by threads, and further calls wait for their
        # turn.
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
        """Wait for the message that is being sent, then disconnect from broker and store."""
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
        """Send all valid articles, and return their receipts, the ids by which to ask for outcomes.

        Invalid articles are treated as `invalid` says: raised at the end as InvalidArticles
        ("raise"), put into `self.invalid` ("collect"), or also sent, to be kept as dead letters
        ("bury"). Raises Unavailable when the broker does not answer, and Busy when it is too full.

        A cancelled call completes the message that is being sent, and sends no further one. If the
        caller set the field `receipt` of each article, it can then enqueue all of them again: an
        article that was sent before is not processed twice. Other articles get a new receipt in
        each call.
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
                problems += [replace(b, position=taken + b.position) for b in bad]
                taken += len(chunk)
        self.invalid = problems
        if problems and invalid == "raise":
            raise InvalidArticles(problems, receipts)
        return receipts

    @property
    def unconfirmed(self) -> int:
        """How many messages a Redis Sentinel set took without the confirmation of its replicas.

        A failover may lose them.
        """
        return self._producer.unconfirmed

    async def outcome(self, receipt: str) -> Outcome | ExpiredOutcome | None:
        """Return what became of an article, by its receipt, the id that `enqueue` returned for it.

        Returns None while the article waits or is processed, and an ExpiredOutcome if its outcome
        was removed because of its age.
        """
        return await self._run(lambda: self._producer.outcome(receipt))

    async def _send(self, chunk: list[Any], invalid: OnInvalid) -> tuple[list[str], list[Invalid]]:
        cancelled = Event()

        def check_cancelled(_: int) -> None:
            if cancelled.is_set():
                raise SendCancelled

        def send() -> tuple[list[str], list[Invalid]]:
            policy: OnInvalid = "bury" if invalid == "bury" else "collect"
            receipts = self._producer.enqueue(chunk, invalid=policy, on_sent=check_cancelled)
            return receipts, self._producer.invalid

        try:
            return await self._run(send)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def _run(self, call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


def _chunks(
    articles: Iterable[Any] | AsyncIterable[Any], linger_s: float
) -> AsyncGenerator[list[Any], None]:
    """Divide the articles into chunks, each of which is handed to the producer's thread at once.

    The iterable is read on the event loop, not in the thread.
    """
    if isinstance(articles, AsyncIterable):
        return _chunks_in_time(aiter(articles), linger_s)
    return _chunks_by_count(iter(articles))


async def _chunks_by_count(articles: Iterator[Any]) -> AsyncGenerator[list[Any], None]:
    while chunk := list(islice(articles, _CHUNK)):
        yield chunk


async def _chunks_in_time(
    articles: AsyncIterator[Any], linger_s: float
) -> AsyncGenerator[list[Any], None]:
    """Yield a chunk of articles when it is full or its first article has waited for `linger_s`."""
    now = asyncio.get_running_loop().time
    chunk: list[Any] = []
    due = 0.0
    # A task, so that the iterator is not cancelled when the wait for it ends.
    upcoming = asyncio.ensure_future(anext(articles))
    try:
        while True:
            await asyncio.wait([upcoming], timeout=max(0.0, due - now()) if chunk else None)
            if upcoming.done():
                due = due if chunk else now() + linger_s
                chunk.append(upcoming.result())
                upcoming = asyncio.ensure_future(anext(articles))
            if len(chunk) == _CHUNK or now() >= due:
                yield chunk
                chunk = []
    except StopAsyncIteration:
        if chunk:
            yield chunk
    finally:
        upcoming.cancel()
