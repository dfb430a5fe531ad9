"""The dead lists of the queues: what could not be delivered is read, taken off, and sent again.

An entry of `<queue>.dead` is a line of JSON {reason, queue, at}, a newline, and the message as it
was. It is taken off only after somebody kept it: dying in between, it is read again.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from worker.broker import UNKNOWN
from worker.broker.messages import bounded
from worker.model.admission import Frozen

_LONGEST_REASON = 500  # characters

_OLDEST = "return redis.call('LRANGE', KEYS[1], -1, -1)"
_TAKE_OFF = "return redis.call('LREM', KEYS[1], -1, ARGV[1])"
_SEND = "return redis.call('LPUSH', KEYS[1], ARGV[1])"


class QueuedDeadLetter(Frozen):
    """One undeliverable message."""

    queue: str
    reason: str
    at: datetime
    message: bytes
    written: bytes  # as it stands in the list


def drain(channel: Any, queues: Sequence[str], keep: Callable[[QueuedDeadLetter], None]) -> int:
    """Hand over every entry, oldest first, and take it off once `keep` returns; how many.

    Who drains at the same time may be handed the same entry; it is taken off once. One at a time,
    because a message may have megabytes.
    """
    kept = 0
    for queue in (*queues, UNKNOWN):
        while oldest := channel.eval(_OLDEST, [f"{queue}.dead"], []):
            keep(_read(queue, oldest[0]))
            channel.eval(_TAKE_OFF, [f"{queue}.dead"], oldest)
            kept += 1
    return kept


def send_again(channel: Any, queue: str, message: bytes) -> None:
    """Put a message at the end of its queue, byte for byte."""
    channel.eval(_SEND, [queue], [message])


def _read(queue: str, written: bytes) -> QueuedDeadLetter:
    head, _, message = written.partition(b"\n")
    try:
        why = json.loads(head)
        reason, at = bounded(why["reason"], _LONGEST_REASON), datetime.fromtimestamp(why["at"], UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):  # not ours
        reason, at, message = "no reason given", datetime.now(UTC), written
    return QueuedDeadLetter(queue=queue, reason=reason, at=at, message=message, written=written)
