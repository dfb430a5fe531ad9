"""Read and empty the broker's dead lists, where undeliverable messages are kept, one per queue.

An entry of the list `<queue>.dead` is a line of JSON {reason, queue, at}, a newline, and the
unchanged bytes of the message. It is removed only after the caller has stored it elsewhere. When a
process dies in between, the entry is read again.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from worker.broker import UNKNOWN
from worker.broker.messages import bounded

_LONGEST_REASON = 500  # characters

_OLDEST = "return redis.call('LRANGE', KEYS[1], -1, -1)"
_REMOVE = "return redis.call('LREM', KEYS[1], -1, ARGV[1])"
_SEND = "return redis.call('LPUSH', KEYS[1], ARGV[1])"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedDeadLetter:
    """One entry of a dead list: a message that could not be processed, where it came from, and why.

    `queue` is the queue of the message, `at` the time when it was moved to the dead list, and
    `reason` says why. `written` has the bytes of the whole entry in the list, `message` those of
    the message in it; the entry is removed from the list by `written`.
    """

    queue: str
    reason: str
    at: datetime
    message: bytes
    written: bytes  # the entry as it stands in the list


def move_entries(
    channel: Any, queues: Sequence[str], store_entry: Callable[[QueuedDeadLetter], None]
) -> Iterator[QueuedDeadLetter]:
    """Empty the dead lists of `queues`, where the broker keeps messages that can't be processed.

    Each entry, the oldest of a list first, is passed to `store_entry`, which stores it elsewhere.
    When that has returned, the entry is removed from the list and yielded. An entry that another
    process has removed meanwhile is not yielded.
    """
    # One by one, because a message may have megabytes. When two processes do this at once, both may
    # store the same entry.
    for queue in (*queues, UNKNOWN):
        while oldest := channel.eval(_OLDEST, [f"{queue}.dead"], []):
            entry = _parse(queue, oldest[0])
            store_entry(entry)
            if channel.eval(_REMOVE, [f"{queue}.dead"], oldest):
                yield entry


def send_again(channel: Any, queue: str, message: bytes) -> None:
    """Put a message that could not be processed, unchanged, at the end of the queue `queue`."""
    channel.eval(_SEND, [queue], [message])


def _parse(queue: str, written: bytes) -> QueuedDeadLetter:
    head, _, message = written.partition(b"\n")
    try:
        fields = json.loads(head)
        reason = bounded(fields["reason"], _LONGEST_REASON)
        at = datetime.fromtimestamp(fields["at"], UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):
        # Not written by us: all of the entry is the message.
        reason, at, message = "no reason given", datetime.now(UTC), written
    return QueuedDeadLetter(queue=queue, reason=reason, at=at, message=message, written=written)
