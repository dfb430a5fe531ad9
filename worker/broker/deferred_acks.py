"""Acks and requeues that wait to be sent: the broker did not take them, or nobody could ask it.

worker.broker.leases sends them from its background loop. Sending one twice is safe: the delivery
tag carries a fencing token, so a tag whose lease has expired matches nothing.
"""

from collections.abc import Iterable
from threading import Event, Lock


class DeferredAcks:
    """A set of delivery tags that several threads add to and remove from."""

    def __init__(self, added: Event) -> None:
        """`added` is set whenever tags are added."""
        self._added = added
        self._tags: set[str] = set()
        self._lock = Lock()

    def add(self, *tags: str) -> None:
        """Add delivery tags, and wake the loop that sends them."""
        with self._lock:
            self._tags.update(tags)
        self._added.set()

    def tags(self) -> list[str]:
        """The delivery tags that wait, sorted."""
        with self._lock:
            return sorted(self._tags)

    def remove(self, tags: Iterable[str]) -> None:
        """Remove delivery tags that were sent."""
        with self._lock:
            self._tags.difference_update(tags)


added = Event()  # set when a tag was added to one of these
deferred_acks = DeferredAcks(added)
deferred_requeues = DeferredAcks(added)
