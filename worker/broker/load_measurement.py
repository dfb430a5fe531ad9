"""Measure how full the broker is.

This is not in worker.broker.backpressure because that module is imported to read the config, which
must not import kombu.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from worker.broker.backpressure import Load
from worker.broker.kombu_internals import queue_key


def measure_load(channel: Any, queues: Sequence[str]) -> Load:
    """Ask the broker for its load: the messages on `queues`, the leased messages, and its memory.

    It takes one round trip. The memory is unknown, and counts as 0, if the broker does not tell it.
    Raises RedisError or OSError.
    """
    keys = [queue_key(channel, queue, step) for queue in queues for step in channel.priority_steps]
    with channel.conn_or_acquire() as client, client.pipeline(transaction=False) as pipe:
        pipe.info("memory")
        pipe.hlen(channel.unacked_key)
        for key in keys:
            pipe.llen(key)
        memory, leased, *waiting = pipe.execute(raise_on_error=False)
    for reply in (leased, *waiting):
        if isinstance(reply, Exception):
            raise reply
    fields = memory if isinstance(memory, Mapping) else {}  # INFO may be forbidden
    return Load(
        waiting=sum(waiting),
        leased=leased,
        used_bytes=fields.get("used_memory", 0),
        limit_bytes=fields.get("maxmemory", 0),
    )
