"""Convert tags that an earlier version of this package has stored to the form of this version.

This is done in steps, so that each transaction is short, and workers of both versions can go on
writing.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

from worker.store.ports import TagMovingStore

_STEP = 200  # articles


def move_old_tags(
    store: TagMovingStore, step_guard: Callable[[], AbstractContextManager[object]] = nullcontext
) -> Iterator[int]:
    """Convert the tags of all articles that an earlier version has tagged to the form of this
    version. Yields after each step how many articles, up to 200, were converted.

    It may be interrupted, and called again at any time. Each step is a transaction. It runs in a
    `with` block on the result of `step_guard`, by which the caller can hold a lock for one step.
    Raises Unavailable when the store does not answer.
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
