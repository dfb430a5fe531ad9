"""Says from which queue of the broker a message came, so that its articles can be put back there
later."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlace:
    """Where the message of a batch came from: the name of its queue, its priority from 0 to 9, and
    how often it had moved to the quarantine queue, where articles of failed messages are tried."""

    queue: str
    priority: int = 0
    quarantined: int = 0
