"""Move tags that workers of an earlier version have stored to the form of this version, in steps,
so that each transaction is short and workers of both versions go on writing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

from worker.store.ports import TagMovingStore

_STEP = 200  # articles


def move_old_tags(
    store: TagMovingStore, step_guard: Callable[[], AbstractContextManager[object]] = nullcontext
) -> Iterator[int]:
    """Move the tags of all articles that an earlier version has tagged, and yield the number of
    articles after each step of up to 200.

    It may be interrupted, and called again at any time. Each step is a transaction of its own, in a
    context that `step_guard` makes. Raises Unavailable when the store does not answer.
    """
    while True:
        with step_guard():
            try:
                moved = store.tag_moves.move(_STEP)
            finally:
                store.close()
        if not moved:
            return
        yield moved
