"""The format of a lease: what the broker stores of a message while a worker has it.

A lease holds the message and the name of the queue it was taken from.
"""

import json
import re

from worker.broker import UNKNOWN
from worker.broker.messages import text

# Queue names as they may stand in a lease. Another application's queue may be among them.
_QUEUE = re.compile(r"[\w.:@-]{1,200}", re.ASCII)


def unpack_lease(lease: bytes) -> tuple[bytes, str]:
    """Split a lease into the bytes of the message and the name of the queue it was taken from.

    Both formats of a lease are read: that of lua/claim.lua, which contains the bytes of the message
    unchanged, and that of kombu, a JSON text whose message is encoded again for the result. Returns
    `lease` itself and UNKNOWN for bytes in neither format, or without a valid name of a queue.
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
