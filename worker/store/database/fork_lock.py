"""Keeps forks and an open store apart, in a process that forks while its threads write.

A child takes over what SQLite knows of the locks its parent held, and nobody ever releases them
over there. So whoever writes beside a pool of processes writes in here, and closes the store
before leaving; a fork waits that long, some milliseconds.
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
def unforked() -> Iterator[None]:
    """No fork happens meanwhile; one that has begun is waited for."""
    with _lock:
        yield
