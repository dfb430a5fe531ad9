"""Acks and requeues that could not be done at once, kept in memory until the broker takes them.

An ack is deferred when the broker did not answer; a requeue, which puts a message back on its
queue, when a connection closed. The background loop of worker.broker.leases carries them out.
Repeating one is safe: each delivery tag contains a fencing token, a random id of the claim, so a
tag whose lease has expired matches no message.
"""

from collections.abc import Iterable
from threading import Event, Lock


class DeferredAcks:
    """A set of delivery tags whose messages are still to be acked, or still to be requeued.

    The module has one of these sets for acks and one for requeues. Several threads add and remove
    tags.
    """

    def __init__(self, added: Event) -> None:
        """`added` is set when tags are added, to wake the background loop that acks or requeues."""
        self._added = added
        self._tags: set[str] = set()
        self._lock = Lock()

    def add(self, *tags: str) -> None:
        """Add delivery tags, and wake the background loop that acks or requeues their messages."""
        with self._lock:
            self._tags.update(tags)
        self._added.set()

    def tags(self) -> list[str]:
        """The delivery tags that are still to be acked or requeued, sorted."""
        with self._lock:
            return sorted(self._tags)

    def remove(self, tags: Iterable[str]) -> None:
        """Remove the delivery tags of messages that the broker has acked or requeued."""
        with self._lock:
            self._tags.difference_update(tags)


added = Event()  # set when a tag was added to one of these
deferred_acks = DeferredAcks(added)
deferred_requeues = DeferredAcks(added)
