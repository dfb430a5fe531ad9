"""A lock that keeps a process from forking while one of its threads has an SQLite store open.

A forked child would inherit SQLite's record of the parent's file locks, and never release them. So
a thread opens, uses and closes the store under this lock, and a fork waits for the lock.
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
    """Keep this process from forking during the block, while a thread has an SQLite store open.

    A forked child would inherit SQLite's file locks and never release them. If a fork is under way,
    the block begins after it.
    """
    with _lock:
        yield
