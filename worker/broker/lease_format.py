"""The format of a lease, the record that the broker keeps of a message while a worker has it.

A lease holds the message and the name of the queue that the message was taken from.
"""

import json
import re

from worker.broker import UNKNOWN
from worker.broker.messages import text

# Queue names as they may stand in a lease. Another application's queue may be among them.
_QUEUE = re.compile(r"[\w.:@-]{1,200}", re.ASCII)


def unpack_lease(lease: bytes) -> tuple[bytes, str]:
    """Split a lease, the broker's record of a message that a worker has, into message and queue.

    Returns the bytes of the message and the name of the queue it was taken from. For bytes that are
    no lease, or name no valid queue, it returns `lease` itself and the queue name UNKNOWN.
    """
    message, _, rest = lease.rpartition(b',"","')
    if message.startswith(b"[") and rest.endswith(b'"]'):
        message, queue = message[1:], text(rest[:-2])
    else:
        try:
            decoded, _, queue = json.loads(lease)
            message = json.dumps(decoded).encode()
        except (ValueError, TypeError, RecursionError):
            return lease, UNKNOWN
    is_queue = isinstance(queue, str) and _QUEUE.fullmatch(queue)
    return (message, queue) if is_queue else (lease, UNKNOWN)
