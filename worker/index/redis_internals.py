"""Read replies of a Redis server faster than the library redis-py does, by private names of that
library, which a new release may change.

All uses of such names are in this module. tests/broker/test_internals.py checks them, so a release
that moves one fails there first.
"""

from typing import Any

from hiredis import PushNotification
from redis._parsers.hiredis import NOT_ENOUGH_DATA


def read_replies(connection: Any, count: int) -> list[Any]:
    """Read `count` replies of the server from a redis-py connection, fast.

    Raises the first reply that is an error. All but the first reply are read from the parser
    hiredis directly, because redis-py takes four times the CPU time for each.
    """
    reader = getattr(connection._parser, "_reader", None)
    replies: list[Any] = []
    while len(replies) < count:
        reply = reader.gets(False) if reader else NOT_ENOUGH_DATA
        if reply is NOT_ENOUGH_DATA:
            reply = connection.read_response(disable_decoding=True)
        elif isinstance(reply, Exception):
            raise reply
        elif isinstance(reply, PushNotification):
            continue
        replies.append(reply)
    return replies
