"""A lock that keeps the process from forking while one of its threads has the store open.

A forked child inherits SQLite's record of the parent's file locks, and never releases them. So a
thread beside a process pool writes under this lock, and closes the store before it releases it. A
fork waits for the lock, which takes some milliseconds.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
os.register_at_fork(
    before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
)


@contextmanager
def fork_lock() -> Iterator[None]:
    """Prevent forks in this block. Waits for a fork that is under way."""
    with _lock:
        yield
