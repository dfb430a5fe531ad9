"""Messages that the broker must still be told to ack or to put back on a queue, kept in memory.

An ack is kept here if the broker did not answer it. A message to put back on its queue is kept if
the connection closed first. The background loop of worker.broker.leases tries both again. A late
ack does no harm: it names the message by a random id, which is void once another worker has taken
the message.
"""

from collections.abc import Iterable
from threading import Event, Lock


class DeferredAcks:
    """A set of messages about which the broker must still be told something: either to ack them, or
    to put them back on their queues. This module has one such set for each of the two.

    The messages are named by their delivery tags, which a message gets when a worker takes it.
    Threads may share a set.
    """

    def __init__(self, added: Event) -> None:
        """`added` is set when tags are added, to wake the background loop that acks or requeues."""
        self._added = added
        self._tags: set[str] = set()
        self._lock = Lock()

    def add(self, *tags: str) -> None:
        """Add messages by their delivery tags, and wake the loop that acks or requeues them."""
        with self._lock:
            self._tags.update(tags)
        self._added.set()

    def tags(self) -> list[str]:
        """The delivery tags of the messages that are still to be acked or requeued, sorted."""
        with self._lock:
            return sorted(self._tags)

    def remove(self, tags: Iterable[str]) -> None:
        """Remove the delivery tags of messages that the broker has acked or requeued."""
        with self._lock:
            self._tags.difference_update(tags)


added = Event()  # set when a tag was added to one of these
deferred_acks = DeferredAcks(added)
deferred_requeues = DeferredAcks(added)
