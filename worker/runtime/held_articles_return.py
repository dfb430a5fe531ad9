"""Send held articles of sources that are not paused back to their queues, without an operator.

Articles are held while their source is paused. They are left over when the command that resumes the
source was interrupted, and when a worker did not know yet that the pause was over.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from worker.broker.connection import BrokerConnection
from worker.client.producer import Producer
from worker.errors import Unavailable
from worker.maintenance.resumption import resume_source, sources_to_resume
from worker.store.database.fork_lock import fork_lock
from worker.store.ports import ResumingStore

log = logging.getLogger("worker")

_LIMIT_S = 10.0  # of the time between two calls, which is half a minute


def returning_held(app: Any, store: ResumingStore) -> Callable[[], None]:
    """Return a function that sends held articles which were left behind back to their queues.

    Held articles are those of a paused source. They are left behind when the command that resumes
    the source is interrupted, or when a worker does not know yet that the pause is over. A
    background loop calls the function again and again; each call takes 10 s at most. A source is
    left alone as long as its number of held articles falls from one call to the next, because a
    command is then still at work on it. The function raises nothing when the broker or the store
    does not answer.
    """
    connection = BrokerConnection(app)
    before: dict[str, int] = {}

    def return_left_over() -> None:
        nonlocal before
        try:
            with connection.channel() as channel:
                queue = app.conf.task_default_queue
                with _storing(store):
                    counts = sources_to_resume(channel, queue, store)
                stalled = [s for s, number in counts.items() if number >= before.get(s, number + 1)]
                before = counts
                if stalled:
                    _resume(channel, queue, store, stalled)
        except Unavailable as e:
            log.info("held.waits error=%s", e)

    return return_left_over


def _resume(channel: Any, queue: str, store: ResumingStore, sources: list[str]) -> None:
    deadline = time.monotonic() + _LIMIT_S
    with Producer() as producer:
        for source in sources:
            steps, returned = resume_source(channel, queue, store, producer, source), 0
            count: int | None = 0
            while count is not None and time.monotonic() < deadline:
                with _storing(store):  # message by message: a pool process may have to be forked
                    count = next(steps, None)
                returned += count or 0
            log.warning("held.returned source=%s articles=%d", source, returned)


@contextmanager
def _storing(store: ResumingStore) -> Iterator[None]:
    with fork_lock():
        try:
            yield
        finally:
            store.close()
